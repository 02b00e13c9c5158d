"""Read columns of the test examples of a dataset."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pretrain_or_not.data.texts import joined_texts
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.parquet import open_parquet, read_metadata, read_rows
from pretrain_or_not.files.paths import PathLike

GROUP = "group_"  # start of the names of the columns that `groups` of a dataset has asked for


def group_columns(path: PathLike) -> list[str]:
    """Return the names of the group columns in an examples.parquet."""
    with open_parquet(path) as file:
        return [name for name in file.schema_arrow.names if name.startswith(GROUP)]


def test_texts(path: PathLike, ids: np.ndarray) -> list[str]:
    """Return the texts of the examples with these ids, in their order; the two of a pair joined by the separator."""
    with open_parquet(path) as file:
        names = [name for name in ("text", "second_text") if name in file.schema_arrow.names]
    return joined_texts(test_columns(path, ids, names), read_metadata(path)).to_pylist()


def test_columns(path: PathLike, ids: np.ndarray, columns: list[str]) -> pa.Table:
    """Return columns of the examples with these ids, one row per id, in their order.

    path: of examples.parquet. Raises BadInput if it lacks one of the ids.
    """
    with open_parquet(path) as file:
        known = file.read(columns=["id"])["id"].to_numpy()
    order = np.argsort(known)
    places = np.searchsorted(known, ids, sorter=order).clip(max=len(known) - 1)
    if not np.array_equal(known[order[places]], ids):
        raise BadInput(f"{path}: lacks test examples that were predicted; delete the predictions and run again")
    rows = np.sort(order[places])  # in the order of the file, which is fast to read
    if not len(rows):
        return pa.table({name: pa.array([], pa.string()) for name in columns})
    table = read_rows(path, rows, columns)
    return table.take(pa.array(np.searchsorted(rows, order[places])))
