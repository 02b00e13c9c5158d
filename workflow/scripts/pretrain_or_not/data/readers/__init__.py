"""Read one data file as RAW batches, by its format."""

from pretrain_or_not.data.raw_batches import raw_batch
from pretrain_or_not.data.readers.fasttext import read_fasttext
from pretrain_or_not.data.readers.folders import read_folders
from pretrain_or_not.data.readers.json_lines import read_json
from pretrain_or_not.data.readers.tables import read_tables

# Each maps (path, kind, ReadOptions, Columns) to Chunks.
READERS = {
    "json": read_json,
    "csv": read_tables,
    "parquet": read_tables,
    "fasttext": read_fasttext,
    "folders": read_folders,
}


def read_file(path, kind, options, columns, split=None, names=None):
    """Yield RAW batches of a file. kind: its format. split: that of all its rows, or None. names: see `class_of`.

    Raises BadInput that names file and row for what cannot be read.
    """
    from pretrain_or_not.data.file_formats import FORMATS

    for chunk in READERS[FORMATS[kind]](str(path), kind, options, columns):
        yield raw_batch(chunk._replace(names=names or chunk.names), columns, split)
