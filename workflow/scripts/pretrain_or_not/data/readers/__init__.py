"""Read one data file as RAW batches, by its format."""

from pretrain_or_not.data.readers.json_lines import read_json
from pretrain_or_not.data.readers.tables import read_tables

# Each maps (path, kind, member of an archive or None, columns, split or None) to RAW batches.
READERS = {"json": read_json, "csv": read_tables, "parquet": read_tables}
