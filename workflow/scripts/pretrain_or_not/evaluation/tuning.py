"""Compute what more tries of a sweep bring: the expected best validation score."""

from __future__ import annotations

import math

from pretrain_or_not.config.metric import Metric
from pretrain_or_not.evaluation.predictions import CELL


def expected_best(scores: list[float], metric: Metric) -> list[float]:
    """Return the best score to expect of 1, 2, …, N of the N tries in `scores`.

    It is the mean of the best over all choices of k of the N tries: Σ C(i − 1, k − 1) / C(N, k) · v_i over i from k to
    N, with v_1 the worst score and v_N the best. This estimate is unbiased; that of Dodge et al. (2019), which draws
    tries with replacement, is too low (Tang et al. 2020).
    """
    ordered, n = sorted(scores, key=lambda score: metric.sign * score), len(scores)
    return [
        sum(math.comb(i, k - 1) * score for i, score in enumerate(ordered)) / math.comb(n, k) for k in range(1, n + 1)
    ]


def tuning_rows(choices: list[dict], cells: list[dict], metric: Metric) -> list[dict]:
    """Return the rows of tuning.parquet: one per cell and number of tries, a try being a run of the cell's sweep.

    A run without a finite validation counts like the worst other one; a cell without any finite one has no rows.
    choices: content of each selected.json. cells: the row of scores.parquet of each.
    """
    rows = []
    for choice, cell in zip(choices, cells, strict=True):
        found = [run["validation_score"] for run in (choice["selected"], *choice["beaten"])]
        finite = [score for score in found if score is not None]
        if not finite:
            continue
        worst = min(finite, key=lambda score: metric.sign * score)
        best = expected_best([worst if score is None else score for score in found], metric)
        at = {key: cell[key] for key in (*CELL, "selection")}
        rows += [at | {"metric": metric.name, "tries": k, "expected_best": score} for k, score in enumerate(best, 1)]
    return rows
