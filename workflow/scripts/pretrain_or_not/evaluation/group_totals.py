"""Give each group of test examples its mean score, with a total interval, like that of all test examples."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pretrain_or_not.config.metrics import Metric
from pretrain_or_not.evaluation.metrics import Z_95
from pretrain_or_not.evaluation.seed_variance import SeedVariance, shapes, total_half_widths

GROUP = ["dataset", "arm", "n", "group", "value"]

MEANS = {f"{name}_mean{end}": float for name in ("score", "gap") for end in ("", "_low", "_high")}


def with_group_means(
    rows: pd.DataFrame,
    reference: str,
    metric: Metric,
    of_scores: dict[str, SeedVariance],
    of_gaps: dict[str, SeedVariance],
) -> pd.DataFrame:
    """Return the rows of scores_by_group.parquet with the columns of MEANS: means over seeds, and total intervals.

    The variance between seeds is that of the dataset, times (5 % of the group's error)². That of test sampling is the
    mean over the seeds, which share the test examples: so an interval is never too narrow for that. of_scores, of_gaps:
    dataset -> pooled variance between seeds.
    """
    test = (metric.scale * (rows["score_high"] - rows["score_low"]) / (2 * Z_95)) ** 2
    parts = rows.assign(test_score=test, test_gap=rows["gap_se"] ** 2)
    means = parts.groupby(GROUP, sort=False, as_index=False).agg(
        score_mean=("score", "mean"), gap_mean=("gap", "mean"), test_score=("test_score", "mean"),
        test_gap=("test_gap", "mean"), seeds=("seed", "size"),
    )  # fmt: skip
    own = means[means["arm"] == reference].set_index(["dataset", "n", "group", "value"])["score_mean"]
    at = pd.MultiIndex.from_frame(means[own.index.names])
    means = means.assign(
        error=metric.error(means["score_mean"]), reference_error=metric.error(own.reindex(at).to_numpy())
    )
    kinds = (("score", "error", of_scores, metric.scale), ("gap", "reference_error", of_gaps, 1))
    for name, error, pooled, scale in kinds:
        for dataset, cells in means.groupby("dataset", sort=False):
            seeds = shapes(cells[error].to_numpy(), metric) / cells["seeds"].to_numpy()
            half = (
                total_half_widths(cells[f"test_{name}"].to_numpy(), seeds, pooled.get(dataset, SeedVariance())) / scale
            )
            if name == "gap":
                half = np.where(cells["arm"] == reference, 0, half)  # of the reference arm to itself
            for end, sign in (("_low", -1), ("_high", 1)):
                means.loc[cells.index, f"{name}_mean{end}"] = cells[f"{name}_mean"] + sign * half
    ends = ["score_mean_low", "score_mean_high"]
    means[ends] = means[ends].clip(*metric.bounds)
    return rows.merge(means[[*GROUP, *MEANS]], how="left", on=GROUP)
