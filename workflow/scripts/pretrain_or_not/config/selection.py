"""The rule by which the run of a cell is selected."""

from __future__ import annotations

import math


def best_setting(scores: dict[str, float | None], sign: int) -> str | None:
    """Return the setting with the best validation score, on a tie the first one; None if there is none.

    scores: setting -> validation score, in the order of the sweep; None for a run whose predictions are not finite,
    which never beats another one. sign: 1 if a higher score is better, −1 if a lower one is.
    """

    def rank(setting):
        score = scores[setting]
        return -math.inf if score is None else sign * score

    return max(scores, key=rank, default=None)
