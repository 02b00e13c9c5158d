"""The words that mark numbers of runs that were selected on test data."""

from __future__ import annotations

from collections.abc import Iterable


def selection_note(selections: Iterable[str]) -> str:
    """Return words to add to a heading: that all or some of the cells were selected on test, or an empty string.

    selections: the split that selected each cell, "validation" or "test".
    """
    on_test = [split == "test" for split in selections]
    if not any(on_test):
        return ""
    return ", selected on test" if all(on_test) else ", partly selected on test"
