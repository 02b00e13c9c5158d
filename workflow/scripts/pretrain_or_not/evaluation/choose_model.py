"""Choose the model that classifies new texts."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from pretrain_or_not.errors import BadInput


def choose_model(candidates: list[dict], sign: int) -> dict:
    """Return the model to use among those that the user allows, each the content of a classifier.json.

    Of the largest number of labels: the arm with the best mean test score over its seeds, on a tie the first one; of
    its seeds, the one with the best validation score. sign: 1 if a higher score is better, −1 if a lower one is. Raises
    BadInput if no model has a finite score.
    """
    usable = [about for about in candidates if about["score"] is not None and about["validation_score"] is not None]
    if not usable:
        raise BadInput("no trained model has finite scores; see the notes in answer.md, or name another arm or size")
    largest = max(about["n"] for about in usable)
    by_arm = defaultdict(list)
    for about in usable:
        if about["n"] == largest:
            by_arm[about["arm"]].append(about)
    seeds = max(by_arm.values(), key=lambda seeds: sign * np.mean([about["score"] for about in seeds]))
    return max(seeds, key=lambda about: sign * about["validation_score"])
