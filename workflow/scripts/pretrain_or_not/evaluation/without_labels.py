"""Compare arms that need no labels with those that are trained: from how many labels on is each of them better?"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from pretrain_or_not.config.metric import Metric
from pretrain_or_not.evaluation.totals import Measured, measured_gaps

COLUMNS = ["dataset", "arm", "arm_title", "metric", "score", "score_low", "score_high", "other", "other_title",
           "better", "sure", "smallest", "largest"]  # fmt: skip


def without_labels(scores: pd.DataFrame, predictions: dict, metric: Metric) -> pd.DataFrame:
    """Return one row per dataset, arm of size 0 and other arm that learns; COLUMNS.

    better: the smallest size from which on the mean score of the other arm is above that without labels at all sizes;
    sure: that from which on the total 95 % interval of the gap says so too; NaN for none. The gap is paired: both are
    tested on the same examples. scores: rows of scores.parquet. predictions: (dataset, arm, n, seed) -> path.
    """
    scored = scores[scores[metric.name].notna() & (scores["family"] != "majority")]
    rows = []
    for (dataset, _), own in scored[scored["n"] == 0].groupby(["dataset", "arm"], sort=False):
        first = own.iloc[0]
        facts = {key: first[key] for key in ("dataset", "arm", "arm_title", "metric")}
        facts |= {f"score{end}": first[f"score_mean{end}"] for end in ("", "_low", "_high")}
        others = scored[(scored["dataset"] == dataset) & (scored["n"] > 0)]
        gaps = gaps_to(own, others, predictions, metric)
        titles = dict(zip(others["arm"], others["arm_title"], strict=True))
        rows += [
            facts | {"other": other, "other_title": titles[other]} | overtaking(gap) for (_, other), gap in gaps.items()
        ] or [facts | {"other": None, "other_title": None}]
    return pd.DataFrame(rows, columns=COLUMNS)


def gaps_to(own: pd.DataFrame, others: pd.DataFrame, predictions: dict, metric: Metric) -> dict:
    """Return the measured gaps of arms to one without labels, as if that had the same cell at each size and seed.

    Each fold tests other examples: so with folds, cells of others whose seed it lacks are left out. own: its rows of
    scores.parquet, one or, with folds, one per seed. others: rows of other arms. Positive is behind.
    """
    dataset, arm = own["dataset"].iloc[0], own["arm"].iloc[0]
    by_seed = own.set_index("seed")
    if own["folds"].iloc[0]:
        others = others[others["seed"].isin(by_seed.index)]
    if others.empty:
        return {}
    at = list(dict.fromkeys(zip(others["n"], others["seed"], strict=True)))
    tested = {seed: seed if seed in by_seed.index else by_seed.index[0] for _, seed in at}
    repeated = own.set_index("seed", drop=False).loc[[tested[seed] for _, seed in at]]
    repeated = repeated.assign(n=[n for n, _ in at], seed=[seed for _, seed in at])
    paths = predictions | {(dataset, arm, n, seed): predictions[dataset, arm, 0, tested[seed]] for n, seed in at}
    table = pd.concat([others, repeated], ignore_index=True)
    return measured_gaps(others.assign(reference=arm), table, paths, metric)


def overtaking(gap: Measured) -> dict:
    """Return from which size on an arm is better, surely better, and its smallest and largest size."""
    sizes, means, half = gap.curve.sizes, gap.curve.means, gap.half_widths()
    return {
        "better": from_where(sizes, means < 0),
        "sure": from_where(sizes, means + half < 0),
        "smallest": int(sizes[0]),
        "largest": int(sizes[-1]),
    }


def from_where(sizes: np.ndarray, holds: np.ndarray) -> float:
    """Return the smallest size from which on something holds at all sizes; NaN if not at the largest. Both: (k,)."""
    fails = np.flatnonzero(~holds)
    after = fails[-1] + 1 if len(fails) else 0
    return float(sizes[after]) if after < len(sizes) else math.nan
