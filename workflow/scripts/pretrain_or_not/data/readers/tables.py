"""Read tables (Parquet, CSV, TSV) as RAW batches."""

import pyarrow as pa
import pyarrow.parquet as pq

from pretrain_or_not.data.raw_batches import ROWS_PER_BATCH, batch_from_table, require
from pretrain_or_not.data.readers.csv_files import read_csv
from pretrain_or_not.errors import BadInput


def read_tables(path, kind, member, columns, split):
    """Yield RAW batches of a Parquet, CSV or TSV file. member: has no effect here."""
    row = 0
    try:
        for table in read_parquet(path, columns) if kind == "parquet" else read_csv(path, kind, columns):
            yield batch_from_table(table, columns, split, path, row)
            row += table.num_rows
    except BadInput:
        raise
    except Exception as error:  # each reader has its own: ArrowInvalid, ParserError, UnicodeDecodeError, …
        cause = str(error.__cause__ or error).strip().splitlines()
        reason = cause[0] if cause else type(error).__name__
        raise BadInput(f"{path}: cannot be read as {kind}, after row {row}: {reason}") from error


def read_parquet(path, columns):
    """Yield tables of some columns of a Parquet file."""
    # Not through `datasets`: the threads of its reader can abort Python at exit (apache/arrow#45214).
    # A buffer ahead of reading would hold these columns of the complete file.
    with pq.ParquetFile(path, pre_buffer=False) as file:
        require(columns, file.schema_arrow.names, path)
        for batch in file.iter_batches(ROWS_PER_BATCH, columns=list(columns.values())):
            yield pa.Table.from_batches([batch])
