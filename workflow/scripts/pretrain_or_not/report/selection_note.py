"""The words that mark numbers of runs which were selected on test data."""

from __future__ import annotations

from collections.abc import Iterable


def selection_note(selections: Iterable[str]) -> str:
    """Words to put after a heading: nothing, or that all or part of the cells shown were selected on test.

    selections: the split that selected each cell shown, "validation" or "test".
    """
    on_test = [split == "test" for split in selections]
    if not any(on_test):
        return ""
    return ", selected on test" if all(on_test) else ", partly selected on test"
