"""Cut the rows of a dataset into folds, for repeated cross-validation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pretrain_or_not.config.splits import rows_to_cut


class Fold(NamedTuple):
    """The rows of a cell, as positions: `test` is the fold, `validation` and `train` come from the other folds."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def place_of(seed: int, folds: int) -> tuple[int, int]:
    """Return the round and the fold that a seed stands for: with 5 folds, seeds 0 to 4 are the folds of round 0."""
    return divmod(seed, folds)


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
    n = max(1, rows_to_cut(validation, "validation", len(rest)))
    # As many parts as there are such cuts in the rest; one of them validates.
    parts = max(2, round(len(rest) / n))
    _, first, unit_of = np.unique(units[rest], return_index=True, return_inverse=True)
    part_of = dealt(labels[rest][first], np.bincount(unit_of), parts, random)[unit_of]
    chosen = part_of == 0
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
