"""The rule by which the run of a cell is selected."""

from __future__ import annotations


def best_setting(accuracies: dict[str, float]) -> str | None:
    """Return the setting with the best validation accuracy, on a tie the first one; None if there is none.

    accuracies: setting -> validation accuracy, in the order of the sweep.
    """
    return max(accuracies, key=lambda setting: accuracies[setting], default=None)
