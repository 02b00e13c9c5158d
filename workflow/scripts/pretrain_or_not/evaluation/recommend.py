"""Choose an arm for a number of labels: the best one, or the cheapest that is close to it.

``report/page/page.js`` follows the same rules, so that the decision page can answer while its user moves a slider; a
test compares the two in a browser.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pandas as pd

from pretrain_or_not.config.metrics import Metric

MS_PER_HOUR = 3.6e6

ROUNDING = 1e-9  # of gaps that are exactly as large as the tolerance


class Question(NamedTuple):
    """What is asked for.

    n: number of labels. batch: texts that are classified at once, one of those that were timed. limit: the longest
    time for a text in milliseconds, None for any. tolerance: up to which gap to the best arm an arm is close to it.
    """

    n: float
    batch: int
    limit: float | None
    tolerance: float


class Prices(NamedTuple):
    """What the user pays, in one currency; None for what is not known. predictions: per month."""

    label: float | None = None
    hour: float | None = None
    predictions: float | None = None

    @classmethod
    def of(cls, costs: dict) -> Prices:
        """Return the prices of the config's `costs`."""
        return cls(costs["label"], costs["gpu_hour"], costs["predictions_per_month"])


class Recommendation(NamedTuple):
    """The answer to a Question.

    arms: one row per arm, see `of_arms`. best, cheapest: names of arms; None if there is none.
    """

    arms: pd.DataFrame
    best: str | None
    cheapest: str | None


def between(sizes: np.ndarray, values: np.ndarray, n: float) -> float:
    """Return the value at `n` labels, linear in log n between sizes; NaN outside of them. sizes: rising, (k,)."""
    if not len(sizes) or not sizes[0] * (1 - 1e-9) <= n <= sizes[-1] * (1 + 1e-9):
        return math.nan
    return float(np.interp(math.log(n), np.log(sizes), values))


def at(table: pd.DataFrame, n: float, *columns: str) -> list[float]:
    """Return the value of each column at `n` labels; see `between`. table: rows of one curve, with a column `n`."""
    rows = table.sort_values("n")
    return [between(rows["n"].to_numpy(float), rows[column].to_numpy(float), n) for column in columns]


def of_arms(curves: pd.DataFrame, times: pd.DataFrame, question: Question, prices: Prices) -> pd.DataFrame:
    """Return one row per arm, with its name as index: score, low, high, hours, ms, busy, memory_mb, once, monthly.

    once: the price of the labels and of training with them; monthly: of predictions; NaN without the prices. curves: of
    one dataset, see `curves_of`. times: see `times_of`.
    """
    rows = {}
    for arm, own in curves.groupby("arm", sort=False):
        score, low, high, hours = at(own, question.n, "score", "low", "high", "hours")
        timed = times[(times["arm"] == arm) & (times["batch"] == question.batch)]
        ms, memory, busy = timed.iloc[0][["ms", "memory_mb", "busy"]] if len(timed) else (math.nan, math.nan, False)
        training = math.nan if prices.hour is None else hours * prices.hour
        once = math.nan if prices.label is None and prices.hour is None else np.nansum(
            [question.n * prices.label if prices.label is not None else 0.0, training]
        )  # fmt: skip
        monthly = math.nan
        if prices.hour is not None and prices.predictions is not None:
            monthly = prices.predictions * ms / MS_PER_HOUR * prices.hour
        rows[arm] = {"title": own["arm_title"].iloc[0], "score": score, "low": low, "high": high, "hours": hours,
                     "ms": ms, "busy": bool(busy), "memory_mb": memory, "once": once, "monthly": monthly}  # fmt: skip
    table = pd.DataFrame.from_dict(rows, orient="index")
    in_time = True if question.limit is None else table["ms"] <= question.limit
    return table.assign(in_time=in_time)


def recommend(
    curves: pd.DataFrame, pairs: pd.DataFrame, times: pd.DataFrame, question: Question, prices: Prices, metric: Metric
) -> Recommendation:
    """Return the arm with the best score within the time limit, and the cheapest one that is close to it.

    Cheap is a low monthly price or, without prices, little time for a text. curves, pairs, times: of one dataset;
    pairs: rows of pairs.parquet. In the table of arms, gap, gap_low and gap_high say how far each is behind the best.
    """
    arms = of_arms(curves, times, question, prices)
    possible = arms[arms["score"].notna() & arms["in_time"]]
    gaps = ["gap", "gap_low", "gap_high"]
    if possible.empty:
        return Recommendation(arms.assign(**dict.fromkeys(gaps, math.nan)), None, None)
    best = str((metric.sign * possible["score"]).idxmax())
    for arm in arms.index:
        own = pairs[(pairs["arm"] == arm) & (pairs["other"] == best)]
        arms.loc[arm, gaps] = [0.0] * 3 if arm == best else at(own, question.n, *gaps)
    close = arms[arms["score"].notna() & arms["in_time"] & (arms["gap"] <= question.tolerance + ROUNDING)]
    price = close["monthly"].where(close["monthly"].notna(), close["ms"])
    # Without a price of the best arm, none is known to be cheaper.
    return Recommendation(arms, best, best if math.isnan(price[best]) else str(price.idxmin()))


def curves_of(scores: pd.DataFrame, metric: Metric) -> pd.DataFrame:
    """Return one row per dataset, arm and size: score, low, high, and hours of training, all tries together.

    scores: rows of scores.parquet.
    """
    keys = ["dataset", "arm", "arm_title", "n"]
    names = {"score_mean": "score", "score_mean_low": "low", "score_mean_high": "high", "sweep_seconds": "hours"}
    means = scores[scores[metric.name].notna()].groupby(keys, sort=False, as_index=False)[[*names]].mean()
    return means.rename(columns=names).assign(hours=means["sweep_seconds"] / 3600)


def times_of(measured: pd.DataFrame) -> pd.DataFrame:
    """Return one row per dataset, arm and batch size: ms, memory_mb, busy, from text to class where that was timed.

    Times are those on the CPU, or on the GPU where none was taken on the CPU. measured: of `report.times.measurements`.
    """
    keys = ["dataset", "arm", "batch"]
    names = {"batch_size": "batch", "peak_memory_mb": "memory_mb"}
    if measured.empty:
        return pd.DataFrame(columns=[*keys, "ms", "memory_mb", "busy"])
    device = min(measured["device"])  # cpu before cuda
    rows = measured[measured["device"] == device].rename(columns=names).sort_values("start", kind="stable")
    return rows.drop_duplicates(keys)[[*keys, "ms", "memory_mb", "busy"]]  # "text" before "tokens"
