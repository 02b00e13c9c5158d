"""Nested training subsets: windows of the shuffled training rows, or with folds, of those of the other folds."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa

from pretrain_or_not.config.sizes import count
from pretrain_or_not.data.folds import cut_fold, place_of
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.files.parquet import open_parquet, to_numpy, write_table
from pretrain_or_not.files.paths import PathLike
from pretrain_or_not.job import log

GOLDEN_RATIO = (1 + math.sqrt(5)) / 2

ROUNDS = 10  # of folds, of which the smallest training part is all that a share means


def window(n: int, seed: int, total: int) -> np.ndarray:
    """Return the positions of a subset of `n` out of `total` shuffled rows, shape (n,).

    Seed s starts at row floor(frac(s * golden ratio) * total), and continues at row 0 after the last row. So sizes are
    nested, and a new seed or size changes no other subset. The starts of consecutive seeds (0, 1, 2, …) are far apart
    (the golden-ratio, or Kronecker, sequence): their windows overlap only where they must. Other seeds may start close
    to each other by chance, such as 42 and 123, and then share most of a subset.
    """
    start = int(math.modf(seed * GOLDEN_RATIO)[0] * total)
    return (start + np.arange(n)) % total


def by_class(labels: np.ndarray) -> np.ndarray:
    """Return the positions of shuffled rows in an order in which every window has nearly the shares of the classes.

    labels: the class of each row, shape (rows,). The k-th of the n rows of a class comes at the place (k + 1/2) / n; so
    the order is close to the shuffled one. In a window of a share s of the rows, a class of n rows has s * n rows, up
    to a few that depend on where it starts.
    """
    order = np.argsort(labels, kind="stable")
    counts = np.bincount(labels)
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    places = np.empty(len(labels))
    places[order] = (np.arange(len(labels)) - starts + 0.5) / np.repeat(counts, counts)
    return np.argsort(places, kind="stable")


def write_subset(
    examples: PathLike, dataset: PathLike, size: str, seed: int, output: PathLike, stratify: bool = False
) -> None:
    """Write the ids and row positions of a subset, in order; see `window`, `by_class`. dataset: its dataset.json.

    With folds, the file also holds the validation and test rows of its cells, and a column `split`.
    """
    facts = read_json(dataset)
    folds = facts.get("folds")
    with open_parquet(examples) as file:
        table = file.read(columns=["id", "label", *(["unit"] if folds else [])])
    table = table.slice(0, facts["rows"]["train"])  # training rows come first
    labels = to_numpy(table["label"])
    if folds:
        k, in_round = folds["folds"], place_of(seed, folds["folds"])[0]
        units = to_numpy(table["unit"])
        # A size is the same number in all folds, so that a round is complete, and in all rounds. Where rows stay
        # together, folds of other rounds have other numbers of rows.
        rounds = {in_round} if len(np.unique(units)) == len(units) else {in_round, *range(ROUNDS)}
        seeds = (r * k + i for r in rounds for i in range(k))
        cells = {one: cut_fold(labels, units, k, one, folds["validation"]) for one in seeds}
        own = cells[seed]
        pool, others = own.train, {"validation": own.validation, "test": own.test}
        total = min(folds["rows"]["train"], *(len(cell.train) for cell in cells.values()))
        if not total:
            raise BadInput(f"folds: {k}: a fold leaves one group only for training and validation; take fewer folds")
    else:
        pool, others = np.arange(len(labels)), {}
        total = len(pool)
    n = count(size, total)
    chosen = np.arange(n) if folds else window(n, seed, total)
    rows = pool[by_class(labels[pool])[chosen] if stratify else chosen]
    lacking = len(facts["label_names"]) - len(np.unique(labels[rows]))
    if lacking and n:
        log.warning(
            "WARNING size %s, seed %d: %d of %d classes have no example", size, seed, lacking, len(facts["label_names"])
        )
    parts = {"train": rows, **others}
    every = np.concatenate(list(parts.values())).astype(np.int64)
    columns = {"id": table["id"].combine_chunks().take(pa.array(every)), "row": every}
    if folds:
        columns["split"] = np.repeat(list(parts), [len(part) for part in parts.values()])
    write_table(
        output,
        pa.table(columns),
        dataset=facts["dataset"],
        size=size,
        seed=seed,
        total=total,
        stratify=stratify,
        folds=folds and folds["folds"],
    )
    log.info("size %s, seed %d: %d of %d training rows, from row %d", size, seed, n, total, rows[0] if n else 0)
