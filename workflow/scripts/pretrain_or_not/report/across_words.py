"""Say in words what all sizes, or all data sets, say together."""

from __future__ import annotations

import math

import pandas as pd

from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.config.numbers import number
from pretrain_or_not.evaluation.across import FEWEST, FEWEST_TESTED
from pretrain_or_not.report.markup import markdown
from pretrain_or_not.report.metric_words import score_text, side_of
from pretrain_or_not.report.recommendation_words import behind
from pretrain_or_not.report.wording import counted

HEADING = "**Across data sets**"


def efficiency_lines(rows: pd.DataFrame) -> list[str]:
    """Return lines of Markdown on one dataset: the mean score over all numbers of labels, and how far arms are behind.

    Arms that have other sizes in common with the reference arm, and so another score of it, are told apart. rows: of
    efficiency.parquet. Without any, there is no line.
    """
    lines: list[str] = []
    ends = ["smallest", "largest"]
    for (smallest, largest, _), same in rows.groupby([*ends, "reference_score"], sort=False):
        alone = len(same) == (rows[ends] == [smallest, largest]).all(axis=1).sum()
        at = "" if alone else f", at {same['sizes'].iloc[0]} sizes"
        first, metric = same.iloc[0], METRICS[rows["metric"].iloc[0]]
        lines += [""] if lines else []
        lines += [
            f"Mean {metric.title} from {smallest:,} to {largest:,} labels{at}, each doubling counted alike: "
            f"**{markdown(first['reference_title'])}** has {score_text(metric, first['reference_score'])}.",
            "",
            *(f"- **{markdown(row['arm_title'])}** is {behind(row, metric)}." for row in same.to_dict("records")),
        ]
    return lines


def across_lines(rows: pd.DataFrame) -> list[str]:
    """Return lines of Markdown: per arm its mean gap over the data sets, at the smallest and the largest common size.

    rows: of across.parquet. Without any, there is no line.
    """
    if rows.empty:
        return []
    first = rows.iloc[0]
    metric, count = METRICS[first["metric"]], first["datasets"]
    lines = [f"{HEADING}, measured from **{markdown(first['reference_title'])}**, the mean gap of {count}:", ""]
    for _, own in rows.groupby("arm", sort=False):
        shown = own.iloc[[0, -1]] if len(own) > 1 else own
        said = "; ".join(at_size(row, metric) for row in shown.to_dict("records"))
        lines.append(f"- **{markdown(own['arm_title'].iloc[0])}**: {said}.")
    if count < FEWEST:
        note = f"Two data sets are no sample: from {FEWEST} on there is an interval."
    else:
        note = "In brackets: the 95 % interval for data sets like these, by Student's t."
    if count >= FEWEST_TESTED:
        note += " p is that of Wilcoxon's signed-rank test, of each line by itself."
    return [*lines, "", note, ""]


def at_size(row: dict, metric) -> str:
    """Return the mean gap at one size in words, and, where there is no interval, that of each data set."""
    share = row["size"].removesuffix("pct")
    size = f"{share} % of the training data" if share != row["size"] else counted(int(share), "training label")
    text = f"with {size} {behind(row, metric)}"
    if math.isnan(row["gap_low"]):
        each = zip(row["dataset_titles"], row["gaps"], strict=True)
        text += " (" + ", ".join(f"{side_text(gap, metric)} on {markdown(title)}" for title, gap in each) + ")"
    return text if math.isnan(row["p"]) else f"{text}, p = {row['p']:.2g}"


def side_text(gap: float, metric) -> str:
    """Return a gap in words, without an interval."""
    sign, side = side_of(metric, gap)
    return f"{number(sign * gap, metric.digits)} {metric.step}s {side}"
