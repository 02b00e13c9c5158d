"""Say in words from how many labels on the gap of an arm is small."""

from __future__ import annotations

import math

from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.config.numbers import number, percent
from pretrain_or_not.report.markup import markdown
from pretrain_or_not.report.metric_words import close_words, guessing_words, score_text, side_of
from pretrain_or_not.report.wording import counted


def about(n, row):
    """Return a number of labels as text, to two digits, within the sizes that were run."""
    return f"{int(min(max(float(f'{n:.2g}'), row['smallest']), row['largest'])):,}"


def below_words(row):
    """Return in words that the gap is below the threshold: ``less than 1 point behind``."""
    return close_words(METRICS[row["metric"]], row["threshold"])


def near_words(row):
    """Return in words that the gap is small: less than so many points behind, or ahead where it is negative too."""
    return f"{below_words(row)}, or ahead" if row["threshold"] > 0 and row["gap_lowest"] < 0 else below_words(row)


def size_words(row):
    """Return in words which size the largest one with a gap is."""
    only = row["smallest"] == row["largest"]
    if row["arm_largest"] > row["largest"] or (only and row["arm_sizes"] > 1):
        return f"the {'only' if only else 'largest'} size that can be compared"
    if only:
        return "its only size"
    return "its largest size" if row["dataset_largest"] > row["largest"] else "the largest size"


def gap_words(row, which="gap_largest"):
    """Return in words how far the arm is behind or ahead at the largest size, with the interval.

    which: columns of another gap.
    """
    metric = METRICS[row["metric"]]
    sign, side = side_of(metric, row[which])
    first, *ends = (number(sign * row[f"{which}{end}"], metric.digits) for end in ("", "_low", "_high"))
    return f"{first} {metric.step}s {side} ({' to '.join(ends[::sign])})"


def interval_words(row):
    """Return the interval of the number of labels in words, and the chance that there is one if that is not sure."""
    low, high = row["labels_low"], row["labels_high"]
    upper = about(high, row)
    if math.isinf(high):
        upper = f"more than {row['largest']:,}; at {row['largest']:,} the chance is {percent(row['chance'])}"
    if math.isinf(low):
        return upper
    lower = f"{row['smallest']:,} or fewer" if low <= row["smallest"] else about(low, row)
    return f"{lower} to {upper}"


def next_words(row):
    """Return in words which size to run next, with a space before them; nothing if none would say more."""
    if math.isnan(at := row["next_size"]):
        return ""
    if "budget" in row:
        return f" Run {float(f'{at:.2g}'):,.0f} training labels next to know it better."
    return f" Run {about(at, row)} labels next to know it better."


def sentence(row):
    """Return the answer about one arm in words, as Markdown. row: of answer.parquet."""
    arm = f"**{markdown(row['arm_title'])}**"
    text = {"guessing": no_comparison, "too few": no_interval}.get(row["verdict"], gap_sentence)(row, arm)
    if row["verdict"] != "guessing" and len(row["guessed_sizes"]):
        sizes = ", ".join(f"{n:,}" for n in row["guessed_sizes"])
        text += f" Not counted, because there both arms are no better than guessing: {sizes} labels."
    return text


def no_interval(row, arm):
    """Return the measured gap in words, and that the test examples are too few for an interval."""
    metric, gap = METRICS[row["metric"]], row["gap_largest"]
    side, at = ("ahead" if gap < 0 else "behind"), counted(row["largest"], "label")
    advice = "" if row["folds"] else ", and so tests on every row: `folds: 5` of the dataset does that"
    return (
        f"{arm} cannot be judged: {counted(row['test_examples'], 'test example')} are too few. At {at}, it was "
        f"{number(abs(gap), metric.digits)} {metric.step}s {side}, and chance alone can do that. For so few rows, "
        f"cross-validation trains on more of them{advice}."
    )


def no_comparison(row, arm):
    """Return in words that neither arm is better than guessing, so that their gap says nothing."""
    at, reference = counted(row["largest"], "label"), markdown(row["reference_title"])
    metric = METRICS[row["metric"]]
    own, other, guess = (score_text(metric, row[key]) for key in ("score", "reference_score", "guessing_score"))
    where = f"at {at}" if row["smallest"] == row["largest"] else "at every size"
    return (
        f"{arm} cannot be compared: {where}, neither it nor **{reference}** is clearly better than "
        f"{guessing_words(metric)} (at {at}: {metric.title} {own} and {other}, and {guess} by that)."
    )


def gap_sentence(row, arm):
    """Return in words from how many labels on the gap is small."""
    largest, near, gap = counted(row["largest"], "label"), near_words(row), gap_words(row)
    may, only = "", row["smallest"] == row["largest"]
    if math.isinf(row["labels_high"]) and not math.isinf(row["labels_low"]) and (only or row["verdict"] == "not yet"):
        may = f" The chance that it is {below_words(row)} there is {percent(row['chance'])}."
    if only:
        small = row["verdict"] != "not yet" and row["gap_largest"] >= 0
        less = f": {below_words(row).removesuffix(' behind')}" if small else ""
        return f"At {largest}, {size_words(row)}, {arm} is {gap}{less}.{may}"
    if row["verdict"] == "not yet":
        digits = METRICS[row["metric"]].digits
        shown, largest_shown = (number(row[key], digits) for key in ("gap_lowest", "gap_largest"))
        none = number(0, digits) if row["threshold"] <= 0 else None
        if row["gap_lowest"] < max(0, row["threshold"]) and shown not in (largest_shown, none):  # at a smaller size
            lowest = gap_words(row, "gap_lowest")
            some = "up to" if " ahead " in lowest else "only"
            return f"{arm} is {gap} at {size_words(row)}, {largest}, but with fewer labels {some} {lowest}.{may}"
        return f"{arm} is still {gap} at {size_words(row)}, {largest}.{may}"
    sure, smallest = f"95 % interval: {interval_words(row)}", counted(row["smallest"], "label")
    certain = row["labels_high"] <= row["smallest"]
    if row["verdict"] == "from":
        text = f"From about {about(row['labels'], row)} labels on, {arm} is {near} ({sure})."
    elif certain and row["gap_highest_high"] < 0:
        text = f"{arm} is ahead at every size, from {smallest} on."
    else:
        text = f"{arm} is {near}{',' * near.endswith('or ahead')} at the smallest size already, {smallest}" + (
            "." if certain else f", and at all larger ones ({sure})."
        )
    place = "" if size_words(row) == "the largest size" else f", {size_words(row)},"
    return f"{text} At {largest}{place} it is {gap}.{next_words(row)}"
