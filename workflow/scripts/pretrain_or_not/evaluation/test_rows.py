"""Read columns of the test examples of a dataset."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.parquet import open_parquet, read_rows
from pretrain_or_not.files.paths import PathLike

GROUP = "group_"  # start of the names of the columns that `groups` of a dataset has asked for


def group_columns(path: PathLike) -> list[str]:
    """Return the names of the group columns in an examples.parquet."""
    with open_parquet(path) as file:
        return [name for name in file.schema_arrow.names if name.startswith(GROUP)]


def test_columns(path: PathLike, ids: np.ndarray, columns: list[str]) -> pa.Table:
    """Return columns of the test examples with these ids, one row per id, in their order.

    path: of examples.parquet. Raises BadInput if it lacks one of the ids.
    """
    with open_parquet(path) as file:
        split = file.read(columns=["split"])["split"]
    rows = np.flatnonzero(pc.equal(split, "test").to_numpy())
    table = read_rows(path, rows, ["id", *columns]) if len(rows) else pa.table({"id": pa.array([], pa.int64())})
    known = table["id"].to_numpy()
    order = np.argsort(known)
    places = np.searchsorted(known, ids, sorter=order).clip(max=max(len(known) - 1, 0))
    if not len(known) or not np.array_equal(known[order[places]], ids):
        raise BadInput(f"{path}: not the test examples that were predicted; delete the predictions and run again")
    return table.select(columns).take(pa.array(order[places]))
