"""Say which cells of an arm start from the same model, of several that were pretrained here.

What the chance of pretraining adds is the same in all of these cells, so they are no independent repetitions. Where an
arm, or the one it is compared with, has models of several seeds, one such model with its cells counts as one seed.
"""

from __future__ import annotations

import pandas as pd

from pretrain_or_not.config.grid import repetition

Groups = dict[int, int]  # repetition, a seed or a round of folds -> the first one that starts from the same model


class SharedModels:
    """Which repetitions share a model. scores: rows of scores.parquet."""

    def __init__(self, scores: pd.DataFrame):
        self.models: dict[tuple[str, str], dict[int, str]] = {}
        known = scores[scores["pretraining_models"].notna()]
        for key, rows in known.groupby(["dataset", "arm"], sort=False):
            if rows["pretraining_models"].nunique() > 1:
                cells = zip(rows["seed"], rows["folds"], rows["pretraining_models"], strict=True)
                self.models[key] = {repetition(seed, folds): models for seed, folds, models in cells}

    def groups(self, dataset: str, *arms: str) -> Groups:
        """Return which repetitions share a model of some of the arms; nothing if no arm has several models."""
        of_arms = [own for arm in arms if (own := self.models.get((dataset, arm)))]
        groups = [{repeated} for repeated in sorted(set().union(*of_arms))]
        for own in of_arms:
            for models in set(own.values()):
                shared = [group for group in groups if any(own.get(repeated) == models for repeated in group)]
                groups = [group for group in groups if group not in shared] + [set().union(*shared)]
        return {repeated: min(group) for group in groups for repeated in group}
