"""Put the cells of an arm together: what was measured at each size, on each test example."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from pretrain_or_not.compute.metrics import metric_values
from pretrain_or_not.config.grid import repetition
from pretrain_or_not.config.metrics import Metric
from pretrain_or_not.errors import BadInput
from pretrain_or_not.evaluation.metrics import paired_differences, unseen_variance
from pretrain_or_not.evaluation.predictions import Predictions, read_predictions
from pretrain_or_not.evaluation.shared_models import Groups, SharedModels
from pretrain_or_not.files.parquet import read_metadata
from pretrain_or_not.files.paths import PathLike


class Curve(NamedTuple):
    """Scores or gaps of an arm at k increasing sizes, from m test examples that all cells share.

    sizes: (k,). seeds: (k,), how many there are at each size; a round of folds counts as one, and so do the seeds that
    share a model, see `evaluation.shared_models`. values: float64 (k, m),
    of each test example, the mean over the seeds of a size. squares: (k,), the sum over the seeds of a size of the
    squared distance from their mean, less what is expected of it from test sampling alone; it may be negative. unit:
    what one test example counts that is right instead of wrong, 100 points.
    """

    sizes: np.ndarray
    seeds: np.ndarray
    values: np.ndarray
    squares: np.ndarray
    unit: float = 100.0

    @property
    def means(self) -> np.ndarray:
        """Return the score or gap at each size, (k,)."""
        return self.values.mean(axis=1)

    @property
    def test_covariance(self) -> np.ndarray:
        """Return the covariance of the means from the sampling of test examples, (k, k).

        What the examples do not show of it, see `unseen_variance`, is independent between sizes.
        """
        k, examples = self.values.shape
        seen = np.atleast_2d(np.cov(self.values, ddof=min(1, examples - 1))) / examples
        return seen + unseen_variance(examples, self.unit) * np.eye(k)

    def where(self, keep: np.ndarray) -> Curve:
        """Return the curve at some of its sizes. keep: bool (k,)."""
        sizes, seeds, values, squares = (part[keep] for part in (self.sizes, self.seeds, self.values, self.squares))
        return Curve(sizes, seeds, values, squares, self.unit)


def curve_of(cells: Iterable[tuple[int, np.ndarray]], unit: float = 100.0) -> Curve:
    """Return the curve of cells, each a size and one value per test example (m,), in the same order in all cells.

    unit: see `Curve`.

    Test sampling alone moves the seeds of a size apart where they differ on single examples: the sum of squares is then
    expected to be Σ_s var(d_s − d̄) / m = (Σ_s var(d_s) − k var(d̄)) / m, where d_s are the values with seed s, d̄ their
    mean over k seeds, and var is over examples. Memory does not grow with the number of seeds.
    """
    sums: dict[int, np.ndarray] = {}
    means: dict[int, list[float]] = {}
    variances: dict[int, float] = {}
    for n, values in cells:
        values = np.asarray(values, float)
        sums[n] = sums[n] + values if n in sums else values
        means.setdefault(n, []).append(values.mean())
        variances[n] = variances.get(n, 0.0) + _variance(values)
    sizes = sorted(sums)
    seeds = np.array([len(means[n]) for n in sizes])
    values = np.stack([sums[n] / k for n, k in zip(sizes, seeds, strict=True)])
    expected = [(variances[n] - k * _variance(v)) / v.size for n, k, v in zip(sizes, seeds, values, strict=True)]
    squares = [np.square(np.array(means[n]) - np.mean(means[n])).sum() for n in sizes]
    return Curve(np.array(sizes), seeds, values, np.where(seeds > 1, np.subtract(squares, expected), 0.0), unit)


def _variance(values):
    return values.var(ddof=min(1, len(values) - 1))


def paths_of(scores: pd.DataFrame, predictions: list) -> dict[tuple, PathLike]:
    """Return (dataset, arm, n, seed) -> path of the predictions, for the cells in `scores`, rows of scores.parquet."""
    cell = ["dataset", "arm", "size", "seed"]
    labels = dict(zip(scores[cell].itertuples(index=False, name=None), scores["n"].tolist(), strict=True))
    abouts = {path: tuple(map(read_metadata(path).get, cell)) for path in predictions}
    return {
        (dataset, arm, labels[about], seed): path for path, about in abouts.items() for dataset, arm, _, seed in [about]
    }


def differences(first: Predictions, second: Predictions, metric: Metric) -> np.ndarray:
    """Return the `paired_differences` of a reference cell and another one, (test examples,).

    Raises BadInput if their test examples differ.
    """
    if not np.array_equal(first.ids, second.ids):
        about = first.about
        cell = f"{about.get('dataset')}, {about.get('size')} labels, seed {about.get('seed')}"
        raise BadInput(
            f"predictions of {about['arm']} and {second.about['arm']} ({cell}) are not of the same test examples; "
            "delete both files and run again"
        )
    of_reference, of_arm = (metric_values(metric.name, cell.labels, cell.probabilities) for cell in (first, second))
    return paired_differences(metric, of_reference, of_arm)


def gap_curves(
    gaps: pd.DataFrame, predictions: dict, metric: Metric, shared: SharedModels
) -> dict[tuple[str, str], Curve]:
    """Return the curve of gaps of each (dataset, arm); one without any complete round of folds is left out.

    gaps: rows of gaps.parquet. predictions: (dataset, arm, n, seed) -> path of the cell's predictions.
    """
    references = dict(zip(gaps["dataset"], gaps["reference"], strict=True))

    def read(row):
        at = row.n, row.seed
        reference, own = (read_predictions(predictions[row.dataset, arm, *at]) for arm in (row.reference, row.arm))
        return own.ids, differences(reference, own, metric)

    return _curves(gaps, read, metric.scale, lambda dataset, arm: shared.groups(dataset, arm, references[dataset]))


def score_curves(
    scores: pd.DataFrame, predictions: dict, metric: Metric, shared: SharedModels
) -> dict[tuple[str, str], Curve]:
    """Return the curve of scores of each (dataset, arm), in the unit of a score; see `gap_curves`.

    scores: rows of scores.parquet that have a score.
    """

    def read(row):
        own = read_predictions(predictions[row.dataset, row.arm, row.n, row.seed])
        return own.ids, metric_values(metric.name, own.labels, own.probabilities)

    return _curves(scores, read, 1.0, shared.groups)


def _curves(table, read, unit, groups_of):
    curves = {}
    for key, rows in table.groupby(["dataset", "arm"], sort=False):
        folds = int(rows["folds"].iloc[0])
        cells = _rounds(list(rows.itertuples(index=False)), folds, read)
        if groups := groups_of(*key):
            cells = _of_models(cells, groups)
        if not folds or (cells := list(cells)):
            curves[key] = curve_of(((n, values) for n, _, values in cells), unit)
    return curves


def _rounds(cells, folds, read) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yield size, repetition and values of each cell or, with folds, each complete round, in the order of ids.

    In a round, each example is tested once, so its folds together are like one cell that is tested on all examples.
    """
    if not folds:
        yield from ((row.n, row.seed, read(row)[1]) for row in cells)
        return
    rounds: dict = {}
    for row in cells:
        rounds.setdefault((row.n, repetition(row.seed, folds)), []).append(row)
    for at, members in rounds.items():
        if len(members) == folds:
            ids, values = (np.concatenate(arrays) for arrays in zip(*map(read, members), strict=True))
            yield *at, values[np.argsort(ids)]


def _of_models(cells: Iterable[tuple[int, int, np.ndarray]], groups: Groups) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yield size, repetition and mean values of the cells that share a model."""
    found: dict[tuple[int, int], list] = {}
    for n, repeated, values in cells:
        found.setdefault((n, groups.get(repeated, repeated)), []).append(values)
    for at, members in found.items():
        yield *at, np.mean(members, axis=0)
