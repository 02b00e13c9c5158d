"""Read and write the tables and facts between stages, with their provenance in the metadata and checksums of all."""

import base64
import json
import zlib
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stage import BadInput
from whole_files import whole

METADATA_KEY = b"pretrain_or_not"
CHECKSUM_KEY = b"pretrain_or_not.crc32"
ARROW_KEY = b"ARROW:schema"  # where Arrow looks for the schema of a file, metadata included
ROWS_PER_GROUP = 50_000
WRITTEN = {"compression": "zstd", "write_page_checksum": True}


def write_json(path, value):
    """Write `value` as indented JSON."""
    with whole(path) as partial:
        partial.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path):
    """Read a JSON file; raise BadInput that names it where it is empty or broken."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadInput(f"{path}: not whole JSON ({error}); delete it and run again") from error


def with_metadata(schema, **metadata):
    """The Arrow schema with `metadata` (JSON-able) as its provenance entry, and a checksum of both."""
    entry = json.dumps(metadata).encode()
    return schema.with_metadata({**(schema.metadata or {}), METADATA_KEY: entry, CHECKSUM_KEY: checksum(schema, entry)})


def checksum(schema, entry):
    """CRC-32 of a schema's names and types and of the provenance entry, which Parquet's own checksums leave out."""
    # Parquet calls the values of a list "element", Arrow calls them "item".
    lists = (pa.types.is_list, pa.types.is_fixed_size_list)
    types = [
        f"list of {field.type.value_type}" if any(is_list(field.type) for is_list in lists) else field.type
        for field in schema
    ]
    text = "".join(f"{name}: {kind}\n" for name, kind in zip(schema.names, types, strict=True))
    return str(zlib.crc32(text.encode() + entry)).encode()


def write_table(path, table, **metadata):
    """Write an Arrow table as Parquet; `metadata` rides in the schema (see `read_metadata`)."""
    table = table.cast(with_metadata(table.schema, **metadata))
    with whole(path) as partial:
        pq.write_table(table, partial, row_group_size=ROWS_PER_GROUP, **WRITTEN)


@contextmanager
def table_writer(path, schema, later=None, **metadata):
    """A `pyarrow.parquet.ParquetWriter` whose file appears at `path` when the block has ended well.

    later: a dict of further metadata, for the block to fill in: what is known only when all is written.
    """
    with whole(path) as partial:
        with pq.ParquetWriter(partial, schema, store_schema=False, **WRITTEN) as writer:
            yield writer
            # What Arrow itself would store, but before the first row.
            stored = with_metadata(schema, **metadata, **(later or {}))
            writer.add_key_value_metadata({**stored.metadata, ARROW_KEY: base64.b64encode(stored.serialize())})


class Table(pq.ParquetFile):
    """A Parquet file that `write_table` or `table_writer` made: where it is damaged, opening or reading it raises
    BadInput that names it. No flipped bit goes unnoticed that would change what is read."""

    def __init__(self, path):
        """Open the file and check all but its pages, which are checked as they are read."""
        self.path = path
        with self.named():
            # What is read ahead would stay in memory until the file is closed.
            super().__init__(path, page_checksum_verification=True, pre_buffer=False)
            about = self.schema_arrow.metadata or {}
            if about.get(CHECKSUM_KEY) != checksum(self.schema_arrow, about.get(METADATA_KEY, b"")):
                raise ValueError("its schema or metadata are not as they were written")
            if self.metadata.num_rows != sum(self.rows_of_groups()):
                raise ValueError("its counts of rows do not add up")

    @contextmanager
    def named(self):
        """Name the file, and what to do, in errors that mean that it is damaged."""
        try:
            yield
        except FileNotFoundError:
            raise
        except (pa.ArrowException, OSError, ValueError) as error:
            raise BadInput(f"{self.path}: not a whole Parquet file ({error}); delete it and run again") from error

    def rows_of_groups(self):
        """Rows of each row group: a list."""
        return [self.metadata.row_group(i).num_rows for i in range(self.num_row_groups)]

    def read(self, columns=None):
        """All rows, of all columns or the named ones."""
        return self.read_row_groups(range(self.num_row_groups), columns)

    def read_row_groups(self, row_groups, columns=None):
        """The rows of the row groups at these positions, of all columns or the named ones."""
        with self.named():
            table = super().read_row_groups(list(row_groups), columns=columns)
            for name in table.column_names:
                if pa.types.is_list(table[name].type):
                    self.check_lists(name, table[name], row_groups)
            return table

    def check_lists(self, name, column, row_groups):
        """Raise ValueError where lists have not as many values as was written: a page's own count has no checksum."""
        groups = [self.metadata.row_group(i) for i in row_groups]
        chunks = [group.column(i) for group in groups for i in range(group.num_columns)]
        written = sum(chunk.num_values for chunk in chunks if chunk.path_in_schema.startswith(f"{name}."))
        lengths = (np.diff(np.from_dlpack(chunk.offsets)) for chunk in column.chunks)
        if written != sum(int(np.maximum(n, 1).sum()) for n in lengths):  # an empty list counts as one value
            raise ValueError(f"the lists of {name} are cut short")

    def iter_batches(self, *args, **kwargs):
        """As of ParquetFile."""
        batches = super().iter_batches(*args, **kwargs)
        while True:
            with self.named():
                batch = next(batches, None)
            if batch is None:
                return
            yield batch


def open_parquet(path):
    """Open a Parquet file of the workflow to read from: see `Table`."""
    return Table(path)


def read_metadata(path):
    """The metadata that `write_table` stored: a dict."""
    with open_parquet(path) as file:
        return json.loads(file.schema_arrow.metadata[METADATA_KEY])


# Arrow loads pandas, a quarter of a second, for `to_numpy` and for `pa.array` of NumPy: not in a training run's start.


def numbers(column):
    """The NumPy array of an Arrow column of numbers without nulls."""
    return np.concatenate([np.from_dlpack(chunk) for chunk in column.chunks])


def positions(rows):
    """An Arrow array of a NumPy array of integers."""
    rows = np.ascontiguousarray(rows, dtype=np.int64)
    return pa.Array.from_buffers(pa.int64(), len(rows), [None, pa.py_buffer(rows)])


def read_rows(path, rows, columns=None):
    """Rows of a Parquet file by position, reading only the row groups that hold them, one at a time.

    rows: integer array of positions, (n,), n at least 1, in any order; fast where those of a group stand together.
    Returns a table with one row each, in that order. Its chunks stay apart: Arrow joins no lists of 2^31 values.
    """
    rows = np.asarray(rows)
    with open_parquet(path) as file:
        starts = np.cumsum([0, *file.rows_of_groups()])
        groups = np.searchsorted(starts, rows, side="right") - 1
        cuts = np.flatnonzero(np.diff(groups)) + 1
        pieces = [
            file.read_row_groups([part_groups[0]], columns).take(positions(part - starts[part_groups[0]]))
            for part, part_groups in zip(np.split(rows, cuts), np.split(groups, cuts), strict=True)
        ]
    return pa.concat_tables(pieces)
