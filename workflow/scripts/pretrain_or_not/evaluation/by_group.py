"""Score a cell on the groups of its test examples."""

from __future__ import annotations

import numpy as np

from pretrain_or_not.compute.metrics import metric_values
from pretrain_or_not.config.metric import Metric
from pretrain_or_not.evaluation.metrics import interval, paired_differences, paired_gap, standard_error
from pretrain_or_not.evaluation.predictions import Predictions
from pretrain_or_not.evaluation.wilson import wilson_interval

SMALLEST = 20  # test examples; a smaller group is scored, but is neither the best nor the worst one

COLUMNS = {"group": str, "value": str, "test_examples": int, "accuracy": float, "accuracy_low": float,
           "accuracy_high": float, "macro_f1": float, "metric": str, "score": float, "score_low": float,
           "score_high": float, "score_se": float, "gap": float, "gap_se": float, "worst": bool,
           "spread": float}  # fmt: skip


def group_rows(cell: Predictions, reference: Predictions | None, groups: dict, metric: Metric) -> list[dict]:
    """Return one row per group column and value, with the keys of COLUMNS.

    Scores are computed on the examples of the group alone. `gap` is that to the reference arm, on the same examples,
    with its standard error, NaN without a `reference`. Both it and `score` are NaN where the metric says nothing that
    can be compared: AUC and macro-F1 in a group that lacks a class of the others, MCC in a group of one class. `worst`
    marks the group with the worst score among those of at least SMALLEST examples, and `spread` is how far it is behind
    the best one, in the unit of the gap; NaN if there are fewer than two. groups: column -> value of each test example,
    (n,).
    """
    rows = []
    for column, values in groups.items():
        names, places = np.unique(values, return_inverse=True)
        of_column = [one_group(cell, reference, np.flatnonzero(places == i), metric) for i in range(len(names))]
        compared = [row for row in of_column if row["test_examples"] >= SMALLEST and not np.isnan(row["score"])]
        by_score = sorted(compared, key=lambda row: metric.sign * row["score"])
        spread = abs(metric.scale * (by_score[-1]["score"] - by_score[0]["score"])) if len(compared) > 1 else np.nan
        rows += [
            {"group": column, "value": name, "worst": len(compared) > 1 and row is by_score[0], "spread": spread} | row
            for name, row in zip(names.tolist(), of_column, strict=True)
        ]
    return rows


def one_group(cell, reference, rows, metric):
    """Return the scores of a cell on the test examples at positions `rows`, and the gap there."""
    labels, probabilities = cell.labels[rows], cell.probabilities[rows]
    right = metric_values("accuracy", labels, probabilities)
    low, high = wilson_interval(int(right.sum()), len(rows))
    own, ends, gap, error = np.array([np.nan]), (np.nan, np.nan), np.nan, np.nan
    defined = metric.can_compare(set(labels.tolist()), set(cell.labels.tolist()))
    if defined:
        own = metric_values(metric.name, labels, probabilities)
        ends = interval(metric, own)
    if defined and reference is not None:
        theirs = metric_values(metric.name, labels, reference.probabilities[rows])
        gap, error = paired_gap(paired_differences(metric, theirs, own))
    return {
        "test_examples": len(rows),
        "accuracy": float(right.mean()),
        "accuracy_low": low,
        "accuracy_high": high,
        "macro_f1": float(metric_values("macro_f1", labels, probabilities).mean()),
        "metric": metric.name,
        "score": float(own.mean()),
        "score_low": ends[0],
        "score_high": ends[1],
        "score_se": standard_error(own),
        "gap": gap,
        "gap_se": error,
    }
