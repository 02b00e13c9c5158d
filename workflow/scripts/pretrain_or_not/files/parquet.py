"""Parquet files that carry their provenance. Any damage is noticed when they are read."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.atomic import atomic_write
from pretrain_or_not.files.paths import PathLike

METADATA_KEY = b"pretrain_or_not"

CHECKSUM_KEY = b"pretrain_or_not.crc32"

ARROW_KEY = b"ARROW:schema"  # where Arrow looks for the schema of a file, metadata included

ROWS_PER_GROUP = 50_000

WRITTEN = {"compression": "zstd", "write_page_checksum": True}


def with_metadata(schema, **metadata):
    """Return the Arrow schema with `metadata` (JSON-able) as its provenance entry, and a checksum of both."""
    entry = json.dumps(metadata).encode()
    return schema.with_metadata({**(schema.metadata or {}), METADATA_KEY: entry, CHECKSUM_KEY: checksum(schema, entry)})


def checksum(schema, entry):
    """Return the CRC-32 of a schema's names and types and of the provenance entry.

    Parquet's own checksums do not cover these.
    """
    # Parquet calls the values of a list "element", Arrow calls them "item".
    lists = (pa.types.is_list, pa.types.is_fixed_size_list)
    types = [
        f"list of {field.type.value_type}" if any(is_list(field.type) for is_list in lists) else field.type
        for field in schema
    ]
    text = "".join(f"{name}: {kind}\n" for name, kind in zip(schema.names, types, strict=True))
    return str(zlib.crc32(text.encode() + entry)).encode()


def write_table(path: PathLike, table: pa.Table, **metadata) -> None:
    """Write an Arrow table as Parquet, with `metadata` (JSON-able) in its schema; see `read_metadata`."""
    table = table.cast(with_metadata(table.schema, **metadata))
    with atomic_write(path) as partial:
        pq.write_table(table, partial, row_group_size=ROWS_PER_GROUP, **WRITTEN)


@contextmanager
def table_writer(
    path: PathLike, schema: pa.Schema, later: dict | None = None, **metadata
) -> Iterator[pq.ParquetWriter]:
    """Yield a `pyarrow.parquet.ParquetWriter`; its file appears at `path` if the block succeeds.

    later: a dict of further metadata that the block fills in, for values known only when all rows are written.
    """
    with atomic_write(path) as partial:
        with pq.ParquetWriter(partial, schema, store_schema=False, **WRITTEN) as writer:
            yield writer
            # Arrow itself would store it too, but before the first row.
            stored = with_metadata(schema, **metadata, **(later or {}))
            writer.add_key_value_metadata({**stored.metadata, ARROW_KEY: base64.b64encode(stored.serialize())})


class CheckedParquetFile(pq.ParquetFile):
    """A Parquet file that `write_table` or `table_writer` wrote.

    If it is damaged, opening or reading it raises BadInput that names it. Every flipped bit that would change the
    result of reading is noticed.
    """

    def __init__(self, path):
        """Open the file and check everything except its pages, which are checked when they are read."""
        self.path = path
        with self.named():
            # Data read ahead would stay in memory until the file is closed.
            super().__init__(path, page_checksum_verification=True, pre_buffer=False)
            about = self.schema_arrow.metadata or {}
            if about.get(CHECKSUM_KEY) != checksum(self.schema_arrow, about.get(METADATA_KEY, b"")):
                raise ValueError("its schema or metadata are not as they were written")
            if self.metadata.num_rows != sum(self.rows_of_groups()):
                raise ValueError("its counts of rows do not add up")

    @contextmanager
    def named(self):
        """Turn errors in the block that mean damage into BadInput that names the file and says what to do."""
        try:
            yield
        except FileNotFoundError:
            raise
        except (pa.ArrowException, OSError, ValueError) as error:
            raise BadInput(f"{self.path}: not a complete Parquet file ({error}); delete it and run again") from error

    def rows_of_groups(self):
        """Return the number of rows of each row group, a list."""
        return [self.metadata.row_group(i).num_rows for i in range(self.num_row_groups)]

    def read(self, columns=None):
        """Return all rows, with all columns or the named ones, as an Arrow table."""
        return self.read_row_groups(range(self.num_row_groups), columns)

    def read_row_groups(self, row_groups, columns=None):
        """Return the rows of the row groups at these positions, with all columns or the named ones."""
        with self.named():
            table = super().read_row_groups(list(row_groups), columns=columns)
            for name in table.column_names:
                if pa.types.is_list(table[name].type):
                    self.check_lists(name, table[name], row_groups)
            return table

    def check_lists(self, name, column, row_groups):
        """Raise ValueError if lists have fewer or more values than were written: a page's count has no checksum."""
        groups = [self.metadata.row_group(i) for i in row_groups]
        chunks = [group.column(i) for group in groups for i in range(group.num_columns)]
        written = sum(chunk.num_values for chunk in chunks if chunk.path_in_schema.startswith(f"{name}."))
        lengths = (np.diff(np.from_dlpack(chunk.offsets)) for chunk in column.chunks)
        if written != sum(int(np.maximum(n, 1).sum()) for n in lengths):  # an empty list counts as one value
            raise ValueError(f"the lists of {name} are cut short")

    def iter_batches(self, *args, **kwargs):
        """Yield record batches, like `pyarrow.parquet.ParquetFile.iter_batches`."""
        batches = super().iter_batches(*args, **kwargs)
        while True:
            with self.named():
                batch = next(batches, None)
            if batch is None:
                return
            yield batch


def open_parquet(path: PathLike) -> CheckedParquetFile:
    """Open a Parquet file of the workflow for reading: see `CheckedParquetFile`."""
    return CheckedParquetFile(path)


def read_metadata(path: PathLike) -> dict:
    """Return the metadata that `write_table` stored, a dict."""
    with open_parquet(path) as file:
        return json.loads(file.schema_arrow.metadata[METADATA_KEY])


def to_numpy(column):
    """Return an Arrow column of numbers without nulls as a NumPy array."""
    chunks = column.chunks or [pa.array([], column.type)]
    return np.concatenate([np.from_dlpack(chunk) for chunk in chunks])


def to_indices(rows):
    """Return a NumPy array of integers as an Arrow array of int64."""
    rows = np.ascontiguousarray(rows, dtype=np.int64)
    return pa.Array.from_buffers(pa.int64(), len(rows), [None, pa.py_buffer(rows)])


def read_rows(path: PathLike, rows: np.ndarray, columns: list[str] | None = None) -> pa.Table:
    """Read rows of a Parquet file by position; only the row groups that hold them are read, one after another.

    rows: integer array of positions, (n,), in any order; fast if rows of one group are consecutive.
    Returns a table with one row per position, in that order. Its chunks are not joined: Arrow cannot join lists of
    2^31 values.
    """
    rows = np.asarray(rows)
    with open_parquet(path) as file:
        if not len(rows):
            return file.read_row_groups([0], columns).slice(0, 0)
        starts = np.cumsum([0, *file.rows_of_groups()])
        groups = np.searchsorted(starts, rows, side="right") - 1
        cuts = np.flatnonzero(np.diff(groups)) + 1
        pieces = [
            file.read_row_groups([part_groups[0]], columns).take(to_indices(part - starts[part_groups[0]]))
            for part, part_groups in zip(np.split(rows, cuts), np.split(groups, cuts), strict=True)
        ]
    return pa.concat_tables(pieces)
