"""Read and write the files between stages: whole or not at all, with their provenance in the metadata."""

import errno
import json
import os
import re
import shutil
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stage import BadInput

METADATA_KEY = b"pretrain_or_not"
CHECKSUM_KEY = b"pretrain_or_not.crc32"
ROWS_PER_GROUP = 50_000
WRITTEN = {"compression": "zstd", "write_page_checksum": True}


@contextmanager
def whole(path):
    """Give a temporary path beside `path`; rename it to `path` once the block has ended well and it is on disk.

    Raises BadInput that names `path` where the disk is full.
    """
    path = Path(path)
    with room(path):
        partial = beside(path, "partial")
        try:
            yield partial
            sync(partial)
            os.replace(partial, path)
            with suppress(OSError):  # which a few network file systems raise
                sync(path.parent)  # else a power cut could take the new name back
        finally:
            partial.unlink(missing_ok=True)


@contextmanager
def scratch_folder(path):
    """Give a temporary folder beside `path`, on the same disk, for what it takes to make `path`."""
    path = Path(path)
    with room(path):
        folder = beside(path, "scratch")
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def beside(path, suffix):
    """A name beside `path` that is this process's own, once what killed processes left under such names is gone.

    Not the same name for all: where a killed Snakemake left a job running, the next one starts the job again, and two
    must not write into one file. The older of them then finds its file gone and fails, leaving `path` alone.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    left = re.compile(rf"[.]{re.escape(path.name)}[.][0-9]+[.]{suffix}")
    for entry in [entry for entry in os.scandir(path.parent) if left.fullmatch(entry.name)]:
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            Path(entry).unlink(missing_ok=True)
    return path.with_name(f".{path.name}.{os.getpid()}.{suffix}")


def sync(path):
    """Have the operating system put a file, or the names in a folder, on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def room(path):
    """Turn what the many writers say of a full disk into BadInput that names `path` and tells what to do."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, BadInput) and (reason := full_disk(error)):
            raise BadInput(
                f"{path}: {reason}; make room there and run the same command again: what is finished stays"
            ) from error
        raise


def full_disk(error):
    """What the system says where an exception, or one behind it, means a full disk or quota; else None."""
    while error is not None:
        for code in (errno.ENOSPC, errno.EDQUOT):
            if getattr(error, "errno", None) == code or os.strerror(code) in str(error):
                return os.strerror(code)
        error = error.__cause__ or error.__context__
    return None


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
    types = [f"list of {field.type.value_type}" if pa.types.is_list(field.type) else field.type for field in schema]
    text = "".join(f"{name}: {kind}\n" for name, kind in zip(schema.names, types, strict=True))
    return str(zlib.crc32(text.encode() + entry)).encode()


def write_table(path, table, **metadata):
    """Write an Arrow table as Parquet; `metadata` rides in the schema (see `read_metadata`)."""
    table = table.cast(with_metadata(table.schema, **metadata))
    with whole(path) as partial:
        pq.write_table(table, partial, row_group_size=ROWS_PER_GROUP, **WRITTEN)


@contextmanager
def table_writer(path, schema, **metadata):
    """A `pyarrow.parquet.ParquetWriter` whose file appears at `path` when the block has ended well."""
    with whole(path) as partial:
        with pq.ParquetWriter(partial, with_metadata(schema, **metadata), **WRITTEN) as writer:
            yield writer


class Table(pq.ParquetFile):
    """A Parquet file that `write_table` or `table_writer` made: where it is damaged, opening or reading it raises
    BadInput that names it. No flipped bit goes unnoticed that would change what is read."""

    def __init__(self, path):
        """Open the file and check all but its pages, which are checked as they are read."""
        self.path = path
        with self.named():
            super().__init__(path, page_checksum_verification=True)
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

    def read(self, *args, **kwargs):
        """As of ParquetFile."""
        with self.named():
            return super().read(*args, **kwargs)

    def read_row_groups(self, *args, **kwargs):
        """As of ParquetFile."""
        with self.named():
            return super().read_row_groups(*args, **kwargs)

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


def read_rows(path, rows, columns=None):
    """Rows of a Parquet file by position, reading only the row groups that hold them.

    rows: integer array of positions, in any order. Returns a table with one row each, in that order.
    """
    rows = np.asarray(rows)
    with open_parquet(path) as file:
        starts = np.cumsum([0, *file.rows_of_groups()])
        groups = np.unique(np.searchsorted(starts, rows, side="right") - 1)
        table = file.read_row_groups(groups.tolist(), columns=columns)
    # Position in the table just read = position in the file, less the rows of the groups left out before it.
    offsets = np.zeros(len(starts), dtype=np.int64)
    offsets[groups] = starts[groups] - np.concatenate([[0], np.cumsum(np.diff(starts)[groups])[:-1]])
    return table.take(pa.array(rows - offsets[np.searchsorted(starts, rows, side="right") - 1]))
