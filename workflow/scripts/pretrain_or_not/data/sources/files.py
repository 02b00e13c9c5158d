"""Source `files`: tables on disk."""

from pathlib import Path

from pretrain_or_not.data.file_formats import FORMATS, files_by_split, format_of, is_archive
from pretrain_or_not.errors import BadInput


def find_inputs(name, dataset):
    """Return the paths of all files of a dataset; raise BadInput for one that is missing or of an unknown format."""
    place = f"config: datasets.{name}"
    paths = [path for paths in files_by_split(dataset["files"]).values() for path in paths]
    for path in paths:
        if not Path(path).is_file():
            raise BadInput(
                f"{place}.files: there is no file {path!r} (looked for from {Path.cwd()}); "
                "correct the path in the config"
            )
        check_format(path, dataset, place)
    return paths


def find_versions(dataset):
    """Return None: Snakemake watches the times of files."""
    return None


def check_format(path, dataset, place):
    """Raise BadInput unless the format of a file is known and, if it is an archive, `member` can be read from it."""
    archive = is_archive(path)
    if archive and not dataset["member"]:
        raise BadInput(f"{place}: {path!r} is a tar archive; name the file in it by `member:` (tar -tf lists them)")
    kind = format_of(path, dataset["format"], dataset["member"])
    if archive and FORMATS[kind] != "json":
        raise BadInput(f"{place}.member: only JSON lines are read inside an archive, not {kind}; unpack {path!r}")


def read(dataset, threads=1):
    """Yield RAW batches from a dataset of source `files`, one file after another."""
    from pretrain_or_not.data.readers import READERS

    columns = {key: dataset[key] for key in ("text", "label", "split") if dataset[key]}
    for split, paths in files_by_split(dataset["files"]).items():
        for path in paths:
            member = dataset["member"] if is_archive(path) else None
            kind = format_of(path, dataset["format"], member)
            yield from READERS[FORMATS[kind]](path, kind, member, columns, split)
