"""Say in words what gaps to expect with more labels than were run."""

from __future__ import annotations

import pandas as pd

from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.config.numbers import number, percent
from pretrain_or_not.report.markup import bold, markdown
from pretrain_or_not.report.metric_words import close_words, side_of

FASTER_THAN_SAID = (
    "in tests, LSTMs and bags of embeddings that were trained from scratch improved more than this method said."
)

SHOWN = (2, 10)  # times the largest size


def beyond_lines(rows: pd.DataFrame) -> list[str]:
    """Return lines of Markdown on one dataset: one per arm, or per reason why nothing is said. rows: of beyond.parquet.

    Without any gap, there is no line.
    """
    rows = rows[rows["what"] == "gap"]
    told = rows[rows["refused"].isna()]
    lines = [f"- {sentence(of_arm)}" for _, of_arm in told.groupby("arm", sort=False)]
    refused = rows[rows["refused"].notna()].groupby("refused", sort=False)["arm_title"]
    lines += [
        f"- {bold(titles)}: nothing is said of the gap, because {markdown(reason)}." for reason, titles in refused
    ]
    if not lines:
        return []
    if not told.empty:
        lines.insert(
            0, "With more labels than were run. This is extrapolation: curves are taken to go on as they usually do:\n"
        )
    else:
        lines.insert(0, "With more labels than were run:\n")
    # Where both improve faster than is said, nothing is known of their gap.
    of_arms = told.loc[told["faster"] & ~told["reference_faster"], "arm_title"].unique()
    of_reference = told.loc[told["reference_faster"] & ~told["faster"], "reference_title"].unique()
    for titles, words in ((of_arms, "may improve faster"), (of_reference, "may improve faster than the others")):
        if len(titles):
            lines += ["", f"{bold(titles)} {words}: {FASTER_THAN_SAID}"]
    return lines


def sentence(rows: pd.DataFrame) -> str:
    """Return what gap is expected of one arm. rows: its horizons."""
    nearest = [(rows["times"] - times).abs().argmin() for times in SHOWN]
    nearer, farther = rows.iloc[nearest].to_dict("records")
    metric, title = METRICS[farther["metric"]], f"**{markdown(farther['arm_title'])}**"
    text = (
        f"With {SHOWN[1]} times the labels ({farther['n']:,}), {title} would probably be {expected(farther)}; with "
        f"twice the labels ({nearer['n']:,}), {expected(nearer)}."
    )
    near = close_words(metric, farther["threshold"]) + ", or ahead" * (farther["threshold"] > 0)
    return f"{text} The chance that it is {near}, with {farther['n']:,} labels is {percent(farther['within'])}."


def expected(row) -> str:
    """Return the gap at one horizon in words, with its 95 % interval."""
    metric = METRICS[row["metric"]]
    sign, side = side_of(metric, row["median"])
    first, *ends = (number(sign * row[key], metric.digits) for key in ("median", "low_95", "high_95"))
    return f"{first} {metric.step}s {side} (95 %: {' to '.join(ends[::sign])})"
