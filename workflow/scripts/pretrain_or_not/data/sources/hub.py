"""Source `hub`: data sets of the Hugging Face Hub, or of a folder laid out like one.

Only data files are read (Parquet, CSV, TSV, JSON lines), as by source `files`: code that a data set may bring with it
is never run.
"""

from pathlib import Path

from pretrain_or_not.data.columns import columns_of
from pretrain_or_not.data.hub_files import download, fetched, files_of, find_files, is_folder
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.paths import unwatched_times


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
    """Return the files of a local copy, as paths in it: one more or one fewer changes the data set; see also `files`.

    Returns None for a data set on the Hub, where `revision` says which version is read.
    """
    folder = Path(dataset["id"])
    if not folder.is_dir():
        return None
    paths = files_of(folder)
    times = unwatched_times(paths)
    return {"files": [str(path.relative_to(folder)) for path in paths]} | ({"times": times} if times else {})


def look_into(dataset):
    """Return None, as rows are counted only when they are read; raise BadInput for a wrong `where`."""
    columns_of(dataset)


def read(dataset, threads=1):
    """Yield RAW batches of all splits that the dataset names.

    Numbers of classes that the data set names (`ClassLabel`) become these names. Raises BadInput if the data set, its
    configuration or a split is missing, cannot be read, or has fewer rows than it declares.
    """
    found = find_files(dataset["id"], dataset["config"], dataset["revision"])
    for split, name in dataset["split"].items():
        if name not in found.files:
            raise BadInput(f"{dataset['id']}: no split {name!r} for `split: {split}:`; it has {', '.join(found.files)}")
    for split, name in dataset["split"].items():
        yield from read_split(dataset, split, name, found)


def read_split(dataset, split, name, found):
    """Yield RAW batches of one split, called `name` in the DataSet `found`."""
    from pretrain_or_not.data.readers import read_file
    from pretrain_or_not.data.readers.options import ReadOptions
    from pretrain_or_not.data.readers.tables import names_in

    columns, rows = columns_of(dataset), 0
    names, place = names_in(found.features.get(dataset["label"])), f"{dataset['id']}, split {name!r}"
    try:
        for file in found.files[name]:
            kind = found.format_of(file)
            with fetched(file) as path:
                for batch in read_file(path, kind, ReadOptions(), columns, split, names):
                    rows += batch.num_rows
                    yield batch
    except BadInput as error:
        raise BadInput(f"{place}: {error}") from error
    declared = found.declared.get(name, 0)
    if rows < declared:
        raise BadInput(
            f"{place}: {rows:,} rows could be read, and the data set declares {declared:,}; "
            f"if files are missing, fetch them: {download(dataset['id'], dataset['revision'])}"
        )
