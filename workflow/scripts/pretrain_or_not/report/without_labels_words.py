"""Say in words what is right without any label, with the number of labels from which on other arms are better."""

from __future__ import annotations

import math

import pandas as pd

from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.report.markup import markdown
from pretrain_or_not.report.metric_words import score_text
from pretrain_or_not.report.wording import counted


def without_labels_lines(table: pd.DataFrame) -> list[str]:
    """Return one paragraph per arm that needs no labels, as Markdown, with empty lines between them.

    table: of `evaluation.without_labels`, one dataset.
    """
    lines = [line_of(rows) for _, rows in table.groupby("arm", sort=False)]
    return [part for line in lines for part in ("", line)][1:]


def line_of(rows):
    """Return the line of an arm. rows: one per other arm."""
    first = rows.iloc[0]
    metric, title = METRICS[first["metric"]], f"**{markdown(first['arm_title'])}**"
    score = score_text(metric, first["score"])
    ends = [score_text(metric, first[f"score_{end}"]) for end in ("low", "high")]
    interval = "" if math.isnan(first["score_low"]) else f" (95 % interval: {ends[0]} to {ends[1]})"
    said = f"{title} is right on {score}" if metric.name == "accuracy" else f"{title} has {metric.title} {score}"
    others = [other_words(row) for row in rows.to_dict("records") if row["other"] is not None]
    return f"Without any label, {said}{interval}{'; ' if others else ''}{'; '.join(others)}."


def other_words(row):
    """Return in words from how many labels on another arm is better."""
    title = f"**{markdown(row['other_title'])}**"
    if math.isnan(row["better"]):
        return f"{title} does not overtake it with up to {counted(int(row['largest']), 'label')}"
    said = f"{title} overtakes it from {counted(int(row['better']), 'label')} on"
    if row["better"] == row["smallest"]:
        said = f"{title} is better from the smallest number of labels on, {int(row['smallest']):,}"
    if row["sure"] == row["better"]:
        return said
    sure = "not for sure" if math.isnan(row["sure"]) else f"for sure from {int(row['sure']):,} on"
    return f"{said} ({sure})"
