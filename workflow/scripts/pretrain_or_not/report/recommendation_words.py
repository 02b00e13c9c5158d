"""Say in words what to use. ``report/page/page.js`` says the same sentences."""

from __future__ import annotations

import math

import pandas as pd

from pretrain_or_not.config.metric import Metric
from pretrain_or_not.config.numbers import number
from pretrain_or_not.evaluation.crossing import CLOSE
from pretrain_or_not.evaluation.predictions import FEWEST_TEST_EXAMPLES
from pretrain_or_not.evaluation.recommend import ROUNDING, SURE, Prices, Question, Recommendation, is_quicker
from pretrain_or_not.report.amounts import duration, size
from pretrain_or_not.report.metric_words import guessing_words, score_text, side_of, steps
from pretrain_or_not.report.wording import counted

NOT_CERTAIN = "That it is the best is not certain"

NOT_KNOWN = "Whether it is better than"

GUESSING = "Left out, as not clearly better than guessing"

OF_SCORES = (NOT_CERTAIN, NOT_KNOWN, GUESSING)  # beginnings of sentences on scores alone, whatever the batch

BUSY = " (the machine was busy, so the time is too long)"


def sentences(question: Question, found: Recommendation, metric: Metric, prices: Prices) -> list[str]:
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
    tied = [named(arm, question) for _, arm in arms.iterrows() if is_tied(arm, best)]
    who, interval = (f"{' and '.join(tied)} have", "") if len(tied) > 1 else (f"{named(best, question)} has", interval)
    said = doubts(arms, best, metric)
    said.append(f"With {labels}, {who} the best {metric.title}: {score_text(metric, best['score'])}{interval}.")
    said += ahead_elsewhere(found, metric)
    said += rivals(found)
    said += cheaper(question, found, metric)
    said += needs(found)
    said += target_words(question, found, metric)
    slow = arms.loc[arms["score"].notna() & ~arms["in_time"], "title"]
    if len(slow):
        said.append(
            f"Left out, as they take longer than {time_text(question.limit)} or were not timed: {', '.join(slow)}."
        )
    close = arms["gap_low"].fillna(arms["gap"]) <= question.tolerance
    guessing = arms.loc[arms["in_time"] & ~arms["possible"] & close, "title"]
    if len(guessing):
        guess = score_text(metric, best["guessing"])
        said.append(f"{GUESSING} ({guess}): {', '.join(guessing)}.")
    named_arms = [cheapest] if found.cheapest == found.best else [cheapest, best]
    costs = [f"{arm['title']} costs {paid}" for arm in named_arms if (paid := paid_words(arm, prices))]
    if costs:
        said.append(f"With these prices, {'; '.join(costs)}.")
    return said


def doubts(arms, best, metric):
    """Return what is said before anything else: that all arms guess, or cannot be ranked."""
    possible, said = arms[arms["possible"]], []
    if possible["guesses"].all():
        guess = score_text(metric, best["guessing"])
        said.append(f"No model is clearly better than guessing ({guess}, by {guessing_words(metric)}).")
    if len(possible) > 1 and best["test_examples"] < FEWEST_TEST_EXAMPLES:
        few = counted(int(best["test_examples"]), "test example")
        said.append(f"The models cannot be ranked: {few} are too few, and chance alone can make them differ.")
    return said


def is_tied(arm, best):
    """Return whether an arm has exactly the score of the best one, and no gap to it."""
    return arm["possible"] and abs(arm["gap"]) <= ROUNDING and abs(arm["score"] - best["score"]) <= ROUNDING


def named(arm, question):
    """Return the title of an arm, with the number of labels that it was trained on where it does not use all."""
    used = round(arm["used"])
    return f"{arm['title']}, trained on {used:,} of them," if used < round(question.n) else arm["title"]


def paid_words(arm, prices):
    """Return what an arm costs in all, in words: once, and per month; nothing without prices."""
    bought = [
        what
        for what, price in (("labels (validation included)", prices.label), ("training", prices.hour))
        if price is not None
    ]
    parts = [] if math.isnan(arm["once"]) else [f"{money(arm['once'])} for {' and '.join(bought)}"]
    parts += [] if math.isnan(arm["monthly"]) else [f"{money(arm['monthly'])} per month"]
    return ", and ".join(parts)


def ahead_elsewhere(found, metric):
    """Return what is said about arms with a better score than the best one, which were measured elsewhere."""
    arms, best = found.arms, found.arms.loc[found.best]
    better = arms[arms["possible"] & (metric.sign * arms["score"] > metric.sign * best["score"])]
    return [
        f"{arm['title']} has {score_text(metric, arm['score'])}, but not from the same seeds and sizes: where both "
        f"were measured, it is {behind(arm, metric)}."
        for _, arm in better.iterrows()
        if score_text(metric, arm["score"]) != score_text(metric, best["score"])
    ]


def rivals(found):
    """Return what is said about arms whose interval of the gap to the best one holds 0, or that have none.

    The cheapest has its own sentence.
    """
    arms, best = found.arms, found.arms.loc[found.best]
    near = arms["possible"] & (arms["gap_low"] < 0)
    titles = [
        arm["title"]
        for name, arm in arms[near].iterrows()
        if name not in (found.best, found.cheapest) and not is_tied(arm, best)
    ]
    said = [f"{NOT_CERTAIN}: with other test texts and seeds, {joined(titles, 'or')} may be better."] if titles else []
    unknown = arms.loc[arms["possible"] & arms["gap_low"].isna(), "title"]
    if len(unknown) and best["test_examples"] >= FEWEST_TEST_EXAMPLES:
        said.append(
            f"{NOT_KNOWN} {joined(list(unknown), 'or')} is not known: without a complete round of folds, "
            "there is no interval."
        )
    return said


def joined(titles, word):
    """Return titles in a line, with a word such as "and" before the last one. titles: at least one."""
    return f"; {word} ".join(filter(None, ["; ".join(titles[:-1]), titles[-1]]))


def behind(arm, metric):
    """Return in words how far an arm is behind the best one, or ahead, with the interval."""
    sign, word = side_of(metric, arm["gap"])
    gap, *ends = (number(sign * arm[key], metric.digits) for key in ("gap", "gap_low", "gap_high"))
    interval = "" if math.isnan(arm["gap_low"]) else f" ({' to '.join(ends[::sign])})"
    return f"{gap} {metric.step}s {word}{interval}"


def cheaper(question, found, metric):
    """Return what is said about the cheapest arm, and about those of which it is not known whether they are cheaper."""
    near, arms = steps(metric, question.tolerance), found.arms
    best, own = arms.loc[found.best], arms.loc[found.cheapest]
    if math.isnan(best["ms"]):
        return ["Whether another one is cheaper is not known, as it was not timed."]
    if len(arms) == 1:
        return ["There is no other arm to choose."]
    untimed = list(arms.loc[arms["near"] & arms["ms"].isna(), "title"])
    if found.cheapest == found.best:
        said = about_as_cheap(question, found, metric)
        said = said or [f"No cheaper one {'that was timed ' if untimed else ''}is within {near} of it."]
        said += maybe_close(question, found, metric)
    else:
        said = [f"{named(own, question)} is close to it, {behind(own, metric)}, and {takes(own, best)}."]
        if own["gap_high"] > question.tolerance:
            said.append(f"It may be more than {near} behind: the interval goes beyond.")
    if untimed:
        is_, was = ("is", "was") if len(untimed) == 1 else ("are", "were")
        said.append(f"{', '.join(untimed)} {is_} within {near} of the best, but {was} not timed.")
    return said


def about_as_cheap(question, found, metric):
    """Return what is said about arms close to the best one that are neither clearly quicker nor clearly slower."""
    arms, best = found.arms, found.arms.loc[found.best]
    level = arms[arms["near"] & arms["ms"].notna() & (arms.index != found.best)]
    level = level[[not is_quicker(best, arm) and not is_tied(arm, best) for _, arm in level.iterrows()]]
    if level.empty:
        return []
    busy = ", as far as times on a busy machine tell" * bool(best["busy"] or level["busy"].any())
    is_ = "is" if len(level) == 1 else "are"
    near = steps(metric, question.tolerance)
    return [f"{joined(list(level['title']), 'and')} {is_} within {near} of it, but not clearly cheaper{busy}."]


def maybe_close(question, found, metric):
    """Return what is said about a quicker arm that is not close to the best one as measured, but may be."""
    arms, best = found.arms, found.arms.loc[found.best]
    unclear = arms["possible"] & ~arms["near"] & (arms["gap_low"] <= question.tolerance)
    unclear &= arms.apply(is_quicker, axis=1, other=best)
    if not unclear.any():
        return []
    own = arms.loc[arms.loc[unclear, "gap"].idxmin()]
    near = steps(metric, question.tolerance)
    return [f"{named(own, question)} may be within {near}: it is {behind(own, metric)}, and {takes(own, best)}."]


def takes(arm, best):
    """Return in words how long an arm takes for a text, beside the best one."""
    busy = BUSY * bool(arm["busy"] or best["busy"])
    return f"takes {time_text(arm['ms'])} for a text instead of {time_text(best['ms'])}{busy}"


def target_words(question, found, metric):
    """Return what is said about the score that is good enough; nothing without one."""
    if question.target is None:
        return []
    target, sure = score_text(metric, question.target / metric.scale), f"a chance of at least {100 * SURE:.0f} %"
    if found.enough is None:
        return [f"No model reaches the target, {target}, with {sure}."]
    own = found.arms.loc[found.enough]
    score = score_text(metric, own["score"])
    if math.isnan(own["ms"]):  # of an arm that was not timed it is not known whether it is the cheapest
        return [f"{named(own, question)} reaches the target, {target}, with {sure}: it has {score}."]
    return [
        f"{named(own, question)} is the cheapest that reaches the target, {target}, with {sure}: it has {score} and "
        f"takes {time_text(own['ms'])} for a text."
    ]


def needs(found):
    """Return what is said about the training time and the memory of the arms that were named before."""
    best, own = found.arms.loc[found.best], found.arms.loc[found.cheapest]
    said = []
    for key, words, what in (
        ("hours", lambda hours: duration(3600 * hours), "Training, with all tries, took"),
        ("memory_mb", size, "The process that classifies takes"),
    ):
        if not math.isnan(own[key]) and not math.isnan(best[key]):
            took, other = words(own[key]), words(best[key])
            more = f" instead of {other}" if found.cheapest != found.best and took != other else ""
            said.append(f"{what} {took}{more}.")
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

    Sizes that are CLOSE say too little of it.
    curves: rows of `evaluation.arm_tables.curves_of` of one dataset. arms: names, in order.
    """
    gains = []
    for arm in dict.fromkeys(arms):
        own = curves[curves["arm"] == arm].sort_values("n").tail(2)
        if len(own) == 2:
            (n, first), (m, last) = own[["n", "score"]].itertuples(index=False)
            if m / n < CLOSE:
                continue
            gain = metric.points * (last - first) / math.log2(m / n)
            gains.append((n, m, own["arm_title"].iloc[0], f"{number(gain, metric.digits)} {metric.step}s"))
    said = []
    for n, m in dict.fromkeys(gain[:2] for gain in gains):
        brought = " and ".join(f"{title} {gain}" for a, b, title, gain in gains if (a, b) == (n, m))
        said.append(f"Between {n:,} and {m:,} labels, twice the labels brought {brought}.")
    return said
