"""Whether the columns of files are those of the dictionary, workflow/schemas/tables.yaml."""

import importlib.util
import sys

import pyarrow.parquet as pq

from helpers.paths import ROOT


def tool():
    """Return tools/files_page.py as a module."""
    spec = importlib.util.spec_from_file_location("files_page", ROOT / "tools" / "files_page.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["files_page"] = module
    spec.loader.exec_module(module)
    return module


def undescribed(results):
    """Return what is wrong between the dictionary and the Parquet files below a folder of results, as sentences."""
    page = tool()
    tables = page.read_dictionary()
    paths = sorted(path for path in results.rglob("*.parquet") if "checkpoint" not in path.parts)
    return [
        sentence
        for path in paths
        for sentence in page.differences(path.relative_to(results).as_posix(), pq.read_schema(path).names, tables)
    ]
