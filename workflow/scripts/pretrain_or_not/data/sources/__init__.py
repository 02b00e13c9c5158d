"""Read examples from the source that a dataset of the config names.

The module of a source has three functions:

- ``find_inputs(name, dataset)`` returns the paths of the files that it reads, for Snakemake to watch, and raises
  BadInput where one is missing. The Snakefile calls it, so the module imports no large library at its top.
- ``find_versions(dataset)`` returns the versions of what it reads besides files, or None.
- ``read(dataset, threads)`` yields batches of `raw_batches.RAW`.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator


def source_module(dataset):
    """Return the module of a dataset's source."""
    return importlib.import_module(f"{__name__}.{dataset['source']}")


def find_inputs(name: str, dataset: dict) -> list[str]:
    """Return the paths of all source files of the dataset `name` of the config, a list.

    Raises BadInput where a file or package is missing, or a file's format cannot be told.
    """
    return source_module(dataset).find_inputs(name, dataset)


def find_versions(dataset: dict) -> dict | None:
    """Return what changes when a dataset's source does, besides the times of its files; None where that is nothing."""
    return source_module(dataset).find_versions(dataset)


def read_source(dataset: dict, threads: int = 1) -> Iterator:
    """Yield RAW batches of any dataset of the config.

    Raises BadInput for a missing file or column, a format that cannot be read, or a value that is not text.
    """
    return source_module(dataset).read(dataset, threads)
