"""Choose an arm for a number of labels: the best one, or the cheapest that is close to it.

``report/page/page.js`` follows the same rules, so that the decision page can answer while its user moves a slider; a
test compares the two in a browser.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import pandas as pd

from pretrain_or_not.config.metric import Metric
from pretrain_or_not.evaluation.arm_tables import TIMED
from pretrain_or_not.evaluation.predictions import FEWEST_TEST_EXAMPLES
from pretrain_or_not.evaluation.wilson import Z_95

MS_PER_HOUR = 3.6e6

SURE = 0.9  # chance that a score reaches the target

# Share of the time of another arm, up to which an arm is quicker. Two processes that do the same differ by a sixth.
QUICKER = 0.75

QUICKER_BUSY = 0.5  # where other work had the machine of the other arm, which also slows down what computes

ROUNDING = 1e-9  # of gaps that are exactly as large as the tolerance


class Question(NamedTuple):
    """What is asked for.

    n: number of labels. batch: texts that are classified at once, one of those that were timed. limit: the longest
    time for a text in milliseconds, None for any. tolerance: up to which gap to the best arm an arm is close to it.
    target: a score that is good enough, in the unit in which scores are shown, or None.
    """

    n: float
    batch: int
    limit: float | None
    tolerance: float
    target: float | None = None


class Prices(NamedTuple):
    """What the user pays, in one currency; None for what is not known.

    hour: of the machine, training or classifying, whatever it computes on. predictions: per month.
    """

    label: float | None = None
    hour: float | None = None
    predictions: float | None = None

    @classmethod
    def of(cls, costs: dict) -> Prices:
        """Return the prices of the config's `costs`."""
        return cls(costs["label"], costs["hour"], costs["predictions_per_month"])


class Recommendation(NamedTuple):
    """The answer to a Question.

    arms: one row per arm, see `of_arms`. best, cheapest, enough: names of arms; None if there is none. enough: the
    cheapest one whose score reaches the target with a chance of at least SURE.
    """

    arms: pd.DataFrame
    best: str | None
    cheapest: str | None
    enough: str | None = None


def between(sizes: np.ndarray, values: np.ndarray, n: float) -> float:
    """Return the value at `n` labels, linear in log n between sizes; NaN outside of them. sizes: rising, (k,)."""
    if not len(sizes) or not sizes[0] * (1 - 1e-9) <= n <= sizes[-1] * (1 + 1e-9):
        return math.nan
    return float(np.interp(math.log(n), np.log(sizes), values))


def at(table: pd.DataFrame, n: float, *columns: str) -> list[float]:
    """Return the value of each column at `n` labels; see `between`. table: rows of one curve, with a column `n`."""
    rows = table.sort_values("n")
    return [between(rows["n"].to_numpy(float), rows[column].to_numpy(float), n) for column in columns]


def used_labels(curve: pd.DataFrame, n: float) -> float:
    """Return how many of `n` labels an arm uses: all or, beyond its largest size, as many as that.

    curve: rows of `arm_tables.curves_of` of one arm, at least one.
    """
    return min(n, float(curve["n"].max()))


def of_arms(
    curves: pd.DataFrame, times: pd.DataFrame, question: Question, prices: Prices, metric: Metric
) -> pd.DataFrame:
    """Return one row per arm, with its name as index: used, score, low, high, hours, ms, memory_mb, once, monthly, …

    used: see `used_labels`; score and hours are those with so many. guesses: whether the arm is not clearly better than
    guessing, whose score is `guessing`, as `evaluation.guessing` tells it. test_examples: the fewest of a cell. once:
    the price of these labels, with those for validation, and of training with them; monthly: of predictions; NaN
    without the prices. curves: of one dataset, see `arm_tables`. times: likewise.
    """
    rows = {}
    for arm, own in curves.groupby("arm", sort=False):
        used = used_labels(own, question.n)
        score, low, high, hours, floor, guessing, validation = at(
            own, used, "score", "low", "high", "hours", "floor", "guessing", "validation"
        )
        timed = times[(times["arm"] == arm) & (times["batch"] == question.batch)]
        time = timed.iloc[0] if len(timed) else {"busy": False}
        ms, ms_low, ms_high, cpu_ms, memory = (time.get(key, math.nan) for key in TIMED[:-1])
        once = math.nan
        if not math.isnan(score) and (prices.label, prices.hour) != (None, None):
            once = (used + validation) * (prices.label or 0.0) + hours * (prices.hour or 0.0)
        monthly = math.nan
        if prices.hour is not None and prices.predictions is not None:
            monthly = prices.predictions * ms / MS_PER_HOUR * prices.hour
        rows[arm] = {"title": own["arm_title"].iloc[0], "used": used, "score": score, "low": low, "high": high,
                     "guessing": guessing, "guesses": metric.sign * floor <= metric.sign * guessing,
                     "test_examples": own["test_examples"].min(), "hours": hours, "ms": ms, "ms_low": ms_low,
                     "ms_high": ms_high, "cpu_ms": cpu_ms, "busy": bool(time["busy"]), "memory_mb": memory,
                     "once": once, "monthly": monthly}  # fmt: skip
    table = pd.DataFrame.from_dict(rows, orient="index")
    in_time = True if question.limit is None else table["ms"] <= question.limit
    return table.assign(in_time=in_time)


def recommend(
    curves: pd.DataFrame, pairs: pd.DataFrame, times: pd.DataFrame, question: Question, prices: Prices, metric: Metric
) -> Recommendation:
    """Return the arm with the best score within the time limit, and the cheapest one that is close to it.

    Cheap is what takes clearly less time for a text, if the best arm was timed: the price of a month is in proportion
    to it. An arm that guesses is no choice, unless all do.
    curves, pairs, times: of one dataset; pairs: rows of pairs.parquet. In the table of arms, gap, gap_low and gap_high
    say how far each is behind the best, see `gap_to`; possible: whether it is a choice; near: whether it is also close
    to the best.
    """
    arms = of_arms(curves, times, question, prices, metric)
    arms["possible"] = arms["score"].notna() & arms["in_time"]
    ranked = arms["test_examples"].min() >= FEWEST_TEST_EXAMPLES  # with fewer, nothing is clearly better than guessing
    if ranked and not arms.loc[arms["possible"], "guesses"].all():
        arms["possible"] &= ~arms["guesses"]
    possible = arms[arms["possible"]]
    gaps = ["gap", "gap_low", "gap_high"]
    if possible.empty:
        return Recommendation(arms.assign(**dict.fromkeys(gaps, math.nan), near=False), None, None)
    best = best_of(possible, pairs, question.n, metric)
    for arm in arms.index:
        arms.loc[arm, gaps] = [0.0] * 3 if arm == best else gap_to(best, arm, arms, pairs, question.n, metric)
    near = (arms["gap"] <= question.tolerance + ROUNDING) | (arms.index == best)  # the tolerance may be negative
    arms["near"] = arms["possible"] & near
    reaching = possible[reaches(possible, question.target, metric)]
    cheapest, enough = (cheapest_of(own, best, metric) for own in (arms[arms["near"]], reaching))
    return Recommendation(arms, best, cheapest, enough)


def best_of(arms: pd.DataFrame, pairs: pd.DataFrame, n: float, metric: Metric) -> str:
    """Return the arm that no other one is ahead of, by the gaps of `gap_to`; of several, that with the best score.

    Of arms that were measured with different seeds or sizes, mean scores may say the opposite of the gap. If each arm
    is behind another one, it is the one that is the least behind. arms: see `of_arms`, at least one, each with a score.
    """
    in_order = list((metric.sign * arms["score"]).sort_values(ascending=False, kind="stable").index)
    behind = {}
    for arm in in_order:
        gaps = (gap_to(arm, other, arms, pairs, n, metric)[0] for other in in_order if other != arm)
        behind[arm] = -min(gaps, default=0.0)
        if behind[arm] <= ROUNDING:
            return arm
    return min(behind, key=lambda arm: behind[arm])


def cheapest_of(arms: pd.DataFrame, best: str, metric: Metric) -> str | None:
    """Return the quickest of arms or, of those that are about as quick, the best one.

    If the best one of all was not timed, it is that one if it is among them, or the first.
    """
    if arms.empty:
        return None
    if best in arms.index and math.isnan(arms.loc[best, "ms"]):
        return best
    timed = arms[arms["ms"].notna()]
    if timed.empty:
        return str(arms.index[0])
    if best in arms.index:
        timed = timed[[is_quicker(arm, arms.loc[best]) for _, arm in timed.iterrows()]]
        if timed.empty:
            return best
    quickest = timed.loc[timed["ms"].idxmin()]
    level = timed[[not is_quicker(quickest, arm) for _, arm in timed.iterrows()]]
    return str((metric.sign * level["score"]).idxmax())


def is_quicker(arm: pd.Series, other: pd.Series) -> bool:
    """Return whether an arm takes clearly less time than another one, see QUICKER and QUICKER_BUSY.

    Known intervals must be apart. Where the machine was busy when the other one was timed, only the time in which it
    computed counts.
    """
    factor = QUICKER_BUSY if other["busy"] else QUICKER
    share = min(1.0, other["cpu_ms"] / other["ms"]) if other["busy"] and other["ms"] > 0 else 1.0
    if math.isnan(share):
        share = 1.0
    return bool(arm["ms"] <= factor * share * other["ms"] and not arm["ms_high"] >= share * other["ms_low"])


def reaches(arms: pd.DataFrame, target: float | None, metric: Metric) -> pd.Series:
    """Return whether the score of each arm reaches the target with a chance of at least SURE, by its 95 % interval.

    arms: see `of_arms`. target: see `Question`; None is never reached.
    """
    if target is None:
        return pd.Series(False, index=arms.index)
    worse_end = arms["low"] if metric.sign > 0 else arms["high"]
    sure = arms["score"] + (worse_end - arms["score"]) * NormalDist().inv_cdf(SURE) / Z_95
    return metric.sign * metric.scale * sure >= metric.sign * target - ROUNDING


def gap_to(
    best: str, arm: str, arms: pd.DataFrame, pairs: pd.DataFrame, n: float, metric: Metric
) -> tuple[float, float, float]:
    """Return how far an arm is behind the best one with `n` labels: the gap and its 95 % interval.

    It is the paired gap where both use all labels. Where one uses fewer, or they have no gap there, it is that of
    their scores, with the interval of Newcombe (1998), method 10, from those of the scores: too wide rather than too
    narrow, as both were tested on the same examples. arms: see `of_arms`. pairs: rows of pairs.parquet.
    """
    ours, theirs = arms.loc[arm], arms.loc[best]
    if min(ours["used"], theirs["used"]) >= n:
        gap, low, high = at(pairs[(pairs["arm"] == arm) & (pairs["other"] == best)], n, "gap", "gap_low", "gap_high")
        if not math.isnan(gap):
            return gap, low, high
    first, second = (theirs, ours) if metric.sign > 0 else (ours, theirs)
    gap = first["score"] - second["score"]
    low = gap - math.hypot(first["score"] - first["low"], second["high"] - second["score"])
    high = gap + math.hypot(first["high"] - first["score"], second["score"] - second["low"])
    return metric.scale * gap, metric.scale * low, metric.scale * high
