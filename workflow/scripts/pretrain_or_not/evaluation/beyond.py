"""Say what to expect of each arm with more labels than were run."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from pretrain_or_not.config.metric import Metric
from pretrain_or_not.evaluation.budget import marked_as
from pretrain_or_not.evaluation.extrapolation import FARTHEST, Observed, extrapolate, refusal
from pretrain_or_not.evaluation.seed_variance import seed_covariance
from pretrain_or_not.evaluation.totals import Measured

LEVELS = {"low_95": 0.025, "low_80": 0.1, "low_50": 0.25, "median": 0.5, "high_50": 0.75, "high_80": 0.9,
          "high_95": 0.975}  # fmt: skip

STEPS = 20  # of the grid of horizons, equal in log n

# Families whose curves fell faster than was said, on known curves.
FASTER = ("lstm", "bag")

COLUMNS = ["dataset", "dataset_title", "arm", "arm_title", "reference", "reference_title", "metric", "what", "largest",
           "n", "times", *LEVELS, "threshold", "within", "faster", "reference_faster", "sizes", "refused"]  # fmt: skip


def horizons(largest: int) -> np.ndarray:
    """Return numbers of labels from the largest size to FARTHEST times it, rising; twice it is one of them."""
    grid = np.geomspace(1, FARTHEST, STEPS + 1)
    grid[np.abs(grid - 2).argmin()] = 2
    return np.unique(np.rint(largest * grid).astype(int))


def observe(measured: Measured, errors: np.ndarray, guessing: float, metric: Metric, share: float = 1.0) -> Observed:
    """Return the errors of an arm as `extrapolate` takes them.

    measured: whose noise they have. errors: (k,) in the unit of a gap. guessing: score of guessing. share: of the
    noise.
    """
    return Observed(
        measured.curve.sizes,
        errors,
        share * measured.curve.test_covariance,
        metric.error(guessing),
        metric.error(metric.bounds[0]),
        share * seed_covariance(measured.curve, measured.shape),
        measured.variance,
    )


def unfit(measured: Measured, metric: Metric) -> str | None:
    """Return in words why nothing can be said whatever the curve is, or None."""
    if not math.isfinite(metric.error(metric.bounds[0])) or not metric.higher_is_better:
        return f"the method needs a metric with a best and a worst score, and {metric.title} has none"
    if measured.too_few:
        return f"{measured.curve.values.shape[1]} test examples are too few"
    return None


def of_score(own: Measured, title: str, guessing: float, metric: Metric) -> tuple[np.ndarray | None, str | None]:
    """Return paths of an arm's score, (paths, horizons), or None and in words why there are none."""
    if reason := unfit(own, metric):
        return None, reason
    observed = observe(own, metric.error(own.curve.means / metric.scale), guessing, metric)
    if reason := refusal(observed):
        return None, reason.format(arm=title)
    paths, reason = extrapolate(observed, horizons(observed.sizes[-1]), np.random.default_rng(0))
    if reason:
        return None, reason.format(arm=title)
    return metric.bounds[1] - paths / metric.scale, None


def of_gap(
    gap: Measured, reference: Measured, titles: tuple[str, str], guessing: float, metric: Metric
) -> tuple[np.ndarray | None, str | None]:
    """Return paths of an arm's gap, (paths, horizons), or None and in words why there are none.

    It is the difference of two extrapolations, each with half of the gap's noise: what both arms share cancels. gap: at
    the sizes of both arms. reference: scores of the reference arm. titles: of the arm and of the reference arm.
    """
    if reason := unfit(gap, metric):
        return None, reason
    shared = reference.where(np.isin(reference.curve.sizes, gap.curve.sizes))
    errors = metric.error(shared.curve.means / metric.scale)
    both, paths, rng = (errors + gap.curve.means, errors), [], np.random.default_rng(0)
    for title, of_arm in zip(titles, both, strict=True):
        # What an arm does by itself is judged by all of its noise, not only by what does not cancel.
        if reason := refusal(observe(shared, of_arm, guessing, metric)):
            return None, reason.format(arm=title)
    for title, of_arm in zip(titles, both, strict=True):
        drawn, reason = extrapolate(observe(gap, of_arm, guessing, metric, 0.5), horizons(gap.curve.sizes[-1]), rng)
        if reason:
            return None, reason.format(arm=title)
        paths.append(drawn)
    return paths[0] - paths[1], None


def rows_of(facts: dict, what: str, measured: Measured, paths: np.ndarray | None, reason: str | None) -> pd.DataFrame:
    """Return the rows of one arm, one per horizon, or one with the reason where there are no paths."""
    sizes = measured.curve.sizes
    largest = int(sizes[-1])
    at = horizons(largest) if paths is not None else np.array([largest])
    table = pd.DataFrame({"what": what, "largest": largest, "n": at, "times": at / largest, "sizes": len(sizes)})
    values = [math.nan] * len(LEVELS) if paths is None else np.quantile(paths, list(LEVELS.values()), axis=0)
    within = math.nan
    if paths is not None and what == "gap":
        within = (paths < facts["threshold"]).mean(axis=0)
    return table.assign(**facts, **dict(zip(LEVELS, values, strict=True)), within=within, refused=reason)


def beyond(scores: pd.DataFrame, gaps: dict, curves: dict, reference: str, threshold: float, metric: Metric):
    """Return the rows of beyond.parquet, a data frame with COLUMNS; scores are in the unit of scores.parquet.

    scores: rows of scores.parquet. gaps, curves: (dataset, arm) -> what was measured, see `evaluation.totals`.
    reference: name of the arm. threshold: in the unit of the gaps.
    """
    tables = []
    for (dataset, arm), own in curves.items():
        cells = scores[(scores["dataset"] == dataset) & (scores["arm"] == arm)]
        first, other = cells.iloc[0], scores.loc[scores["arm"] == reference, "arm_title"]
        guessing = cells[f"{metric.name}_guessing"][cells["n"] == own.curve.sizes[-1]].mean()
        facts = {key: first[key] for key in ("dataset", "dataset_title", "arm", "arm_title")} | {
            "reference": reference, "reference_title": other.iloc[0] if len(other) else reference,
            "metric": metric.name, "threshold": float(threshold), "faster": first["family"] in FASTER,
            "reference_faster": bool(scores.loc[scores["arm"] == reference, "family"].isin(FASTER).any()),
        }  # fmt: skip
        tables.append(rows_of(facts, "score", own, *of_score(own, facts["arm_title"], guessing, metric)))
        if (dataset, arm) in gaps and (dataset, reference) in curves:
            gap, titles = gaps[dataset, arm], (facts["arm_title"], facts["reference_title"])
            paths = of_gap(gap, curves[dataset, reference], titles, guessing, metric)
            tables.append(rows_of(facts, "gap", gap, *paths))
    if not tables:
        return marked_as(scores, pd.DataFrame(columns=COLUMNS))
    return marked_as(scores, pd.concat(tables, ignore_index=True)[COLUMNS].astype({"refused": "str"}))
