"""Say in words what to use. ``report/page/page.js`` says the same sentences."""

from __future__ import annotations

import math

from pretrain_or_not.config.metrics import Metric
from pretrain_or_not.evaluation.recommend import Question, Recommendation
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


def time_text(ms: float) -> str:
    """Return milliseconds with two digits: ``0.052 ms``, ``2.1 ms``, ``210 ms``."""
    if math.isnan(ms):
        return "–"
    if ms < 0.001:
        return "under 0.001 ms"
    return f"{float(f'{ms:.2g}'):,.4f}".rstrip("0").rstrip(".") + " ms"


def money(value: float) -> str:
    """Return an amount of money: ``1,234``, ``3.40``, ``0``."""
    return f"{value:,.2f}" if value != 0 and abs(value) < 10 else f"{value:,.0f}"
