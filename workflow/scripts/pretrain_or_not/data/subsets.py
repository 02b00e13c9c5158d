"""Nested training subsets: windows of the shuffled training rows."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa

from pretrain_or_not.config.sizes import count
from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.files.parquet import open_parquet, write_table
from pretrain_or_not.files.paths import PathLike
from pretrain_or_not.job import log

GOLDEN_RATIO = (1 + math.sqrt(5)) / 2


def window(n: int, seed: int, total: int) -> np.ndarray:
    """Return the positions of a subset of `n` out of `total` shuffled rows, shape (n,).

    Seed s starts at row floor(frac(s * golden ratio) * total), and continues at row 0 after the last row. So sizes are
    nested, and a new seed or size changes no other subset. The starts of consecutive seeds (0, 1, 2, …) are far apart
    (the golden-ratio, or Kronecker, sequence): their windows overlap only where they must. Other seeds may start close
    to each other by chance, such as 42 and 123, and then share most of a subset.
    """
    start = int(math.modf(seed * GOLDEN_RATIO)[0] * total)
    return (start + np.arange(n)) % total


def write_subset(examples: PathLike, dataset: PathLike, size: str, seed: int, output: PathLike) -> None:
    """Write the ids and row positions of a subset, in order; see `window`. dataset: path of the dataset.json."""
    facts = read_json(dataset)
    total = facts["rows"]["train"]
    n = count(size, total)
    rows = window(n, seed, total)
    with open_parquet(examples) as file:
        ids = file.read(columns=["id"])["id"].combine_chunks().take(pa.array(rows))
    table = pa.table({"id": ids, "row": rows.astype(np.int64)})
    write_table(output, table, dataset=facts["dataset"], size=size, seed=seed, total=total)
    log.info("size %s, seed %d: %d of %d training rows, from row %d", size, seed, n, total, rows[0])
