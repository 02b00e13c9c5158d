"""Whether the columns of files are those of the dictionary, workflow/schemas/tables.yaml."""

import pyarrow.parquet as pq

from helpers.tools import tool


def undescribed(results):
    """Return what is wrong between the dictionary and the Parquet files below a folder of results, as sentences."""
    page = tool("files_page")
    tables = page.read_dictionary()
    paths = sorted(path for path in results.rglob("*.parquet") if "checkpoint" not in path.parts)
    return [
        sentence
        for path in paths
        for sentence in page.differences(path.relative_to(results).as_posix(), pq.read_schema(path).names, tables)
    ]
