"""Which cells of an arm, or which of its sizes, are no better than guessing."""

from __future__ import annotations

import pandas as pd

from pretrain_or_not.config.metric import Metric
from pretrain_or_not.evaluation.metrics import of_mean


def is_guessing(scores: pd.DataFrame, metric: Metric) -> pd.Series:
    """Return whether each cell is no better than guessing, by a metric.

    Guessing gives each class its share in the cell's subset, so its answer is always the most frequent class. Its score
    is then within the 95 % interval of the cell's, or better, or the metric looks at classes and the cell does answer
    one class always.
    """
    worst = scores[f"{metric.name}{'_low' if metric.higher_is_better else '_high'}"]
    no_better = metric.sign * worst <= metric.sign * scores[f"{metric.name}_guessing"]
    return no_better | (predicts_one_class(scores) & metric.of_classes)


def predicts_one_class(scores: pd.DataFrame) -> pd.Series:
    """Return whether each cell predicts the same class for all test examples."""
    return scores["predicted_classes"].eq(1).fillna(False).astype(bool)


def guessing_sizes(scores: pd.DataFrame, metric: Metric) -> set[tuple]:
    """Return the (dataset, arm, n) at which an arm is no better than guessing: `is_guessing` of means over seeds.

    With folds, their intervals are narrowed to that of a round.
    """
    columns = [*(f"{metric.name}{end}" for end in ("_low", "_high", "_guessing")), "predicted_classes"]
    means = scores.assign(**interval_of_round(scores, metric)).groupby(["dataset", "arm", "n"])[columns].mean()
    return set(means.index[is_guessing(means, metric)])


def interval_of_round(scores: pd.DataFrame, metric: Metric) -> dict[str, pd.Series]:
    """Return the ends of the interval of each cell's score, by column; with folds, narrowed to that of a round.

    scores: rows of scores.parquet.
    """
    narrowing, ends = 1 - of_mean(scores["folds"]), (f"{metric.name}_low", f"{metric.name}_high")
    return {end: scores[end] + narrowing * (scores[metric.name] - scores[end]) for end in ends}
