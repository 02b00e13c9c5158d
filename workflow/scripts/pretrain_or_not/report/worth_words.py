"""Say in words how many labels other arms need for the scores of the reference arm."""

from __future__ import annotations

import math

import pandas as pd

from pretrain_or_not.report.markup import markdown


def worth_lines(rows: pd.DataFrame) -> list[str]:
    """Return lines of Markdown on one dataset, one per arm. rows: of worth.parquet.

    Arms of which nothing is known are left out: with too few test examples, or where no size of theirs is larger than
    one of the reference arm whose score they do not reach.
    """
    lines = []
    for title, of_arm in rows.groupby("arm_title", sort=False):
        parts = [at_size(row) for row in of_arm.to_dict("records") if is_known(row)]
        if parts:
            lines.append(f"- **{markdown(title)}**: {', '.join(parts)}.")
    if not lines:
        return []
    reference = markdown(rows["reference_title"].iloc[0])
    guessed = rows.loc[rows["guessed"], "n"].unique()
    left_out = ", ".join(f"{n:,}" for n in guessed)
    note = [f"\nNot counted, because there **{reference}** is no better than guessing: {left_out} labels."]
    lead = f"What **{reference}** is worth: how many times as many labels another arm needs for the same score.\n"
    return [lead, *lines, *(note if len(guessed) else [])]


def is_known(row: dict) -> bool:
    """Return whether a row says something that the gap does not."""
    return not math.isnan(row["labels"]) and (row["largest"] > row["n"] or not math.isinf(row["labels"]))


def at_size(row: dict) -> str:
    """Return the ratio at one size of the reference arm in words: ``38 times at 100 labels (95 %: 31 to 47)``."""
    n, least, most = row["n"], row["smallest"], row["largest"]
    if math.isinf(row["labels"]):
        ratio = f"more than {times(most / n)}"
    else:
        ratio = times(row["ratio"])
    fewer = " or fewer" * (row["labels"] <= least)
    return f"{ratio} times{fewer} at {n:,} labels{interval(row)}"


def interval(row: dict) -> str:
    """Return the 95 % interval of the ratio in words, in brackets; nothing where it adds nothing."""
    at_most, at_least = row["labels_low"] <= row["smallest"], math.isinf(row["labels_high"])
    if math.isinf(row["labels_low"]) or row["labels_high"] <= row["smallest"]:
        return ""
    if at_most and at_least:
        return " (95 %: not known)"
    if at_least:
        return f" (95 %: {times(row['ratio_low'])} or more)"
    if at_most:
        return f" (95 %: up to {times(row['ratio_high'])})"
    return f" (95 %: {times(row['ratio_low'])} to {times(row['ratio_high'])})"


def times(ratio: float) -> str:
    """Return a ratio to two digits: ``38``, ``4.9``, ``0.62``, ``1,200``."""
    rounded = float(f"{ratio:.2g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:.{1 if rounded >= 1 else 2}f}"
