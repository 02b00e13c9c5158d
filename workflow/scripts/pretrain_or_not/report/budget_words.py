"""Say which labels are counted."""

from __future__ import annotations

import pandas as pd

from pretrain_or_not.evaluation.budget import is_total

INCLUDED = "those for validation included"


def labels_heading(table: pd.DataFrame, of: str = "") -> str:
    """Return the heading of an axis of numbers of labels. table: rows with a column `n`. of: whose labels, in words."""
    return f"Labelled examples{of}{included(table)}" if is_total(table) else f"Labelled training examples{of}"


def included(table: pd.DataFrame) -> str:
    """Return words to add to "labels", or nothing where only training labels are counted."""
    return f", {INCLUDED}" if is_total(table) else ""
