"""Find how many labels another arm needs for the score of the reference arm at each size."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from pretrain_or_not.config.metric import Metric
from pretrain_or_not.evaluation.budget import marked_as
from pretrain_or_not.evaluation.crossing import REPLICATES, crossing
from pretrain_or_not.evaluation.curves import Curve
from pretrain_or_not.evaluation.guessing import guessing_sizes
from pretrain_or_not.evaluation.seed_variance import seed_errors, test_errors
from pretrain_or_not.evaluation.totals import Measured

SMALL = 0.1  # share of a small gap; errors far above it follow their logarithm

COLUMNS = ["dataset", "dataset_title", "arm", "arm_title", "reference", "reference_title", "metric", "n", "score",
           "labels", "labels_low", "labels_high", "ratio", "ratio_low", "ratio_high", "smallest", "largest",
           "guessed", "selection"]  # fmt: skip


def drawn_together(arms: list[Measured], rng: np.random.Generator) -> np.ndarray:
    """Return the mean scores of several arms, then REPLICATES of what they may be, (1 + REPLICATES, sizes of all).

    The arms share the test examples. Their seeds vary independently, each by its own variance.
    """
    first, *_ = curves = [arm.curve for arm in arms]
    sizes, seeds, values, squares = map(np.concatenate, zip(*(curve[:4] for curve in curves), strict=True))
    curve = Curve(sizes, seeds, values, squares, first.unit)
    errors = test_errors(curve, REPLICATES, rng) + np.hstack([seed_errors(*arm, REPLICATES, rng) for arm in arms])
    return curve.means + np.concatenate([np.zeros((1, len(curve.sizes))), errors])


def worth_of(reference: Measured, arm: Measured, metric: Metric) -> pd.DataFrame:
    """Return one row per size of the reference arm, its columns those that hold numbers of labels.

    Between the sizes of the other arm, arsinh(error / SMALL of a small gap) is linear in the logarithm of the labels:
    nearly the logarithm of the error, but it also orders errors of 0 and below, which replicates may have. `labels` is
    infinite where its largest size does not reach the score of the reference arm for good, and its smallest size where
    that one does. With too few test examples, the numbers are NaN.
    """
    k, sizes = len(reference.curve.sizes), arm.curve.sizes
    drawn = drawn_together([reference, arm], np.random.default_rng(0))
    heights = np.arcsinh(metric.error(drawn / metric.scale) / (SMALL * metric.small))
    labels = np.stack([crossing(sizes, heights[:, k:] - heights[:, [i]], 0.0, equal=True) for i in range(k)])
    ends = np.quantile(labels[:, 1:], [0.025, 0.975], axis=1, method="inverted_cdf")
    found = pd.DataFrame({"n": reference.curve.sizes, "score": reference.curve.means / metric.scale,
                          "labels": labels[:, 0], "labels_low": ends[0], "labels_high": ends[1]})  # fmt: skip
    for end in ("", "_low", "_high"):
        if arm.too_few:
            found[f"labels{end}"] = math.nan
        found[f"ratio{end}"] = found[f"labels{end}"] / found["n"]
    return found.assign(smallest=int(sizes[0]), largest=int(sizes[-1]))


def worth(scores: pd.DataFrame, curves: dict, reference: str, metric: Metric) -> pd.DataFrame:
    """Return the rows of worth.parquet, one per dataset, arm and size of the reference arm.

    At a size at which the reference arm is no better than guessing (`guessed`), there is nothing to reach: the numbers
    are NaN. scores: rows of scores.parquet. curves: (dataset, arm) -> measured scores, see `evaluation.totals`.
    """
    tables, guessing = [], guessing_sizes(scores, metric)
    keys = ["dataset", "dataset_title", "arm", "arm_title"]
    for (dataset, arm), own in curves.items():
        if arm == reference or (dataset, reference) not in curves:
            continue
        cells = scores[(scores["dataset"] == dataset) & scores["arm"].isin([arm, reference])]
        titles = dict(zip(cells["arm"], cells["arm_title"], strict=True))
        facts = cells.loc[cells["arm"] == arm, keys].iloc[0].to_dict() | {
            "reference": reference, "reference_title": titles[reference], "metric": metric.name,
            "selection": "test" if "test" in set(cells["selection"]) else "validation",
        }  # fmt: skip
        found = worth_of(curves[dataset, reference], own, metric)
        found["guessed"] = [(dataset, reference, n) in guessing for n in found["n"]]
        numbers = [column for column in found if column.startswith(("labels", "ratio"))]
        found.loc[found["guessed"], numbers] = math.nan
        tables.append(found.assign(**facts))
    found = pd.concat(tables, ignore_index=True)[COLUMNS] if tables else pd.DataFrame(columns=COLUMNS)
    return marked_as(scores, found)
