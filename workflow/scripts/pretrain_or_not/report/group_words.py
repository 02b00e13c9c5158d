"""Say in words where the gap between groups of an arm differs from that of the reference arm."""

from __future__ import annotations

import pandas as pd

from pretrain_or_not.config.numbers import number
from pretrain_or_not.report.markup import markdown
from pretrain_or_not.report.wording import counted


def group_gap_lines(rows: pd.DataFrame, guessing: set) -> list[str]:
    """Return lines of Markdown on one dataset, one per group column; none without groups.

    Arms are told at their largest size. rows: of group_gaps.parquet. guessing: arms that always answer the most
    frequent class, of which nothing is said.
    """
    told = rows[~rows["arm"].isin(guessing)].dropna(subset=["gap_difference"])
    if told.empty:
        return []
    told = told[told["n"] == told.groupby("arm")["n"].transform("max")]
    reference = f"**{markdown(told['reference_title'].iloc[0])}**"
    lead = (
        f"Groups, beside the reference arm, {reference}: how many points of accuracy more "
        "lie between the best and the worst group (in brackets: 95 % intervals for test examples and seeds together)."
    )
    lines = [sentence(column, of) for column, of in told.groupby("group", sort=False)]
    return [lead, "", *(f"- {line}" for line in lines)]


def sentence(column: str, rows: pd.DataFrame) -> str:
    """Return what is said of one group column: the arms that differ from the reference, and those that do not."""
    arms = rows.drop_duplicates("arm").to_dict("records")
    clear = [row for row in arms if row["gap_difference_low"] > 0 or row["gap_difference_high"] < 0]
    others = [row for row in arms if row not in clear]
    parts = [
        f"**{markdown(row['arm_title'])}** has {number(row['gap_mean'], 1)} points between its groups with "
        f"{counted(row['n'], 'label')}, the reference {number(row['reference_gap_mean'], 1)}: {beyond(row)}"
        for row in clear
    ]
    if others:
        named = "; ".join(f"**{markdown(row['arm_title'])}** {beyond(row)}" for row in others)
        parts.append(f"no clear difference: {named}")
    return f"by {markdown(column)}: {'; '.join(parts)}."


def beyond(row) -> str:
    """Return a difference of gaps in words, with its interval."""
    first, low, high = (number(row[f"gap_difference{end}"], 1, sign=True) for end in ("", "_low", "_high"))
    return f"{first} ({low} to {high})"
