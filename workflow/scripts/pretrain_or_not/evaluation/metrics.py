"""The table of metrics: what predictions are measured in."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

Z_95 = 1.959963984540054  # two-sided 95 % of the normal distribution


def accuracy(labels: np.ndarray, predicted: np.ndarray, classes: int) -> float:
    """Return the share of equal entries of two integer arrays (n,)."""
    return float(np.mean(labels == predicted))


def macro_f1(labels: np.ndarray, predicted: np.ndarray, classes: int) -> float:
    """Return the unweighted mean over classes of F1 = 2 TP / (2 TP + FP + FN).

    A class that is neither seen nor predicted counts as 0. scikit-learn's `f1_score` gives the same number, about a
    hundred times as slowly: half a minute more for 10,000 cells.
    """
    confusion = np.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, classes)
    hits = np.diag(confusion)
    both = confusion.sum(axis=0) + confusion.sum(axis=1)
    return float(np.mean(np.divide(2 * hits, both, out=np.zeros(classes), where=both > 0)))


def wilson_interval(correct: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval (low, high) of an accuracy from `correct` of `n` test examples (Wilson 1927)."""
    share, z2 = correct / n, Z_95**2 / n
    centre = (share + z2 / 2) / (1 + z2)
    half = Z_95 / (1 + z2) * math.sqrt(share * (1 - share) / n + z2 / (4 * n))
    # Exact at the ends, where rounding would leave [0, 1] or miss the accuracy itself.
    return (0.0 if correct == 0 else centre - half), (1.0 if correct == n else centre + half)


class Metric(NamedTuple):
    """One row of the table.

    name: its column in scores.parquet. score: maps labels (n,), predicted classes (n,) and the number of classes to a
    number. interval: maps how many are right and n to the ends of a 95 % interval, the columns NAME_low and NAME_high;
    None for a metric without one.
    """

    name: str
    score: Callable[[np.ndarray, np.ndarray, int], float]
    interval: Callable[[int, int], tuple[float, float]] | None = None


METRICS = {
    metric.name: metric
    for metric in (
        Metric("accuracy", accuracy, wilson_interval),
        Metric("macro_f1", macro_f1),
    )
}


def metric_columns() -> list[str]:
    """Return the names of the columns that `scores` returns."""
    ends = {True: ("", "_low", "_high"), False: ("",)}
    return [f"{metric.name}{end}" for metric in METRICS.values() for end in ends[metric.interval is not None]]


def scores(labels: np.ndarray, predicted: np.ndarray, classes: int) -> dict[str, float]:
    """Return the columns of all metrics for the predictions of one cell. labels, predicted: integer arrays (n,)."""
    columns = {}
    for metric in METRICS.values():
        columns[metric.name] = metric.score(labels, predicted, classes)
        if metric.interval:
            ends = metric.interval(int((labels == predicted).sum()), len(labels))
            columns |= {f"{metric.name}_low": ends[0], f"{metric.name}_high": ends[1]}
    return columns


def paired_gap(reference_right: np.ndarray, arm_right: np.ndarray) -> tuple[float, float]:
    """Return the gap in points between two arms on the same test examples, and its standard error.

    Both: boolean arrays (n,), whether each example is classified correctly. The standard error is that of a mean of
    paired differences; it covers the sampling of test examples, not that of training subsets and seeds.
    """
    differences = 100.0 * (np.asarray(reference_right, float) - np.asarray(arm_right, float))
    return float(differences.mean()), float(differences.std(ddof=1) / math.sqrt(len(differences)))
