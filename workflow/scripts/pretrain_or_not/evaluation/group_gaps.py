"""Compare how unequal arms treat groups of test examples: the gap between groups, beside that of the reference arm."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from pretrain_or_not.config.grid import repetition
from pretrain_or_not.config.metric import ACCURACY
from pretrain_or_not.evaluation.by_group import SMALLEST
from pretrain_or_not.evaluation.details import of_arm, read_together, tested_together
from pretrain_or_not.evaluation.predictions import CELL
from pretrain_or_not.evaluation.seed_variance import SeedVariance, pool_by_arm, shapes, total_half_widths
from pretrain_or_not.evaluation.shared_models import SharedModels
from pretrain_or_not.evaluation.test_rows import GROUP, group_columns, test_columns
from pretrain_or_not.files.parquet import read_metadata
from pretrain_or_not.job import warn

REPLICATES = 1000  # of the bootstrap
AT_ONCE = 100  # replicates in memory
SHUFFLES = 200  # of the groups

DIFFERENCE = ("gap_mean", "reference_gap_mean", "gap_difference", "gap_difference_low", "gap_difference_high")

COLUMNS = {"group": str, "groups": int, "accuracy_gap": float, "parity_difference": float, "odds_difference": float,
           **dict.fromkeys(DIFFERENCE, float)}  # fmt: skip


def group_gap_table(paths: dict, texts: dict, reference: str, shared: SharedModels) -> pd.DataFrame:
    """Return one row per cell and group column: the values of CELL and COLUMNS, in points.

    Groups are those of at least SMALLEST test examples; a column with fewer than two of them has no row. `accuracy_gap`
    is the highest accuracy of a group minus the lowest. DIFFERENCE are of the means over the seeds that arm and
    reference both have, with a total 95 % interval, of test examples and seeds: see `difference`. paths: cell, the
    values of CELL -> path of its predictions. texts: dataset -> path of its examples.parquet.
    """
    found: list[dict] = []
    for dataset, examples in texts.items():
        columns = group_columns(examples)
        cells = cells_of(dataset, {key: path for key, path in paths.items() if key[0] == dataset}) if columns else []
        if not cells:
            continue
        table = test_columns(examples, cells[0].ids, columns)
        for name in columns:
            found += column_rows(cells, name.removeprefix(GROUP), table[name].to_numpy(), reference, shared)
    return pd.DataFrame(found)


class Cell:
    """A cell, or the folds of a round. The arrays are (n,), in the order of the ids.

    key: the values of CELL. at: its arm and size. n: its number of labels. repeated: its seed or round.
    """

    def __init__(self, key, ids, labels, predicted, classes, folds):
        order = np.argsort(ids)
        self.key, self.ids, self.labels, self.classes = key, ids[order], labels[order], classes
        about = dict(zip(CELL, key, strict=True))
        self.at, self.n = (about["arm"], about["size"]), about["n"]
        self.dataset, self.repeated = about["dataset"], repetition(about["seed"], folds)
        self.predicted = predicted[order]

    @classmethod
    def read(cls, keys, paths):
        """Return the cell of some paths that are tested together."""
        read = read_together([paths[key] for key in keys])
        classes = read.probabilities.shape[1]
        return cls(keys[0], read.ids, read.labels, read.predicted, classes, read.about.get("folds"))


def cells_of(dataset: str, paths: dict) -> list[Cell]:
    """Return the cells of a dataset that are tested on the same examples; others are counted and told.

    With folds, those are the complete rounds.
    """
    together = tested_together(paths)
    complete = [keys for keys in together if len(keys) == (read_metadata(paths[keys[0]]).get("folds") or 1)]
    cells = [Cell.read(keys, paths) for keys in complete]
    same = [cell for cell in cells if np.array_equal(cell.ids, cells[0].ids)]
    for count, what in ((len(together) - len(complete), "rounds of folds are not complete"),
                        (len(cells) - len(same), "cells were tested on other examples")):  # fmt: skip
        if count:
            warn(f"{dataset}: {count} {what}, and are left out of group_gaps.parquet")
    return same


class Apart(NamedTuple):
    """How far seeds lie apart at k sizes: what `pool` reads of a `Curve`, with the same names."""

    seeds: np.ndarray
    squares: np.ndarray
    lasting: bool


def column_rows(cells: list[Cell], column: str, values: np.ndarray, reference: str, shared: SharedModels) -> list[dict]:
    """Return the rows of one group column. values: of each test example, (n,)."""
    names, sizes = np.unique(values, return_counts=True)
    groups = [np.flatnonzero(values == name) for name in names[sizes >= SMALLEST]]
    if len(groups) < 2:
        return []
    right = np.column_stack([cell.predicted == cell.labels for cell in cells])
    shares = 100 * np.stack([right[rows].mean(axis=0) for rows in groups])
    gaps, resampled, by_chance = np.ptp(shares, axis=0), bootstrap(right, groups), shuffled_gaps(right, groups)
    pairs = pairs_of(cells, reference, shared)
    known = between_seeds(cells, pairs, gaps, resampled, 100 - shares)
    differences = {at: difference(own, gaps, resampled, by_chance, *known[at]) for at, own in pairs.items()}
    return [
        dict(zip(CELL, cell.key, strict=True))
        | {"group": column, "groups": len(groups), "accuracy_gap": float(gap)}
        | fairness(cell, groups)
        | differences.get(cell.at, dict.fromkeys(DIFFERENCE, np.nan))
        for cell, gap in zip(cells, gaps, strict=True)
    ]


class Pairs(NamedTuple):
    """Cells of an arm at a size, and the same ones of the reference arm.

    places: among all cells, (k, 2). seed_of: (k,), which pairs count as one seed, see `evaluation.shared_models`.
    lasting: as of `Curve`.
    """

    places: np.ndarray
    seed_of: np.ndarray
    lasting: bool = False

    @property
    def shares(self) -> np.ndarray:
        """Return the share of the pairs that each seed has, (K,)."""
        return np.unique(self.seed_of, return_counts=True)[1] / len(self.seed_of)

    @property
    def seeds(self) -> float:
        """Return how many seeds with equal shares they count as."""
        return float(1 / np.square(self.shares).sum())

    def differences(self, gaps: np.ndarray) -> np.ndarray:
        """Return how much larger gaps of the arm are, the means of the seeds, (..., K). gaps: (..., cells)."""
        each = gaps[..., self.places[:, 0]] - gaps[..., self.places[:, 1]]
        return np.stack([each[..., self.seed_of == seed].mean(axis=-1) for seed in np.unique(self.seed_of)], axis=-1)


def pairs_of(cells, reference, shared):
    """Return the Pairs of each arm and size: `at` -> them."""
    place, found = {cell.key: i for i, cell in enumerate(cells)}, {}
    for i, cell in enumerate(cells):
        other = of_arm(cell.key, reference)
        if other != cell.key and other in place:
            found.setdefault(cell.at, []).append((i, place[other]))
    pairs = {}
    for at, own in found.items():
        groups = shared.groups(cells[own[0][0]].dataset, at[0], reference)
        seeds = [cells[i].repeated for i, _ in own]
        pairs[at] = Pairs(np.array(own), np.array([groups.get(seed, seed) for seed in seeds]), bool(groups))
    return pairs


def between_seeds(cells, pairs, gaps, resampled, errors) -> dict[tuple, tuple[SeedVariance, float]]:
    """Return what is known of the variance between seeds of a difference of gaps: `at` of a cell -> c, its shape.

    See `evaluation.seed_variance`. A gap is between two groups, so c = 1 stands for twice the shape of an error in a
    group, the mean over the groups, of the arm plus that of the reference arm. What the bootstrap expects of test
    sampling is taken off. Arms that have a cell with one class as its only answer say nothing about others. errors: in
    points, (groups, cells).
    """
    shape, apart = {}, {}
    for at, own in pairs.items():
        each, drawn = own.differences(gaps), own.differences(resampled)
        mean, share = each @ own.shares, own.shares
        expected = share @ drawn.var(axis=0, ddof=1) - (drawn @ share).var(ddof=1)
        learns = cells[own.places[0, 0]].n > 0  # without labels, seeds change nothing
        of_arms = [shapes(errors[:, place].mean(axis=1), ACCURACY).mean() for place in own.places.T]
        shape[at] = 2 * float(sum(of_arms)) * learns
        apart[at] = own.seeds * (share @ np.square(each - mean) - expected) if len(each) > 1 else 0.0
    curves = {}
    for arm in dict.fromkeys(arm for arm, _ in pairs):
        sizes = [at for at in pairs if at[0] == arm and shape[at] > 0]
        seeds, squares = np.array([pairs[at].seeds for at in sizes]), np.array([apart[at] for at in sizes])
        lasting = any(pairs[at].lasting for at in sizes)
        curves[arm] = Apart(seeds, squares, lasting), np.array([shape[at] for at in sizes])
    guessing = {cell.at[0] for cell in cells if np.ptp(cell.predicted) == 0}
    known = pool_by_arm(curves, {arm: curve for arm, curve in curves.items() if arm not in guessing})
    return {at: (known[at[0]], shape[at]) for at in pairs}


def difference(pairs, gaps, resampled, by_chance, variance, shape):
    """Return the values of DIFFERENCE.

    Groups of equal accuracy differ by chance, and more with the arm that is wrong more often. So what remains of the
    difference when groups are shuffled is in doubt: the interval is that of the bootstrap, made longer by it, to the
    side that it is on. To both sides, it is longer by what seeds add to the total interval of a mean that varies like
    the bootstrap. resampled: gaps, (replicates, cells). by_chance: gaps of shuffled groups, (cells,). variance, shape:
    see `between_seeds`.
    """
    own, theirs = (float(gaps[place].mean()) for place in pairs.places.T)
    replicates = pairs.differences(resampled) @ pairs.shares
    low, high = np.quantile(replicates, [0.025, 0.975])
    test = np.full(2, replicates.var(ddof=1, dtype=float))
    total, of_test = total_half_widths(test, np.array([shape / pairs.seeds, 0.0]), variance)
    chance = pairs.differences(by_chance) @ pairs.shares
    low, high = low - max(0.0, chance) - (total - of_test), high - min(0.0, chance) + (total - of_test)
    return dict(zip(DIFFERENCE, map(float, (own, theirs, own - theirs, low, high)), strict=True))


def bootstrap(right: np.ndarray, groups: list[np.ndarray]) -> np.ndarray:
    """Return gaps between groups, in points, of resampled test examples, (replicates, cells).

    Examples are drawn within each group, the same ones for all cells. right: bool (n, cells).
    """
    rng, right = np.random.default_rng(0), right.astype(np.float32)
    found = []
    for start in range(0, REPLICATES, AT_ONCE):
        shares = []
        for rows in groups:
            times = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=min(AT_ONCE, REPLICATES - start))
            shares.append(times.astype(np.float32) @ right[rows] / len(rows))
        found.append(100 * np.ptp(np.stack(shares), axis=0))
    return np.concatenate(found)


def shuffled_gaps(right: np.ndarray, groups: list[np.ndarray]) -> np.ndarray:
    """Return the mean gap, in points, between groups of the same sizes that are drawn by chance, (cells,)."""
    rng, rows = np.random.default_rng(0), np.concatenate(groups)
    right, ends = right[rows].astype(np.float32), np.cumsum([len(group) for group in groups])[:-1]
    found = []
    for _ in range(SHUFFLES):
        parts = np.split(rng.permutation(len(rows)), ends)
        found.append(100 * np.ptp(np.stack([right[part].mean(axis=0) for part in parts]), axis=0))
    return np.mean(found, axis=0)


def fairness(cell: Cell, groups: list[np.ndarray]) -> dict:
    """Return the demographic-parity and the equalised-odds difference of a cell, in points; NaN unless two classes.

    The first is the largest difference between groups in how often the second class is predicted; the second is the
    same among the examples of one class, for the class where it is larger (as in fairlearn). A group without examples
    of a class is left out there.
    """
    if cell.classes != 2:
        return {"parity_difference": np.nan, "odds_difference": np.nan}
    second = cell.predicted == 1
    among = [np.ones(len(second), bool), cell.labels == 0, cell.labels == 1]
    spreads = []
    for these in among:
        shares = [second[rows][these[rows]].mean() for rows in groups if these[rows].any()]
        spreads.append(100 * float(np.ptp(shares)) if len(shares) > 1 else np.nan)
    odds = [spread for spread in spreads[1:] if not np.isnan(spread)]
    return {"parity_difference": spreads[0], "odds_difference": max(odds) if odds else np.nan}
