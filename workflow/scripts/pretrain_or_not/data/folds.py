"""Cut the rows of a dataset into folds, for repeated cross-validation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pretrain_or_not.config.splits import rows_to_cut
from pretrain_or_not.data.quotas import quotas


class Fold(NamedTuple):
    """The rows of a cell, as positions: `test` is the fold, `validation` and `train` come from the other folds."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def place_of(seed: int, folds: int) -> tuple[int, int]:
    """Return the round and the fold that a seed stands for: with 5 folds, seeds 0 to 4 are the folds of round 0."""
    return divmod(seed, folds)


def rows_of_a_cell(rows: int, folds: int, validation: float | None = None) -> dict[str, int]:
    """Return how many rows each split of a cell has where no rows have to stay together: split -> rows.

    rows: those of the data. It is the same for all folds: a fold whose test set is smaller has a row more to train on,
    which is not used. validation: see `cut_fold`.
    """
    test = -(-rows // folds)
    n = max(1, rows_to_cut(validation, "validation", rows - test))
    return {"train": rows - test - n, "validation": n, "test": test}


def cut_fold(
    labels: np.ndarray,  # (rows,)
    units: np.ndarray,  # (rows,) rows with the same number stay together: copies of a text, or a group
    folds: int,
    seed: int,
    validation: int | float | None = None,
) -> Fold:
    """Return the rows of the cells of a seed: in each round, every row is in the test set of one fold.

    Folds have nearly the same size and shares of the classes, as far as units can be parted; a unit counts for the
    class of its first row. validation: rows to cut for validation from the other folds, or a share of them; see
    `config.splits.rows_to_cut`. Rows are in random order, which depends on the seed only.
    """
    in_round, fold = place_of(seed, folds)
    _, first, unit_of = np.unique(units, return_index=True, return_inverse=True)
    random = np.random.default_rng([in_round, folds])  # the same for all folds of a round
    fold_of = dealt(labels[first], np.bincount(unit_of), folds, random)[unit_of]
    test, rest = np.flatnonzero(fold_of == fold), np.flatnonzero(fold_of != fold)
    random = np.random.default_rng([in_round, folds, fold])
    n = rows_of_a_cell(len(labels), folds, validation)["validation"]
    _, first, unit_of = np.unique(units[rest], return_index=True, return_inverse=True)
    chosen = taken(labels[rest][first], np.bincount(unit_of), n, random)[unit_of]
    return Fold(random.permutation(rest[~chosen]), random.permutation(rest[chosen]), test)


def dealt(classes: np.ndarray, sizes: np.ndarray, parts: int, random: np.random.Generator) -> np.ndarray:
    """Return the part of each unit, (units,): class after class, to the part that has the fewest rows of the class.

    Of several such parts, the one with the fewest rows in all. classes, sizes: class and rows of each unit. Large units
    come first, the others in random order.
    """
    part_of = np.empty(len(classes), dtype=np.int64)
    filled = np.zeros(parts, dtype=np.int64)
    for label in np.unique(classes):
        members = random.permutation(np.flatnonzero(classes == label))
        members = members[np.argsort(-sizes[members], kind="stable")]
        own = np.zeros(parts, dtype=np.int64)
        for unit in members:
            part = np.lexsort((filled, own))[0]
            part_of[unit] = part
            own[part] += sizes[unit]
            filled[part] += sizes[unit]
    return part_of


def taken(classes: np.ndarray, sizes: np.ndarray, n: int, random: np.random.Generator) -> np.ndarray:
    """Return whether each unit is taken, booleans (units,), so that they have `n` rows; each class gives its share.

    Where units cannot be parted, there are some rows fewer, or more if a class would give none. classes, sizes: class
    and rows of each unit, more than `n` in all.
    """
    is_taken = np.zeros(len(classes), dtype=bool)
    totals = {label.item(): sizes[classes == label].sum().item() for label in np.unique(classes)}
    for label, quota in quotas(totals, n).items():
        members, left = random.permutation(np.flatnonzero(classes == label)), quota
        for unit in members:
            if sizes[unit] <= left:
                is_taken[unit] = True
                left -= sizes[unit]
        smallest = members[sizes[members].argmin()]
        if left == quota and sizes[smallest] < 2 * quota:
            is_taken[smallest] = True
    if not is_taken.any():
        is_taken[sizes.argmin()] = True
    return is_taken
