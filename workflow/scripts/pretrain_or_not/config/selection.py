"""The rule by which the run of a cell is selected."""

from __future__ import annotations

import math
import string


def best_setting(accuracies: dict[str, float | None]) -> str | None:
    """Return the setting with the best validation accuracy, on a tie the first one; None if there is none.

    accuracies: setting -> validation accuracy, in the order of the sweep; None for a run whose predictions are not
    finite, which never beats another one.
    """

    def rank(setting):
        accuracy = accuracies[setting]
        return -math.inf if accuracy is None else accuracy

    return max(accuracies, key=rank, default=None)


def setting_value(setting: str) -> float | None:
    """Return the value of the sweep that a setting names: 0.001 of ``lr0.001``; None of a run without a sweep."""
    number = setting.lstrip(string.ascii_letters)
    return float(number) if number else None
