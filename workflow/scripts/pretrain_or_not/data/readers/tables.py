"""Read tables (Parquet, CSV, TSV) as RAW batches."""

import json
import os

import pyarrow as pa
import pyarrow.parquet as pq

from pretrain_or_not.data.raw_batches import ROWS_PER_BATCH, batch_from_table, require
from pretrain_or_not.data.readers.contents import HEAD, check_contents
from pretrain_or_not.data.readers.csv_files import read_csv
from pretrain_or_not.errors import BadInput

PARQUET = b"PAR1"  # the first and the last bytes


def read_tables(path, kind, member, columns, split, names=None):
    """Yield RAW batches of a Parquet, CSV or TSV file. member: has no effect here. names: see `class_of`.

    Raises BadInput that names the file for anything that cannot be read.
    """
    row = 0
    try:
        for table, named in read_parquet(path, columns) if kind == "parquet" else read_csv(path, kind, columns):
            yield batch_from_table(table, columns, split, path, row, names or named)
            row += table.num_rows
    except BadInput:
        raise
    except Exception as error:  # each reader has its own: ArrowInvalid, ParserError, UnicodeDecodeError, …
        cause = str(error.__cause__ or error).strip().splitlines()
        reason = cause[0] if cause else type(error).__name__
        raise BadInput(f"{path}: cannot be read as {kind}, after row {row}: {reason}") from error


def read_parquet(path, columns):
    """Yield (table, names of the classes or None) of some columns of a Parquet file."""
    # Not through `datasets`: the threads of its reader can abort Python at exit (apache/arrow#45214).
    # A buffer ahead of reading would hold these columns of the complete file.
    check_parquet(path)
    with pq.ParquetFile(path, pre_buffer=False) as file:
        require(columns, file.schema_arrow.names, path)
        names = declared_names(file.schema_arrow.metadata, columns["label"])
        for batch in file.iter_batches(ROWS_PER_BATCH, columns=list(dict.fromkeys(columns.values()))):
            yield pa.Table.from_batches([batch]), names


def check_parquet(path):
    """Raise BadInput unless a file begins and ends as Parquet does."""
    with open(path, "rb") as file:
        head = file.read(HEAD)
        file.seek(max(0, os.path.getsize(path) - len(PARQUET)))
        tail = file.read()
    if not head:
        raise BadInput(f"{path}: cannot be read as parquet: is empty")
    if head.startswith(PARQUET):
        if tail != PARQUET:
            raise BadInput(f"{path}: cannot be read as parquet: cut short or damaged: fetch it again")
        return
    check_contents(head, path, "parquet")
    raise BadInput(f"{path}: cannot be read as parquet: not Parquet but other content; is its `format:` right?")


def declared_names(metadata, column):
    """Return the names of classes (`ClassLabel`) that `datasets` wrote about a column into a file, or None."""
    try:
        features = json.loads((metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
        return names_in(features.get(column))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def names_in(feature):
    """Return the names of a `ClassLabel`, or of the one in a list, of a data set's features; None for others."""
    while isinstance(feature, dict) and "names" not in feature and "feature" in feature:
        feature = feature["feature"]
    names = feature.get("names") if isinstance(feature, dict) else None
    return [str(name) for name in names] if isinstance(names, list) and names else None
