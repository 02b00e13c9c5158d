"""Compare each two arms, not only those with the reference arm: what a recommendation needs."""

from __future__ import annotations

import pandas as pd

from pretrain_or_not.config.metric import Metric
from pretrain_or_not.evaluation.totals import measured_gaps

COLUMNS = ["dataset", "dataset_title", "arm", "arm_title", "other", "other_title", "metric", "n", "gap", "gap_low",
           "gap_high"]  # fmt: skip

CELL = ["dataset", "dataset_title", "n", "seed", "folds"]


def pairs(scores: pd.DataFrame, measured: dict, predictions: dict, reference: str, metric: Metric) -> pd.DataFrame:
    """Return the rows of pairs.parquet: how far an arm is behind another one at each size, with total 95 % intervals.

    Each two arms stand there twice, once from each side, with opposite signs. The gaps to the reference arm are those
    of gaps.parquet. What is known of the variance between seeds of another pair starts from the pairs of its first arm
    with later ones.

    scores: rows of scores.parquet. measured: the gaps to the reference arm, see `evaluation.totals`. predictions:
    (dataset, arm, n, seed) -> path of the cell's predictions. reference: name of the arm.
    """
    cells = scores[scores[metric.name].notna()]
    arms = list(dict.fromkeys([reference, *cells["arm"]]))
    tables = []
    for place, other in enumerate(arms):
        ours = cells.loc[cells["arm"].isin(arms[place + 1 :]), [*CELL, "arm", "arm_title"]]
        theirs = cells.loc[cells["arm"] == other, [*CELL, "arm_title"]].rename(columns={"arm_title": "other_title"})
        both = ours.merge(theirs, on=CELL).assign(reference=other, other=other)
        if both.empty:
            continue
        found = measured if other == reference else measured_gaps(both, scores, predictions, metric)
        for (dataset, arm), gap in found.items():
            if arm not in arms:
                continue
            facts = both[(both["dataset"] == dataset) & (both["arm"] == arm)].iloc[0][COLUMNS[:6]].to_dict()
            means, half = gap.curve.means, gap.half_widths()
            ends = {"n": gap.curve.sizes, "gap": means, "gap_low": means - half, "gap_high": means + half}
            tables.append(pd.DataFrame(ends).assign(**facts, metric=metric.name))
    if not tables:
        return pd.DataFrame(columns=COLUMNS)
    once = pd.concat(tables, ignore_index=True)
    names = {"arm": "other", "arm_title": "other_title", "other": "arm", "other_title": "arm_title"}
    turned = once.rename(columns=names).assign(gap=-once["gap"], gap_low=-once["gap_high"], gap_high=-once["gap_low"])
    return pd.concat([once, turned], ignore_index=True)[COLUMNS]
