"""Read data sets of the Hugging Face Hub, or of a folder laid out like one, as streams of rows.

Only data files are read (Parquet, JSON, CSV, …): code that a data set may bring with it is never run.
"""

from pathlib import Path

from data_files import is_folder
from stage import BadInput, log


def read_hub(dataset, label, rows_per_batch):
    """Yield (split, place, Arrow table) of up to `rows_per_batch` rows, of a dataset of source `hub`.

    label: column of the labels. Labels that the data set declares to be of named classes (`ClassLabel`) are given by name; a number that is no
    class, such as -1, is null. place: the data set and its split, for messages. Raises BadInput where the data set, its
    configuration or a split is not there, or has fewer rows than it declares.
    """
    builder = find(dataset["id"], dataset["config"], dataset["revision"])
    for split, name in dataset["split"].items():
        place = f"{dataset['id']}, split {name!r}"
        there = builder.info.splits or builder.config.data_files or {}
        if there and name not in there:
            raise BadInput(f"{dataset['id']}: no split {name!r} for `split: {split}:`; it has {', '.join(there)}")
        rows = 0
        try:
            stream = builder.as_streaming_dataset(split=name)
            features = stream.features or {}
            for table in stream.with_format("arrow").iter(batch_size=rows_per_batch):
                rows += table.num_rows
                yield split, place, with_class_names(table, label, features)
        except Exception as error:  # each kind of file has its own: ArrowInvalid, ParserError, HfHubHTTPError, …
            if isinstance(error, BadInput):
                raise
            raise BadInput(f"{place}: cannot be read after row {rows}: {first_line(error)}") from error
        declared = builder.info.splits[name].num_examples if builder.info.splits else None
        if declared and rows != declared:
            raise BadInput(
                f"{place}: {rows:,} rows could be read, and the data set declares {declared:,}; "
                f"if files are missing, fetch them: {download(dataset['id'], dataset['revision'])}"
            )


def find(id, config, revision):
    """The `datasets` builder of a data set: of a folder, of the Hub's cache where offline, else of the Hub."""
    import datasets
    from huggingface_hub import constants

    if is_folder(id):
        source, revision = str(Path(id)), None
    elif constants.HF_HUB_OFFLINE:
        source, revision = cached(id, revision), None
    else:
        source, revision = id, commit(id, revision)
    try:
        return datasets.load_dataset_builder(source, config, revision=revision)
    except Exception as error:
        text = first_line(error)
        if isinstance(error, ValueError) and "onfig" in text:  # no such configuration, or one must be named
            raise BadInput(f"{id}: `config: {config or 'null'}`: {text}") from error
        if source != id:
            text += f"; if its files are not all in {source}, fetch them: {download(id, revision)}"
        raise BadInput(f"{id}: cannot be opened: {text}") from error


def cached(id, revision):
    """The folder of a data set in the Hub's cache on this machine."""
    import huggingface_hub
    from huggingface_hub import constants

    try:
        return huggingface_hub.snapshot_download(id, repo_type="dataset", revision=revision, local_files_only=True)
    except Exception as error:
        raise BadInput(
            f"{id}{at(revision)} is not, or not whole, in the cache ({constants.HF_HUB_CACHE}; HF_HOME moves it), and "
            f"HF_HUB_OFFLINE=1 forbids the network. Where there is network, fetch it: {download(id, revision)} "
            "(or set HF_HUB_OFFLINE=0 to stream it)"
        ) from error


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
            f"{id}: no such data set on the Hugging Face Hub; correct `id:`. If it is private or gated, accept its terms "
            "on its page and log in: hf auth login"
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
