"""Read and write the files between stages: whole or not at all, with their provenance in the metadata."""

import json
import os
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stage import BadInput

METADATA_KEY = b"pretrain_or_not"
ROWS_PER_GROUP = 50_000


@contextmanager
def whole(path):
    """Give a temporary path beside `path`; rename it to `path` once the block has ended well and it is on disk."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        with open(partial, "rb") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_json(path, value):
    """Write `value` as indented JSON."""
    with whole(path) as partial:
        partial.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path):
    """Read a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def with_metadata(schema, **metadata):
    """The Arrow schema with `metadata` (JSON-able) added to its provenance entry."""
    return schema.with_metadata({**(schema.metadata or {}), METADATA_KEY: json.dumps(metadata).encode()})


def write_table(path, table, **metadata):
    """Write an Arrow table as Parquet; `metadata` rides in the schema (see `read_metadata`)."""
    table = table.cast(with_metadata(table.schema, **metadata))
    with whole(path) as partial:
        pq.write_table(table, partial, compression="zstd", row_group_size=ROWS_PER_GROUP)


@contextmanager
def table_writer(path, schema, **metadata):
    """A `pyarrow.parquet.ParquetWriter` whose file appears at `path` when the block has ended well."""
    with whole(path) as partial:
        with pq.ParquetWriter(partial, with_metadata(schema, **metadata), compression="zstd") as writer:
            yield writer


def open_parquet(path):
    """Open a Parquet file; raise `BadInput` that names it where it is damaged or something else."""
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise BadInput(f"{path}: not a whole Parquet file ({error}); delete it and run again") from error


def read_metadata(path):
    """The metadata that `write_table` stored: a dict."""
    with open_parquet(path) as file:
        return json.loads((file.schema_arrow.metadata or {}).get(METADATA_KEY, b"{}"))


def read_rows(path, rows, columns=None):
    """Rows of a Parquet file by position, reading only the row groups that hold them.

    rows: integer array of positions, in any order. Returns a table with one row each, in that order.
    """
    rows = np.asarray(rows)
    with open_parquet(path) as file:
        starts = np.cumsum([0] + [file.metadata.row_group(g).num_rows for g in range(file.num_row_groups)])
        groups = np.unique(np.searchsorted(starts, rows, side="right") - 1)
        table = file.read_row_groups(groups.tolist(), columns=columns)
    # Position in the table just read = position in the file, less the rows of the groups left out before it.
    offsets = np.zeros(len(starts), dtype=np.int64)
    offsets[groups] = starts[groups] - np.concatenate([[0], np.cumsum(np.diff(starts)[groups])[:-1]])
    return table.take(pa.array(rows - offsets[np.searchsorted(starts, rows, side="right") - 1]))
