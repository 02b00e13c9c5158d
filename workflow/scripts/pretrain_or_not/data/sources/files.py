"""Source `files`: tables on disk."""

import glob
from itertools import islice
from pathlib import Path

from pretrain_or_not.config.names import first_of
from pretrain_or_not.config.wording import listing
from pretrain_or_not.data.file_formats import FORMATS, files_by_split, format_of, is_archive
from pretrain_or_not.data.label_map import ignored_labels, label_map_of, mapped
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.paths import unwatched_times

MOST_LOOKED_INTO = 50  # files


def find_inputs(name, dataset):
    """Return the paths of all files of a dataset; raise BadInput for those missing or of an unknown format."""
    place = f"config: datasets.{name}"
    paths = [path for paths in files_by_split(dataset["files"]).values() for path in paths]
    for path in paths:
        if not Path(path).is_file() and (what := no_file(path)):
            raise BadInput(f"{place}.files: {path!r} {what}")
    missing = [path for path in dict.fromkeys(paths) if not Path(path).is_file()]
    if missing:
        files = "is no file" if len(missing) == 1 else f"are no files ({len(missing)} of {len(paths)} are missing):"
        names = first_of([repr(path) for path in missing], 20)
        raise BadInput(
            f"{place}.files: there {files} {names} (looked for from {Path.cwd()}); correct the path in the config"
        )
    for path in paths:
        check_format(path, dataset, place)
    return paths


def no_file(path):
    """Return what a path that is no file is and what to write instead; None if it is only missing."""
    if Path(path).is_dir():
        inside = sorted(p.name for p in Path(path).iterdir() if p.is_file() and not p.name.startswith("."))
        return f"is a folder; name the files in it ({listing(inside) or 'it has none'})"
    if path.startswith("~"):
        home = Path(path).expanduser() if path.startswith("~/") else "the complete path"
        return f"begins with ~, which is not replaced; write {home}"
    if "://" in path:
        return "is an address, not a path; download the file, and name it"
    if found := sorted(glob.glob(path)):
        return f"is a pattern, which is not expanded; name each file: [{listing(found)}]"
    return None


def find_versions(dataset):
    """Return the times of files that Snakemake cannot watch, as {"times": …}, or None if there are none."""
    paths = [path for paths in files_by_split(dataset["files"]).values() for path in paths]
    return {"times": times} if (times := unwatched_times(paths)) else None


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
    for split, paths in files_by_split(dataset["files"]).items():
        for path in paths:
            yield from read_file(path, split, dataset)


def read_file(path, split, dataset):
    """Return an iterator of RAW batches of one file. split: that of all its rows, or None."""
    from pretrain_or_not.data.readers import READERS

    columns = {key: dataset[key] for key in ("text", "label", "split") if dataset[key]}
    member = dataset["member"] if is_archive(path) else None
    kind = format_of(path, dataset["format"], member)
    return READERS[FORMATS[kind]](path, kind, member, columns, split)


def look_into(dataset):
    """Return the number of rows of the files with training rows, or None if they must be read to count them.

    Raises BadInput for a mistake in the first rows of a file.
    """
    by_split = files_by_split(dataset["files"])
    files = [(split, path) for split, paths in by_split.items() for path in paths if not is_archive(path)]
    counts = {(split, path): rows_of(path, split, dataset) for split, path in files[:MOST_LOOKED_INTO]}
    training = [
        counts.get((split, path)) for split, paths in by_split.items() if split in (None, "train") for path in paths
    ]
    return None if None in training else sum(training)


def rows_of(path, split, dataset):
    """Return the number of rows of a file, or None if it has many; raise BadInput for a mistake in its first rows."""
    import pyarrow as pa

    from pretrain_or_not.data.left_out import kept_rows

    label_map, batches, rows = label_map_of(dataset), read_file(path, split, dataset), 0
    for batch in islice(batches, 1):
        rows = batch.num_rows
        if label_map:
            table = pa.Table.from_batches([batch]).append_column("row", pa.array(range(rows)))
            kept, _ = kept_rows(table, ignored_labels(dataset))
            try:
                mapped(kept["label"].to_pylist(), label_map, kept["row"])
            except BadInput as error:
                raise BadInput(f"{path}: {error}") from error
    if format_of(path, dataset["format"]) == "parquet":
        import pyarrow.parquet as pq

        return pq.read_metadata(path).num_rows
    return rows if next(batches, None) is None else None
