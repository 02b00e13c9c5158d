"""Source `hub`: data sets of the Hugging Face Hub, or of a folder laid out like one, as streams of rows.

Only data files are read (Parquet, JSON, CSV, …): code that a data set may bring with it is never run.
"""

import gc
from pathlib import Path

from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.pretrained import names_folder
from pretrain_or_not.job import log


def is_folder(path):
    """Return whether `path`, the `id` of a data set, is a folder on this machine.

    Raises BadInput if it can only be a folder, and there is none.
    """
    if Path(path).is_dir():
        return True
    if names_folder(path):
        raise BadInput(f"id: there is no folder {path!r} (looked for from {Path.cwd()})")
    return False


def find_inputs(name, dataset):
    """Return the paths of all files of a local copy, or no paths if the data set is on the Hub.

    Whether the Hub has the data set is checked only when it is read, so an ingested data set needs no network.
    """
    try:
        local = is_folder(dataset["id"])
    except BadInput as error:
        raise BadInput(f"config: datasets.{name}.{error}") from error
    return [str(path) for path in files_of(dataset["id"])] if local else []


def find_versions(dataset):
    """Return the files of a local copy, as paths in it: one more or one fewer changes the data set.

    Returns None for a data set on the Hub, where `revision` says which version is read.
    """
    folder = Path(dataset["id"])
    return {"files": [str(path.relative_to(folder)) for path in files_of(folder)]} if folder.is_dir() else None


def files_of(folder):
    """Return the paths of all files in a folder, sorted."""
    return sorted(path for path in Path(folder).rglob("*") if path.is_file())


def read(dataset, threads=1):
    """Yield RAW batches of all splits that the dataset names."""
    from pretrain_or_not.data.raw_batches import ROWS_PER_BATCH, batch_from_table

    columns = {key: dataset[key] for key in ("text", "label")}
    for split, place, row, table in read_hub(dataset, columns["label"], ROWS_PER_BATCH):
        yield batch_from_table(table, columns, split, place, row)


def read_hub(dataset, label, rows_per_batch):
    """Yield (split, place, row, Arrow table) of up to `rows_per_batch` rows, of a dataset of source `hub`.

    label: column of the labels. If the data set declares named classes (`ClassLabel`) for it, labels are these names,
    and a number without a class, such as -1, is null. place: the data set and its split, for messages. row: number of
    the table's first row in the split.
    Raises BadInput if the data set, its configuration or a split is missing, cannot be read, or has fewer rows than it
    declares.
    """
    builder = find(dataset["id"], dataset["config"], dataset["revision"])
    for split, name in dataset["split"].items():
        place = f"{dataset['id']}, split {name!r}"
        existing = builder.info.splits or builder.config.data_files or {}
        if existing and name not in existing:
            raise BadInput(f"{dataset['id']}: no split {name!r} for `split: {split}:`; it has {', '.join(existing)}")
        rows, stream = 0, None
        try:
            stream = builder.as_streaming_dataset(split=name)
            features = stream.features or {}
            for table in stream.with_format("arrow").iter(batch_size=rows_per_batch):
                yield split, place, rows, with_class_names(table, label, features)
                rows += table.num_rows
        except Exception as error:  # each kind of file raises its own: ArrowInvalid, ParserError, HfHubHTTPError, …
            raise BadInput(f"{place}: cannot be read after row {rows}: {first_line(error)}") from error
        finally:
            # The reader's threads must end before Python does, otherwise Python aborts (apache/arrow#45214).
            stream = None
            gc.collect()
        declared = builder.info.splits[name].num_examples if builder.info.splits else None
        if declared and rows < declared:
            raise BadInput(
                f"{place}: {rows:,} rows could be read, and the data set declares {declared:,}; "
                f"if files are missing, fetch them: {download(dataset['id'], dataset['revision'])}"
            )


def find(id, config, revision):
    """Return the `datasets` builder of a data set: from a folder, from the Hub's cache if offline, or from the Hub.

    Raises BadInput if there is none.
    """
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
        if offline and not local:  # if the data set was streamed, the cache has its card but no data
            raise not_cached(id, revision) from error
        raise BadInput(f"{id}: cannot be opened: {first_line(error)}") from error
    except Exception as error:
        where = f"`config: {config or 'null'}`: " if isinstance(error, ValueError) else "cannot be opened: "
        text = " ".join(str(error).partition("Example of usage")[0].split()) or type(error).__name__
        raise BadInput(f"{id}: {where}{text}") from error


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


def with_class_names(table, column, features):
    """Return `table` with the numbers of a ClassLabel column replaced by the names of their classes."""
    names = getattr(features.get(column), "names", None)
    if not names or column not in table.column_names:
        return table
    labels = [names[i] if i is not None and 0 <= i < len(names) else None for i in table[column].to_pylist()]
    return table.set_column(table.column_names.index(column), column, [labels])
