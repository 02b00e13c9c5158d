"""Count the labels of a cell: those that it trains on, or those of its validation examples too.

Everything is scored by the number of training labels. Where the budget is "total", `with_budget` then puts the sum into
the column `n` of each table, and marks the table by a column `budget`. What is computed from these tables, as the
crossing, is in the same unit. This is the only place that adds the two.
"""

from __future__ import annotations

import pandas as pd

TRAINING, TOTAL = "training", "total"


def validation_labels(scores: pd.DataFrame) -> pd.Series:
    """Return how many labels each cell uses to choose a run; those that were selected on test data use none.

    scores: rows of scores.parquet.
    """
    return scores["validation_examples"].where(scores["selection"] != "test", 0)


def total_labels(scores: pd.DataFrame) -> dict[tuple[str, str], int]:
    """Return the labels that a cell of each (dataset, size) uses in all: training and validation examples.

    Folds may differ by a few validation examples: then it is the most that a cell of this size uses, so that all cells
    of a size have one number. Cells that were selected on test data have no validation labels. scores: rows of
    scores.parquet whose `n` is the number of training examples.
    """
    validation = validation_labels(scores)
    most = (scores["n"] + validation).groupby([scores["dataset"], scores["size"]]).max()
    return {key: int(labels) for key, labels in most.items()}


def with_budget(table: pd.DataFrame, labels: dict[tuple[str, str], int]) -> pd.DataFrame:
    """Return a table of cells whose `n` counts all labels, marked as such. labels: see `total_labels`."""
    if not {"dataset", "size", "n"} <= set(table):
        return table
    keys = zip(table["dataset"], table["size"], strict=True)
    return table.assign(n=pd.Series([labels[key] for key in keys], table.index, "int64"), budget=TOTAL)


def is_total(table: pd.DataFrame) -> bool:
    """Return whether the numbers of labels of a table count those for validation."""
    return "budget" in table


def marked_as(scores: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return a table that was computed from `scores`, marked if those count the labels for validation."""
    return table.assign(budget=TOTAL) if is_total(scores) else table


def training_labels(scores: pd.DataFrame) -> dict[int, int]:
    """Return the number of training labels of each `n`. scores: rows of scores.parquet, of one dataset."""
    if not is_total(scores):
        return {n: n for n in scores["n"].unique().tolist()}
    validation = validation_labels(scores)
    return {n: n - int(most) for n, most in validation.groupby(scores["n"]).max().items()}


def labels_by_size(scores: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Return dataset -> size -> `n`, where that counts the labels for validation; otherwise an empty dict."""
    if not is_total(scores):
        return {}
    return {
        dataset: dict(zip(own["size"], own["n"].tolist(), strict=True)) for dataset, own in scores.groupby("dataset")
    }
