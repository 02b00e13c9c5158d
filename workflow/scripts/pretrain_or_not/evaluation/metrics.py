"""Compute the scores of a cell with their intervals, or its gap."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from pretrain_or_not.compute.metrics import metric_values
from pretrain_or_not.config.metric import Metric
from pretrain_or_not.evaluation.wilson import Z_95, wilson_interval

ENDS = ("", "_low", "_high", "_guessing")  # of the columns of each metric


def interval(metric: Metric, values: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval (low, high) of a score: Wilson's for accuracy, for others mean ± 1.96 standard errors.

    These include the `unseen_variance`. values: (n,), see `compute.metrics`.
    """
    if metric.name == "accuracy":
        return wilson_interval(int(values.sum()), len(values))
    score, half = values.mean(), Z_95 * math.hypot(standard_error(values), math.sqrt(unseen_variance(len(values), 1.0)))
    low, high = metric.bounds
    return float(max(low, score - half)), float(min(high, score + half))


def standard_error(values: np.ndarray) -> float:
    """Return the standard error of the mean of values (n,); NaN for one."""
    return float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.nan


def unseen_variance(examples: int | np.ndarray, unit: float) -> float | np.ndarray:
    """Return the variance of a mean over test examples that their own variance does not show.

    Where all examples are right, or two arms agree on all of them, they do not vary, and yet others would. So there is
    the variance of z² further examples that count `unit` each (z = 1.96): the interval of "none of n" then reaches to
    z² / n, that of Wilson (1927) to z² / (n + z²). Where many examples differ, it adds next to nothing. unit: what an
    example counts that is right instead of wrong.
    """
    return (Z_95 * unit / examples) ** 2


def of_mean(folds):
    """Return the factor from the standard error of a cell to that of the mean over seeds: of one, or an array of them.

    It is 1 where seeds share their test examples. Those of the folds of a round are different ones, and each error is
    that of a fold. folds: their number, 0 without.
    """
    return 1 / np.sqrt(np.maximum(folds, 1))


def metric_columns(metrics: Iterable[Metric]) -> list[str]:
    """Return the names of the columns of metrics in scores.parquet."""
    return [f"{metric.name}{end}" for metric in metrics for end in ENDS]


def scores_by(metrics: Iterable[Metric], labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Return the score by each metric and its interval, as columns NAME, NAME_low and NAME_high.

    labels: (n,). probabilities: (n, classes).
    """
    columns: dict[str, float] = {}
    for metric in metrics:
        values = metric_values(metric.name, labels, probabilities)
        low, high = interval(metric, values)
        columns |= {metric.name: float(values.mean()), f"{metric.name}_low": low, f"{metric.name}_high": high}
    return columns


def guessing_scores(metrics: Iterable[Metric], labels: np.ndarray, class_counts: list[int]) -> dict[str, float]:
    """Return what guessing scores by each metric, as columns NAME_guessing.

    Guessing gives every example the shares of the classes in the training subset as probabilities, so its answer is
    always the most frequent class. labels: (n,) of the test data. class_counts: of the training subset; without any
    example, the shares are those of the test data, the best that a guess can be.
    """
    if not any(class_counts):
        class_counts = np.bincount(labels, minlength=len(class_counts)).tolist()
    shares = np.asarray(class_counts, np.float32) / sum(class_counts)
    probabilities = np.broadcast_to(shares, (len(labels), len(shares)))
    values = {metric.name: metric_values(metric.name, labels, probabilities) for metric in metrics}
    return {f"{name}_guessing": float(of_metric.mean()) for name, of_metric in values.items()}


def paired_differences(metric: Metric, reference_values: np.ndarray, arm_values: np.ndarray) -> np.ndarray:
    """Return the gap between two arms on each test example, (n,), in the unit of the metric; positive is behind.

    Both values: (n,) on the same test examples, see `compute.metrics`.
    """
    return metric.points * (reference_values - arm_values)


def paired_gap(differences: np.ndarray) -> tuple[float, float]:
    """Return the gap, a mean of `paired_differences`, and its standard error.

    The standard error covers the sampling of test examples, not that of training subsets and seeds.
    """
    return float(differences.mean()), standard_error(differences)
