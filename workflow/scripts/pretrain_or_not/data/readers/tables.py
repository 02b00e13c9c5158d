"""Read tables (Parquet, CSV, TSV) by columns."""

import json
import os

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pretrain_or_not.data.raw_batches import ROWS_PER_BATCH, Chunk, require
from pretrain_or_not.data.readers.contents import HEAD, check_contents
from pretrain_or_not.data.readers.csv_files import read_csv
from pretrain_or_not.errors import BadInput

PARQUET = b"PAR1"  # the first and the last bytes


def read_tables(path, kind, options, columns):
    """Yield Chunks of a Parquet, CSV or TSV file. options: its ReadOptions, of which Parquet needs none.

    Raises BadInput that names the file for anything that cannot be read.
    """
    row = 0
    try:
        for table, names in (
            read_parquet(path, columns) if kind == "parquet" else read_csv(path, kind, options, columns)
        ):
            numbers = range(row, row + table.num_rows)
            yield Chunk(dict(zip(table.column_names, table.columns, strict=True)), numbers, f"{path}: row", names)
            row += table.num_rows
    except BadInput:
        raise
    except Exception as error:  # each reader has its own: ArrowInvalid, ParserError, UnicodeDecodeError, …
        cause = str(error.__cause__ or error).strip().splitlines()
        reason = cause[0] if cause else type(error).__name__
        raise BadInput(f"{path}: cannot be read as {kind}, after row {row}: {reason}") from error


def read_parquet(path, columns):
    """Yield (table, names of the classes or None) of some columns of a Parquet file.

    A name with dots that is no column is that of a field in a structure: `data.text` is the field `text` of `data`.
    """
    # Not through `datasets`: the threads of its reader can abort Python at exit (apache/arrow#45214).
    # A buffer ahead of reading would hold these columns of the complete file.
    check_parquet(path)
    with pq.ParquetFile(path, pre_buffer=False) as file:
        schema = file.schema_arrow
        inside = [name for name in columns.names() if name not in schema.names and has_field(schema, name)]
        require(columns, [*schema.names, *inside], path)
        names = declared_names(schema.metadata, columns.label)
        for batch in file.iter_batches(ROWS_PER_BATCH, columns=columns.names()):
            whole = {name: batch[name.split(".")[0] if name in inside else name] for name in columns.names()}
            found = {
                name: pc.struct_field(column, name.split(".")[1:]) if name in inside else column
                for name, column in whole.items()
            }
            yield pa.table(found), names


def has_field(schema, name):
    """Return whether a name with dots is that of a field in a structure of an Arrow schema."""
    first, *rest = name.split(".")
    if not rest or schema.names.count(first) != 1:
        return False
    kind = schema.field(first).type
    for part in rest:
        if not pa.types.is_struct(kind) or kind.get_field_index(part) < 0:
            return False
        kind = kind.field(part).type
    return True


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
