"""Source `hub`: data sets of the Hugging Face Hub, or of a folder laid out like one, as streams of rows.

Only data files are read (Parquet, JSON, CSV, …): code that a data set may bring with it is never run.
"""

import gc
from pathlib import Path

from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.pretrained import names_folder
from pretrain_or_not.job import log


def is_folder(path):
    """Whether the `id` of a Hub data set is a folder on this machine instead; BadInput where it should be one."""
    if Path(path).is_dir():
        return True
    if names_folder(path):
        raise BadInput(f"id: there is no folder {path!r} (looked for from {Path.cwd()})")
    return False


def find_inputs(name, dataset):
    """Return the paths of all files of a local copy, or none where the data set is on the Hub.

    Whether a data set of the Hub is there is seen when it is read: what is ingested already needs no network.
    """
    try:
        local = is_folder(dataset["id"])
    except BadInput as error:
        raise BadInput(f"config: datasets.{name}.{error}") from error
    return sorted(str(path) for path in Path(dataset["id"]).rglob("*") if path.is_file()) if local else []


def find_versions(dataset):
    """Return None: `revision` says which version of the data set is read."""
    return None


def read(dataset, threads=1):
    """Yield RAW batches of all splits that the dataset names."""
    from pretrain_or_not.data.raw_batches import ROWS_PER_BATCH, batch_from_table

    columns = {key: dataset[key] for key in ("text", "label")}
    for split, place, row, table in read_hub(dataset, columns["label"], ROWS_PER_BATCH):
        yield batch_from_table(table, columns, split, place, row)


def read_hub(dataset, label, rows_per_batch):
    """Yield (split, place, row, Arrow table) of up to `rows_per_batch` rows, of a dataset of source `hub`.

    label: column of the labels. Where the data set declares named classes (`ClassLabel`) for it, labels come as these
    names, and a number that is no class, such as -1, as null. place: the data set and its split, and row: the
    number of the table's first row in it, for messages.
    Raises BadInput where the data set, its configuration or a split is not there, or has fewer rows than it declares.
    """
    builder = find(dataset["id"], dataset["config"], dataset["revision"])
    for split, name in dataset["split"].items():
        place = f"{dataset['id']}, split {name!r}"
        there = builder.info.splits or builder.config.data_files or {}
        if there and name not in there:
            raise BadInput(f"{dataset['id']}: no split {name!r} for `split: {split}:`; it has {', '.join(there)}")
        rows, stream = 0, None
        try:
            stream = builder.as_streaming_dataset(split=name)
            features = stream.features or {}
            for table in stream.with_format("arrow").iter(batch_size=rows_per_batch):
                yield split, place, rows, with_class_names(table, label, features)
                rows += table.num_rows
        except Exception as error:  # each kind of file has its own: ArrowInvalid, ParserError, HfHubHTTPError, …
            raise BadInput(f"{place}: cannot be read after row {rows}: {first_line(error)}") from error
        finally:
            # The reader's threads must end before Python does, else it aborts (apache/arrow#45214).
            stream = None
            gc.collect()
        declared = builder.info.splits[name].num_examples if builder.info.splits else None
        if declared and rows < declared:
            raise BadInput(
                f"{place}: {rows:,} rows could be read, and the data set declares {declared:,}; "
                f"if files are missing, fetch them: {download(dataset['id'], dataset['revision'])}"
            )


def find(id, config, revision):
    """The `datasets` builder of a data set: of a folder, of the Hub's cache where offline, else of the Hub."""
    import datasets
    from huggingface_hub import constants

    local, offline = is_folder(id), constants.HF_HUB_OFFLINE
    try:
        if local or offline:
            return datasets.load_dataset_builder(str(Path(id)) if local else cached(id, revision), config)
        return datasets.load_dataset_builder(id, config, revision=commit(id, revision))
    except BadInput:
        raise
    except FileNotFoundError as error:
        if offline and not local:  # of a data set that was streamed, the cache has its card but no data
            raise not_cached(id, revision) from error
        raise BadInput(f"{id}: cannot be opened: {first_line(error)}") from error
    except Exception as error:
        where = f"`config: {config or 'null'}`: " if isinstance(error, ValueError) else "cannot be opened: "
        text = " ".join(str(error).partition("Example of usage")[0].split()) or type(error).__name__
        raise BadInput(f"{id}: {where}{text}") from error


def cached(id, revision):
    """The folder of a data set in the Hub's cache on this machine."""
    import huggingface_hub

    try:
        return huggingface_hub.snapshot_download(id, repo_type="dataset", revision=revision, local_files_only=True)
    except Exception as error:
        raise not_cached(id, revision) from error


def not_cached(id, revision):
    """What to say of a data set that is not in the cache while offline."""
    from huggingface_hub import constants

    return BadInput(
        f"{id}{at(revision)} is not, or not whole, in the cache ({constants.HF_HUB_CACHE}; HF_HOME moves it), and "
        f"HF_HUB_OFFLINE=1 forbids the network. Where there is network, fetch it: {download(id, revision)} "
        "(or set HF_HUB_OFFLINE=0 to stream it)"
    )


def commit(id, revision):
    """The commit that a revision of a data set on the Hub stands for, so that all its files are of one version."""
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
    """How a message names a revision."""
    return f" at revision {revision!r}" if revision else ""


def download(id, revision):
    """The command that puts a data set into the cache."""
    return f"hf download {id} --repo-type dataset" + (f" --revision {revision}" if revision else "")


def first_line(error):
    """What an exception says, in one line."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def with_class_names(table, column, features):
    """`table` with the numbers of a ClassLabel column replaced by the names of their classes."""
    names = getattr(features.get(column), "names", None)
    if not names or column not in table.column_names:
        return table
    labels = [names[i] if i is not None and 0 <= i < len(names) else None for i in table[column].to_pylist()]
    return table.set_column(table.column_names.index(column), column, [labels])
