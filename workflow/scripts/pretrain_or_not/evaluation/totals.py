"""Measure the mean of each arm at each size, with an interval that holds all chance: test examples, seeds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from pretrain_or_not.config.metric import Metric
from pretrain_or_not.evaluation.curves import Curve, gap_curves, score_curves
from pretrain_or_not.evaluation.guessing import guessing_sizes
from pretrain_or_not.evaluation.predictions import FEWEST_TEST_EXAMPLES
from pretrain_or_not.evaluation.seed_variance import SeedVariance, half_widths, pool_by_arm, replicates, shapes
from pretrain_or_not.evaluation.shared_models import SharedModels


class Measured(NamedTuple):
    """A curve of an arm, in the unit of a gap, with what is known of its noise.

    curve: see `evaluation.curves`. shape: (k,), and variance: see `evaluation.seed_variance`.
    """

    curve: Curve
    shape: np.ndarray
    variance: SeedVariance

    def where(self, keep: np.ndarray) -> Measured:
        """Return it at some of its sizes, with the same variance between seeds. keep: bool (k,)."""
        return Measured(self.curve.where(keep), self.shape[keep], self.variance)

    @property
    def too_few(self) -> bool:
        """Return whether the test examples are too few for an interval."""
        return self.curve.values.shape[1] < FEWEST_TEST_EXAMPLES

    def half_widths(self) -> np.ndarray:
        """Return half the total 95 % interval of the mean at each size, (k,); NaN with too few test examples."""
        return np.full(len(self.shape), np.nan) if self.too_few else half_widths(*self)

    def replicates(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Return what the means may be, (count, k)."""
        return replicates(*self, count, rng)


def measured_gaps(
    gaps: pd.DataFrame, scores: pd.DataFrame, predictions: dict, metric: Metric
) -> dict[tuple[str, str], Measured]:
    """Return the measured gaps of each (dataset, arm), positive behind the reference arm.

    Sizes at which one of the two arms is no better than guessing say nothing about the seeds of arms that learn: there,
    gaps swing with the class that is most frequent in a subset. So the variance between seeds leaves them out, but for
    an arm that has no other size; other arms learn nothing from it even then.

    gaps, scores: rows of the tidy tables. predictions: (dataset, arm, n, seed) -> path of the cell's predictions.
    """
    references = dict(zip(gaps["dataset"], gaps["reference"], strict=True))
    errors, guessing = _errors(scores, metric), guessing_sizes(scores, metric)

    def error(dataset, arm, n):
        return errors[dataset, references[dataset], n]

    def guessed(dataset, arm, n):
        return not guessing.isdisjoint({(dataset, arm, n), (dataset, references[dataset], n)})

    return _measured(gap_curves(gaps, predictions, metric, SharedModels(scores)), error, guessed, metric)


def measured_scores(scores: pd.DataFrame, predictions: dict, metric: Metric) -> dict[tuple[str, str], Measured]:
    """Return the measured scores of each (dataset, arm), times `Metric.scale`; see `measured_gaps`."""
    scores = scores[scores[metric.name].notna()]
    errors, guessing = _errors(scores, metric), guessing_sizes(scores, metric)
    curves = {
        key: curve._replace(
            values=metric.scale * curve.values, squares=metric.scale**2 * curve.squares, unit=metric.scale * curve.unit
        )
        for key, curve in score_curves(scores, predictions, metric, SharedModels(scores)).items()
    }
    return _measured(curves, lambda *cell: errors[cell], lambda *cell: cell in guessing, metric)


def with_means(
    table: pd.DataFrame,
    value: str,
    name: str,
    measured: dict[tuple[str, str], Measured],
    scale: int = 1,
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> pd.DataFrame:
    """Return a table of cells with the mean over the seeds of their size, and its total 95 % interval.

    The columns are NAME_mean, NAME_mean_low and NAME_mean_high. With folds, the mean is that of the complete rounds; a
    size without one has the mean of its cells, and no interval. value: column of the cells. scale: what the measured
    values are divided by. bounds: of the ends of the interval.
    """
    means = table.groupby(["dataset", "arm", "n"])[value].transform("mean")
    ends: dict[tuple, tuple[float, float, float]] = {}
    for key, found in measured.items():
        for n, mean, half in zip(found.curve.sizes, found.curve.means, found.half_widths(), strict=True):
            ends[*key, n] = mean / scale, (mean - half) / scale, (mean + half) / scale
    cells = zip(table["dataset"], table["arm"], table["n"], means, strict=True)
    middle, *sides = np.array([ends.get(tuple(cell), (mean, np.nan, np.nan)) for *cell, mean in cells]).T
    low, high = np.clip(sides, *bounds)
    return table.assign(**{f"{name}_mean": middle, f"{name}_mean_low": low, f"{name}_mean_high": high})


def _errors(scores, metric):
    """Return `Metric.error` of the mean score of each (dataset, arm, n)."""
    return metric.error(scores.groupby(["dataset", "arm", "n"])[metric.name].mean()).to_dict()


def _measured(curves, error, guessed, metric):
    shape = {key: shapes(np.array([error(*key, n) for n in curve.sizes]), metric) for key, curve in curves.items()}
    shape = {key: np.where(curves[key].sizes > 0, values, 0.0) for key, values in shape.items()}  # no labels, no seeds
    parts: dict[str, dict] = {}
    telling: dict[str, dict] = {}
    for key, curve in curves.items():
        learns = np.array([not guessed(*key, n) for n in curve.sizes])
        learns &= curve.sizes > 0
        keep = learns if learns.any() else curve.sizes > 0
        parts.setdefault(key[0], {})[key] = (curve.where(keep), shape[key][keep])
        telling.setdefault(key[0], {})[key] = (curve.where(learns), shape[key][learns])
    known = {key: found for of, own in parts.items() for key, found in pool_by_arm(own, telling[of]).items()}
    return {key: Measured(curve, shape[key], known[key]) for key, curve in curves.items()}
