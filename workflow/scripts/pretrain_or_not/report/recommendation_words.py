"""Say in words what to use. ``report/page/page.js`` says the same sentences."""

from __future__ import annotations

import math

import pandas as pd

from pretrain_or_not.config.metrics import Metric
from pretrain_or_not.evaluation.recommend import Prices, Question, Recommendation
from pretrain_or_not.report.metric_words import score_text, steps
from pretrain_or_not.report.numbers import number
from pretrain_or_not.report.wording import counted


def sentences(question: Question, found: Recommendation, metric: Metric) -> list[str]:
    """Return a recommendation as sentences of plain text."""
    labels, arms = counted(round(question.n), "label"), found.arms
    if found.best is None:
        why = "no model was measured there"
        if question.limit is not None:
            why = f"no model takes {time_text(question.limit)} or less"
        return [f"With {labels}, there is nothing to recommend: {why}."]
    best, cheapest = arms.loc[found.best], arms.loc[found.cheapest]
    interval = (
        "" if math.isnan(best["low"]) else f" ({score_text(metric, best['low'])} to {score_text(metric, best['high'])})"
    )
    said = [
        f"With {labels}, {best['title']} has the best {metric.title}: {score_text(metric, best['score'])}{interval}."
    ]
    said += cheaper(question, found, metric)
    slow = arms.loc[arms["score"].notna() & ~arms["in_time"], "title"]
    if len(slow):
        said.append(
            f"Left out, as they take longer than {time_text(question.limit)} or were not timed: {', '.join(slow)}."
        )
    if found.cheapest != found.best and not math.isnan(cheapest["monthly"]) and not math.isnan(best["monthly"]):
        said.append(
            f"With these prices, {cheapest['title']} costs {money(cheapest['monthly'])} per month, {best['title']} "
            f"{money(best['monthly'])}."
        )
    return said


def cheaper(question, found, metric):
    """Return what is said about the cheapest arm."""
    near = steps(metric, question.tolerance)
    if found.cheapest == found.best and math.isnan(found.arms.loc[found.best, "ms"]):
        return ["Whether another one is cheaper is not known, as it was not timed."]
    if found.cheapest == found.best:
        return [f"No cheaper one is within {near} of it." if len(found.arms) > 1 else "There is no other one."]
    best, own = found.arms.loc[found.best], found.arms.loc[found.cheapest]
    gap, low, high = (number(own[key], metric.digits) for key in ("gap", "gap_low", "gap_high"))
    interval = "" if math.isnan(own["gap_low"]) else f" ({low} to {high})"
    said = [
        f"{own['title']} is close to it, {gap} {metric.step}s behind{interval}, and takes {time_text(own['ms'])} for a "
        f"text instead of {time_text(best['ms'])}."
    ]
    if own["gap_high"] > question.tolerance:
        said.append(f"It may be more than {near} behind: the interval goes beyond.")
    return said


def time_text(ms: float | None) -> str:
    """Return milliseconds with two digits: ``0.052 ms``, ``2.1 ms``, ``210 ms``."""
    if ms is None or math.isnan(ms):
        return "–"
    if ms < 0.001:
        return "under 0.001 ms"
    return f"{float(f'{ms:.2g}'):,.4f}".rstrip("0").rstrip(".") + " ms"


def money(value: float) -> str:
    """Return an amount of money: ``1,234``, ``3.40``, ``0``."""
    return f"{value:,.2f}" if value != 0 and abs(value) < 10 else f"{value:,.0f}"


def gain_words(curves: pd.DataFrame, arms: list[str], metric: Metric) -> list[str]:
    """Return in words what twice the labels brought arms between their two largest sizes; an empty list if nothing.

    curves: rows of `evaluation.recommend.curves_of` of one dataset. arms: names, in order.
    """
    gains = []
    for arm in dict.fromkeys(arms):
        own = curves[curves["arm"] == arm].sort_values("n").tail(2)
        if len(own) == 2:
            (n, first), (m, last) = own[["n", "score"]].itertuples(index=False)
            gain = metric.points * (last - first) / math.log2(m / n)
            gains.append((n, m, own["arm_title"].iloc[0], f"{number(gain, metric.digits)} {metric.step}s"))
    said = []
    for n, m in dict.fromkeys(gain[:2] for gain in gains):
        brought = " and ".join(f"{title} {gain}" for a, b, title, gain in gains if (a, b) == (n, m))
        said.append(f"Between {n:,} and {m:,} labels, twice the labels brought {brought}.")
    return said


def break_even_words(worth: pd.DataFrame, arms: pd.DataFrame, prices: Prices) -> list[str]:
    """Return in words after how long the labels are paid back that make a cheaper arm as good as the reference arm.

    After (N − n) · price of a label / (difference of the monthly prices) months, where the arm needs N labels for the
    score of the reference arm with n: for each arm, the largest n for which N was reached. Without the prices, an empty
    list. worth: rows of worth.parquet of one dataset. arms: see `Recommendation`.
    """
    said: list[str] = []
    if prices.label is None or worth.empty:
        return said
    for arm, rows in worth[worth["labels"].map(math.isfinite)].groupby("arm", sort=False):
        row, reference = rows.loc[rows["n"].idxmax()], rows["reference"].iloc[0]
        if not {arm, reference} <= set(arms.index):
            continue
        saved, more = arms.loc[reference, "monthly"] - arms.loc[arm, "monthly"], row["labels"] - row["n"]
        if not saved > 0 or more <= 0:
            continue
        said.append(
            f"{row['arm_title']} needs about {about(row['labels']):,} labels for the score of {row['reference_title']} "
            f"with {row['n']:,}: {about(more):,} more, for {money(more * prices.label)}. It saves {money(saved)} per "
            f"month, so they are paid back after {number(more * prices.label / saved, 1)} months."
        )
    return said


def about(n: float) -> int:
    """Return a number to two digits."""
    return int(float(f"{n:.2g}"))
