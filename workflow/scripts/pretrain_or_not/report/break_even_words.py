"""Say in words when labels are paid back that make a cheaper arm as good as the reference arm."""

from __future__ import annotations

import math

import pandas as pd

from pretrain_or_not.config.numbers import number
from pretrain_or_not.evaluation.recommend import Prices
from pretrain_or_not.report.recommendation_words import money


def break_even_words(worth: pd.DataFrame, arms: pd.DataFrame, prices: Prices) -> list[str]:
    """Return in words after how long the labels are paid back that make a cheaper arm as good as the reference arm.

    After (N − n) · price of a label / (difference of the monthly prices) months, where the arm needs N labels for the
    score of the reference arm with n: for each arm, the largest n for which N was reached; nothing where N is at most
    its smallest size, and so not known. Without the prices, an empty list. worth: rows of worth.parquet of one dataset.
    arms: see `Recommendation`.
    """
    said: list[str] = []
    if prices.label is None or worth.empty:
        return said
    for arm, rows in worth[worth["labels"].map(math.isfinite)].groupby("arm", sort=False):
        row, reference = rows.loc[rows["n"].idxmax()], rows["reference"].iloc[0]
        if not {arm, reference} <= set(arms.index):
            continue
        saved, more = arms.loc[reference, "monthly"] - arms.loc[arm, "monthly"], row["labels"] - row["n"]
        if not saved > 0 or more <= 0 or row["labels"] <= row["smallest"]:
            continue
        said.append(
            f"{row['arm_title']} needs about {about(row['labels']):,} labels for the score of {row['reference_title']} "
            f"with {row['n']:,}: {about(more):,} more, for {money(more * prices.label)}. It saves {money(saved)} per "
            f"month, so they are paid back after {months(row, prices.label / saved)}."
        )
    return said


def months(row: pd.Series, of_label: float) -> str:
    """Return in words after how many months labels are paid back, with the 95 % interval of their number.

    row: of worth.parquet. of_label: months that one label more takes.
    """
    most, low, high = (of_label * max(0, row[key] - row["n"]) for key in ("labels", "labels_low", "labels_high"))
    if math.isnan(low) or math.isnan(high):
        return f"{number(most, 1)} months"
    reach = f"{number(low, 1)} or more" if math.isinf(high) else f"{number(low, 1)} to {number(high, 1)}"
    return f"{number(most, 1)} months (95 % interval: {reach})"


def about(n: float) -> int:
    """Return a number to two digits."""
    return int(float(f"{n:.2g}"))
