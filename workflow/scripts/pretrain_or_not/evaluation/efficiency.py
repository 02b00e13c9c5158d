"""Measure how well an arm uses labels: its mean score over all numbers of labels, on a log scale.

It is the area under the score over log n, divided by log(n_max / n_min), with straight lines between sizes: a weighted
mean of the scores at the sizes. An arm is compared with the reference arm over the sizes that both have, and the
difference is the same weighted mean of their gaps. So it has the same uncertainty as gaps: test examples, which all
sizes share, and seeds, see `evaluation.seed_variance`.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from pretrain_or_not.config.metric import Metric
from pretrain_or_not.evaluation.budget import marked_as
from pretrain_or_not.evaluation.seed_variance import seed_covariance, total_half_widths
from pretrain_or_not.evaluation.totals import Measured

COLUMNS = ["dataset", "dataset_title", "arm", "arm_title", "reference", "reference_title", "metric", "sizes",
           "smallest", "largest", "score", "score_low", "score_high", "reference_score", "reference_score_low",
           "reference_score_high", "gap", "gap_low", "gap_high", "selection"]  # fmt: skip


def weights(sizes: np.ndarray) -> np.ndarray:
    """Return the weight of each of k ≥ 2 rising sizes in the mean over log n, (k,): by the trapezoidal rule, sum 1."""
    logs = np.log(np.asarray(sizes, float))
    steps = np.diff(logs)
    return (np.append(steps, 0) + np.append(0, steps)) / 2 / (logs[-1] - logs[0])


def mean_over_labels(found: Measured) -> tuple[float, float]:
    """Return the mean of a curve over log n, and half its total 95 % interval; NaN with too few test examples."""
    weight, curve = weights(found.curve.sizes), found.curve
    if found.too_few:
        return float(weight @ curve.means), math.nan
    test = weight @ curve.test_covariance @ weight
    seeds = weight @ seed_covariance(curve, found.shape) @ weight
    return float(weight @ curve.means), float(total_half_widths(np.array([test]), np.array([seeds]), found.variance)[0])


def efficiency(scores: pd.DataFrame, measured: dict, curves: dict, reference: str, metric: Metric) -> pd.DataFrame:
    """Return the rows of efficiency.parquet, one per dataset and arm that has two sizes or more in common with another.

    The other one is the reference arm. scores: rows of scores.parquet, of the arms to compare. measured, curves:
    (dataset, arm) -> gaps to the reference arm, and scores, see `evaluation.totals`.
    """
    rows = []
    for (dataset, arm), gaps in measured.items():
        sizes = gaps.curve.sizes
        if len(sizes) < 2 or not {(dataset, arm), (dataset, reference)} <= set(curves):
            continue
        cells = scores[(scores["dataset"] == dataset) & scores["arm"].isin([arm, reference])]
        of = cells.set_index("arm")["arm_title"].to_dict()
        row = {
            "dataset": dataset, "dataset_title": cells["dataset_title"].iloc[0], "arm": arm, "arm_title": of[arm],
            "reference": reference, "reference_title": of[reference], "metric": metric.name, "sizes": len(sizes),
            "smallest": int(sizes[0]), "largest": int(sizes[-1]),
            "selection": "test" if "test" in set(cells["selection"]) else "validation",
        }  # fmt: skip
        own, theirs = (
            curve.where(np.isin(curve.curve.sizes, sizes))
            for curve in (curves[dataset, arm], curves[dataset, reference])
        )
        for name, found in (("score", own), ("reference_score", theirs), ("gap", gaps)):
            mean, half = mean_over_labels(found)
            ends = np.array([mean, mean - half, mean + half])
            if name != "gap":
                ends = np.clip(ends / metric.scale, *metric.bounds)
            row |= dict(zip((name, f"{name}_low", f"{name}_high"), ends.tolist(), strict=True))
        rows.append(row)
    return marked_as(scores, pd.DataFrame(rows, columns=COLUMNS))
