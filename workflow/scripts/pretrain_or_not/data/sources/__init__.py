"""Read examples from the source that a dataset of the config names.

The module of a source has three functions, and may have two more:

- ``find_inputs(name, dataset)`` returns the paths of the files that it reads, for Snakemake to watch, and raises
  BadInput if one is missing. The Snakefile calls it, so the module imports no large library at its top.
- ``find_versions(dataset)`` returns the versions of other inputs, such as packages, or None.
- ``read(dataset, threads)`` yields batches of `raw_batches.RAW`.
- ``look_into(dataset)`` reads a little of each file, raises BadInput for what it finds wrong, and returns how many
  training rows there are at most, or None if that takes long to find out.
- ``about(dataset)`` returns what is said about how it is read: the number of files of each pattern or folder, and
  sentences on what was guessed.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator


def source_module(dataset):
    """Return the module of a dataset's source."""
    return importlib.import_module(f"{__name__}.{dataset['source']}")


def find_inputs(name: str, dataset: dict) -> list[str]:
    """Return the paths of all source files of the dataset `name` of the config, a list.

    Raises BadInput if a file or package is missing, or the format of a file is unknown.
    """
    return source_module(dataset).find_inputs(name, dataset)


def find_versions(dataset: dict) -> dict | None:
    """Return the versions of a dataset's inputs that are not files, such as packages; None if it has none."""
    return source_module(dataset).find_versions(dataset)


def read_source(dataset: dict, threads: int = 1) -> Iterator:
    """Return an iterator of RAW batches of any dataset of the config.

    Raises BadInput for a missing file or column, a format that cannot be read, or a value that is not text.
    """
    return source_module(dataset).read(dataset, threads)


def look_into(dataset: dict) -> int | None:
    """Return how many training rows a dataset has at most, or None if that is not known yet.

    Raises BadInput for a mistake in the first rows of a file: a wrong column, a format that cannot be read, a label
    that is not in the map.
    """
    look = getattr(source_module(dataset), "look_into", None)
    return look(dataset) if look else None


def about_source(dataset: dict) -> dict:
    """Return how a dataset is read: {"files": {pattern or folder: number of files}, "guessed": [sentences]}."""
    say = getattr(source_module(dataset), "about", None)
    return say(dataset) if say else {"files": {}, "guessed": []}
