"""The rule by which the run of a cell is selected."""

from __future__ import annotations

import math


def best_setting(accuracies: dict[str, float | None]) -> str | None:
    """Return the setting with the best validation accuracy, on a tie the first one; None if there is none.

    accuracies: setting -> validation accuracy, in the order of the sweep; None for a run whose predictions are not
    finite, which never beats another one.
    """

    def rank(setting):
        accuracy = accuracies[setting]
        return -math.inf if accuracy is None else accuracy

    return max(accuracies, key=rank, default=None)
