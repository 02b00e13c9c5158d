"""Count what an arm does with each class."""

from __future__ import annotations

import numpy as np


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Return how many examples of each class (row) are given each class (column), integers (classes, classes)."""
    return np.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, classes)


def class_columns(confusion: np.ndarray, names: list[str]) -> dict:
    """Return columns, one entry per class: precision, recall and F1, how many examples have it and are given it.

    Precision is missing where no example is given the class, recall and F1 where no example has it.
    """
    hits, given, predicted = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision, recall = hits / predicted, hits / given
        f1 = np.where(given > 0, 2 * hits / (given + predicted), np.nan)
    return {
        "class": names, "precision": precision, "recall": recall, "f1": f1, "support": given, "predicted": predicted
    }  # fmt: skip


def worst_recall(confusion: np.ndarray) -> float:
    """Return the lowest share of right answers over the classes that the labels have, from 0 to 1."""
    given = confusion.sum(axis=1)
    return float((np.diag(confusion)[given > 0] / given[given > 0]).min())


def confusion_rows(confusion: np.ndarray, names: list[str]) -> list[dict]:
    """Return one row per pair of classes that occurs: class of the label, class that is predicted, examples."""
    return [
        {"class": names[i], "predicted_class": names[j], "examples": int(confusion[i, j])}
        for i, j in np.argwhere(confusion)
    ]
