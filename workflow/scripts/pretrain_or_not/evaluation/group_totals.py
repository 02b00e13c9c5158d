"""Give groups of test examples mean scores with total intervals, like those of all test examples."""

from __future__ import annotations

import pandas as pd

from pretrain_or_not.config.metric import Metric
from pretrain_or_not.evaluation.by_group import SMALLEST
from pretrain_or_not.evaluation.metrics import unseen_variance
from pretrain_or_not.evaluation.seed_variance import PRIOR, shapes, total_half_widths
from pretrain_or_not.evaluation.totals import Measured

BLOCK = ["dataset", "arm", "n", "group"]

GROUP = [*BLOCK, "value"]

MEANS = {f"{name}_mean{end}": float for name in ("score", "gap") for end in ("", "_low", "_high")}

SPREADS = {f"spread_{name}{end}": float for name in ("mean", "gap") for end in ("", "_low", "_high")}

VARIANCES = ["test_score", "test_gap", "seeds_score", "seeds_gap"]

Known = dict[tuple[str, str], Measured]  # (dataset, arm) -> what is known of its seeds, from all test examples


def with_group_means(
    rows: pd.DataFrame, reference: str, metric: Metric, of_scores: Known, of_gaps: Known
) -> pd.DataFrame:
    """Return the rows of scores_by_group.parquet with the columns of MEANS and SPREADS.

    MEANS are means over seeds, with total intervals. The variance between seeds is that of the arm, times (5 % of the
    group's error)². That of test sampling is the mean over the seeds, which share the test examples: so an interval is
    never too narrow for that. SPREADS: see `spreads`. of_scores, of_gaps: of all examples, whose seeds are counted.
    """
    unseen = unseen_variance(rows["test_examples"], metric.scale)
    parts = rows.assign(
        test_score=(metric.scale * rows["score_se"]) ** 2 + unseen, test_gap=rows["gap_se"] ** 2 + unseen
    )
    means = parts.groupby(GROUP, sort=False, as_index=False).agg(
        score_mean=("score", "mean"), gap_mean=("gap", "mean"), test_score=("test_score", "mean"),
        test_gap=("test_gap", "mean"), seeds=("seed", "nunique"), test_examples=("test_examples", "mean"),
    )  # fmt: skip
    own = means[means["arm"] == reference].set_index(["dataset", "n", "group", "value"])["score_mean"]
    at = own.reindex(pd.MultiIndex.from_frame(means[own.index.names])).to_numpy()
    learned = means["n"] > 0  # without labels, seeds change nothing
    means = means.assign(
        seeds_score=(shapes(metric.error(means["score_mean"].to_numpy()), metric) / seeds_in(means, of_scores)).where(
            learned, 0.0
        ),
        seeds_gap=(shapes(metric.error(at), metric) / seeds_in(means, of_gaps)).where(learned, 0.0),
    )
    means = with_ends(means, "score_mean", "score", of_scores, reference, metric.scale)
    means = with_ends(means, "gap_mean", "gap", of_gaps, reference)
    shown = ["score_mean", "score_mean_low", "score_mean_high"]  # a mean may be above 1 by an error of arithmetic
    means[shown] = means[shown].clip(*metric.bounds)
    between = spreads(means, reference, metric, of_scores, of_gaps)
    table = rows.merge(means[[*GROUP, *MEANS]], how="left", on=GROUP)
    return table.merge(between[[*BLOCK, *SPREADS]], how="left", on=BLOCK)


def spreads(means: pd.DataFrame, reference: str, metric: Metric, of_scores: Known, of_gaps: Known) -> pd.DataFrame:
    """Return one row per dataset, arm, size and group column that has two groups of at least SMALLEST examples.

    `spread_mean`: how far the group with the worst mean score is behind the one with the best, in the unit of a gap.
    `spread_gap`: how much more than the reference arm is between the same two groups, paired over the test examples.
    Their total intervals take the two groups as independent: they have no test example in common. That one of them is
    the worst by chance is not counted. means: one row per group.
    """
    compared = means[(means["test_examples"] >= SMALLEST) & means["score_mean"].notna()]
    by_score = compared.iloc[(metric.sign * compared["score_mean"]).argsort(kind="stable")].groupby(BLOCK, sort=False)
    worst, best = by_score.head(1).set_index(BLOCK), by_score.tail(1).set_index(BLOCK)
    worst = worst[worst["value"] != best["value"].reindex(worst.index)]
    best = best.reindex(worst.index)
    both = (
        (worst[VARIANCES] + best[VARIANCES])
        .assign(
            spread_mean=metric.points * (best["score_mean"] - worst["score_mean"]),
            spread_gap=worst["gap_mean"] - best["gap_mean"],
        )
        .reset_index()
    )
    return with_ends(
        with_ends(both, "spread_mean", "score", of_scores, reference), "spread_gap", "gap", of_gaps, reference
    )


def seeds_in(means: pd.DataFrame, known: Known) -> pd.Series:
    """Return how many seeds each row is the mean of: those of its arm and size in `known`, or all that it has."""
    counted = {
        (*key, n): count
        for key, found in known.items()
        for n, count in zip(found.curve.sizes.tolist(), found.curve.seeds.tolist(), strict=True)
    }
    at = zip(means["dataset"], means["arm"], means["n"], means["seeds"], strict=True)
    return pd.Series([counted.get(tuple(key), seeds) for *key, seeds in at], means.index, dtype=float)


def with_ends(table: pd.DataFrame, value: str, name: str, known: Known, reference: str, scale: int = 1) -> pd.DataFrame:
    """Return rows of arms with the ends VALUE_low and VALUE_high of the total interval of the column VALUE.

    name: "score" or "gap"; the columns test_NAME and seeds_NAME are variances in the squared unit of a gap. known:
    those of the seeds. scale: of a gap against the unit of the value.
    """
    half = pd.Series(0.0, table.index)
    for (dataset, arm), rows in table.groupby(["dataset", "arm"], sort=False):
        if (name, arm) != ("gap", reference):  # that of the reference arm to itself has no interval
            test, seeds = rows[f"test_{name}"].to_numpy(), rows[f"seeds_{name}"].to_numpy()
            variance = known[dataset, arm].variance if (dataset, arm) in known else PRIOR
            half[rows.index] = total_half_widths(test, seeds, variance) / scale
    return table.assign(**{f"{value}_low": table[value] - half, f"{value}_high": table[value] + half})
