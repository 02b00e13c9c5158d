"""Find the data files of each split of a data set of the Hugging Face Hub, or of a folder laid out like one.

`datasets` says which files belong to which split, as on the Hub: by names of files, or by the card. The files are read
by the readers of this workflow: those of `datasets` guess types, so that a text "NA" would be no text.
"""

import dataclasses
import re
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from pretrain_or_not.config.names import first_of
from pretrain_or_not.data.file_formats import FORMATS, named_format
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.pretrained import names_folder
from pretrain_or_not.job import log

# Options that a card can set for reading and that change nothing here, with the values that they may have.
HARMLESS = {
    "header": (0, "infer"), "encoding": ("utf-8", "utf8", "utf-8-sig", None), "quotechar": ('"',), "quoting": (0,),
    "keep_default_na": (True, False), "na_filter": (True, False), "delimiter": (",", "\t"), "sep": (",", "\t"),
}  # fmt: skip
OTHERWISE_USED = ("name", "version", "data_dir", "data_files", "description", "features", "columns", "engine",
                  "filters", "chunksize", "batch_size", "low_memory", "memory_map", "float_precision", "use_threads",
                  "block_size", "fragment_scan_options", "on_mixed_types", "parse_agent_traces",
                  "newlines_in_values")  # fmt: skip

READ_AS = {"CsvConfig": "csv", "JsonConfig": "json", "ParquetConfig": "parquet"}


class DataSet(NamedTuple):
    """What `datasets` tells about a data set.

    files: split -> paths or addresses. declared: split -> number of rows, where the card says it. features: as in the
    card, as plain dicts, or an empty dict. config: how `datasets` would read the files.
    """

    files: dict[str, list[str]]
    declared: dict[str, int]
    features: Mapping
    config: Any

    def format_of(self, file):
        """Return the format of a file; raise BadInput if it is none that is read."""
        kind = named_format(file) or READ_AS.get(type(self.config).__name__)
        if kind is None:
            raise BadInput(f"{file}: not Parquet, CSV, TSV or JSON lines; write it as Parquet, and use source `files`")
        if kind == "csv" and getattr(self.config, "sep", ",") == "\t":
            named = any(str(path).lower().endswith(".tsv") for paths in self.files.values() for path in paths)
            return "csv" if named else "tsv"
        return kind


def is_folder(path):
    """Return whether `path`, the `id` of a data set, is a folder on this machine.

    Raises BadInput if it can only be a folder, and there is none.
    """
    if Path(path).is_dir():
        return True
    if names_folder(path):
        raise BadInput(f"id: there is no folder {path!r} (looked for from {Path.cwd()})")
    return False


def files_of(folder):
    """Return the paths of all files in a folder, sorted, without hidden ones."""
    paths = sorted(path for path in Path(folder).rglob("*") if path.is_file())
    return [path for path in paths if not any(part.startswith(".") for part in path.relative_to(folder).parts)]


def find_files(id, config, revision):
    """Return the DataSet of an id: a folder, from the Hub's cache if offline, or from the Hub.

    Raises BadInput if there is none, or its card sets options of reading that are not known here.
    """
    from huggingface_hub import constants

    if is_folder(id):
        return in_folder(id, Path(id), config)
    if constants.HF_HUB_OFFLINE:
        try:
            return in_folder(id, Path(cached(id, revision)), config)
        except FileNotFoundError as error:  # if only its card was read before, the cache has no data
            raise not_cached(id, revision) from error
    return described(id, builder_of(id, id, config, revision=commit(id, revision)), {})


def in_folder(id, folder, config):
    """Return the DataSet in a folder.

    `datasets` takes some characters of names for patterns, and leaves out such files in silence. So it is shown links
    with names without them.
    """
    with tempfile.TemporaryDirectory() as place:
        mirror, originals = Path(place).resolve() / "data", {}
        mirror.mkdir()
        for path in files_of(folder):
            link = mirror / re.sub(r"::|[][*?]", "-", str(path.relative_to(folder)))
            while link.exists():
                link = link.with_name(f"{link.stem}-{link.suffix}")
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path.resolve())
            originals[str(link)] = str(path)
        try:
            builder = builder_of(id, str(mirror), config)
        except BadInput as error:
            raise BadInput(str(error).replace(str(mirror), str(folder))) from error
        found = described(id, builder, originals)
    used = {file for files in found.files.values() for file in files}
    data = [path for path in originals.values() if path.rpartition(".")[2].lower() in FORMATS and path not in used]
    if data:
        log.warning("%s: in no split of this configuration, so not read: %s", id, first_of(data, 20))
    return found


def builder_of(id, path, config, **options):
    """Return the `datasets` builder of a folder or id; raise BadInput if there is none."""
    import datasets

    try:
        return datasets.load_dataset_builder(path, config, **options)
    except FileNotFoundError as error:
        if path != id and not Path(id).is_dir():
            raise  # from the cache
        text = first_line(error).partition(" with any supported extension")[0]
        raise BadInput(f"{id}: cannot be opened: {text}") from error
    except Exception as error:
        where = f"`config: {config or 'null'}`: " if isinstance(error, ValueError) else "cannot be opened: "
        text = " ".join(str(error).partition("Example of usage")[0].split()) or type(error).__name__
        raise BadInput(f"{id}: {where}{text}") from error


def described(id, builder, originals):
    """Return the DataSet of a builder. originals: path that the builder knows -> path of the file."""
    config, info = builder.config, builder.info
    check_options(id, config)
    files = {str(split): [originals.get(str(file), str(file)) for file in paths]
             for split, paths in (config.data_files or {}).items()}  # fmt: skip
    declared = {name: split.num_examples for name, split in (info.splits or {}).items() if split.num_examples}
    return DataSet(files, declared, info.features.to_dict() if info.features else {}, config)


def check_options(id, config):
    """Raise BadInput if the card of a data set sets an option of reading that would not be followed."""
    for field in dataclasses.fields(config):
        value, default = getattr(config, field.name), field.default
        if field.name in OTHERWISE_USED or value == default or value in HARMLESS.get(field.name, ()):
            continue
        raise BadInput(
            f"{id}: its card sets `{field.name}: {value}` for reading its files, which is not supported; write them as "
            "Parquet, and use source `files`"
        )


@contextmanager
def fetched(file):
    """Yield the path of a data file; one on the Hub or the web is fetched, and deleted after use.

    It is not put into the Hub's cache: where reading was cut short, some files there would look like all when offline.
    Raises BadInput if the file cannot be fetched.
    """
    if "://" not in file:
        yield file
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            path = download_into(folder, file)
        except Exception as error:
            raise BadInput(f"{file}: cannot be fetched: {first_line(error)}") from error
        log.info("%s: %d bytes", file, Path(path).stat().st_size)
        yield path


def download_into(folder, file):
    """Download a file (hf://…, https://…) into a folder; return its path."""
    import huggingface_hub
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()
    if file.startswith("hf://"):
        where = huggingface_hub.HfFileSystem().resolve_path(file)
        return huggingface_hub.hf_hub_download(
            where.repo_id, where.path_in_repo, repo_type=where.repo_type, revision=where.revision, local_dir=folder
        )
    import fsspec

    path = str(Path(folder) / "data")
    with fsspec.open(file, "rb") as source, open(path, "wb") as target:
        shutil.copyfileobj(source, target)
    return path


def cached(id, revision):
    """Return the folder of a data set in the Hub's cache on this machine; raise BadInput if there is none."""
    import huggingface_hub

    try:
        return huggingface_hub.snapshot_download(id, repo_type="dataset", revision=revision, local_files_only=True)
    except Exception as error:
        raise not_cached(id, revision) from error


def not_cached(id, revision):
    """Return BadInput about a data set that is not in the cache while offline."""
    from huggingface_hub import constants

    return BadInput(
        f"{id}{at(revision)} is not, or not completely, in the cache ({constants.HF_HUB_CACHE}; HF_HOME moves it), and "
        f"HF_HUB_OFFLINE=1 forbids the network. Where there is network, fetch it: {download(id, revision)} "
        "(or set HF_HUB_OFFLINE=0 to stream it)"
    )


def commit(id, revision):
    """Return the commit of a revision of a data set on the Hub, so that all its files are of one version.

    Raises BadInput if the data set or revision does not exist, or the Hub cannot be reached.
    """
    import huggingface_hub
    from huggingface_hub import errors

    try:
        sha = huggingface_hub.HfApi().dataset_info(id, revision=revision).sha
    except errors.RevisionNotFoundError as error:
        raise BadInput(f"{id}: no revision {revision!r} on the Hugging Face Hub; correct `revision:`") from error
    except errors.RepositoryNotFoundError as error:
        raise BadInput(
            f"{id}: no such data set on the Hugging Face Hub; correct `id:`. If it is private or gated, accept its "
            "terms on its page and log in: hf auth login"
        ) from error
    except errors.HFValidationError as error:
        raise BadInput(f"id: {first_line(error)}") from error
    except Exception as error:  # no name service, no route, a time-out, a proxy's certificate, the Hub is down, …
        raise BadInput(
            f"{id}: the Hugging Face Hub cannot be reached ({first_line(error)}). Where there is network, fetch it: "
            f"{download(id, revision)}; then set HF_HUB_OFFLINE=1 to read the cache"
        ) from error
    log.info("%s: commit %s%s", id, sha, "" if revision == sha else f"; pin it by `revision: {sha}`")
    return sha


def at(revision):
    """Return the words that name a revision in a message."""
    return f" at revision {revision!r}" if revision else ""


def download(id, revision):
    """Return the command that downloads a data set into the cache."""
    return f"hf download {id} --repo-type dataset" + (f" --revision {revision}" if revision else "")


def first_line(error):
    """Return the first line of an exception's message."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
