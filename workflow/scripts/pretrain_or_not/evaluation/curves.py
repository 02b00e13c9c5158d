"""Put the cells of an arm together: what was measured at each size, on each test example."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from pretrain_or_not.compute.metrics import metric_values
from pretrain_or_not.config.grid import repetition
from pretrain_or_not.config.metric import Metric
from pretrain_or_not.errors import BadInput
from pretrain_or_not.evaluation.metrics import paired_differences, unseen_variance
from pretrain_or_not.evaluation.predictions import Predictions, read_predictions
from pretrain_or_not.evaluation.shared_models import Groups, SharedModels
from pretrain_or_not.files.parquet import read_metadata
from pretrain_or_not.files.paths import PathLike


class Curve(NamedTuple):
    """Scores or gaps of an arm at k increasing sizes, from m test examples that all cells share.

    sizes: (k,). seeds: (k,), how many there are at each size; a round of folds counts as one, and so do the seeds that
    share a model, see `evaluation.shared_models`. values: float64 (k, m), of each test example, the mean over the cells
    of a size. squares: (k,), the sum over the seeds of a size of the squared distance from their mean, less what is
    expected of it from test sampling alone; it may be negative. unit: what one test example counts that is right
    instead of wrong, 100 points. lasting: whether seeds are pretrained models, which are the same at all sizes.
    repeats: (k,), cells or rounds at each size; None if as many as seeds.
    """

    sizes: np.ndarray
    seeds: np.ndarray
    values: np.ndarray
    squares: np.ndarray
    unit: float = 100.0
    lasting: bool = False
    repeats: np.ndarray | None = None

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
        sizes, seeds, values, squares = (part[keep] for part in self[:4])
        repeats = None if self.repeats is None else self.repeats[keep]
        return Curve(sizes, seeds, values, squares, self.unit, self.lasting, repeats)


def curve_of(cells: Iterable[tuple[int, np.ndarray]], unit: float = 100.0) -> Curve:
    """Return the curve of cells, each a size and one value per test example (m,), in the same order in all cells.

    unit: see `Curve`. Memory does not grow with the number of cells.
    """
    return weighted_curve(((n, 1, values) for n, values in cells), unit)


def weighted_curve(cells: Iterable[tuple[int, int, np.ndarray]], unit: float) -> Curve:
    """Return the curve of means of cells: each a size, how many cells it is the mean of, and its values (m,).

    Each mean counts as one seed, with the share w of its cells. They count as s = 1 / Σ w² equal ones, and their sum of
    squares is s Σ w (d − d̄)², where d are the means and d̄ is that of all cells. Test sampling alone moves them apart
    where they differ on single examples: s (Σ w var(d) − var(d̄)) / m of it are expected, with var over examples.
    """
    sums: dict[int, np.ndarray] = {}
    parts: dict[int, list[tuple[int, float, float]]] = {}
    for n, count, values in cells:
        values = np.asarray(values, float)
        sums[n] = sums[n] + count * values if n in sums else count * values
        parts.setdefault(n, []).append((count, values.mean(), _variance(values)))
    sizes = sorted(sums)
    seeds, means, squares = [], [], []
    for n in sizes:
        counts, each, spread = np.array(parts[n]).T
        share = counts / counts.sum()
        mean = sums[n] / counts.sum()
        number = 1 / np.square(share).sum()
        expected = (share @ spread - _variance(mean)) / mean.size
        squares.append(number * (share @ np.square(each - mean.mean()) - expected) if len(share) > 1 else 0.0)
        means.append(mean)
        seeds.append(number)
    exact = np.array(seeds)
    whole = np.rint(exact).astype(int)
    return Curve(
        np.array(sizes), whole if np.allclose(whole, exact) else exact, np.stack(means), np.array(squares), unit
    )


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
            means = _of_models(cells, groups)
            repeats = [sum(count for n, count, _ in means if n == size) for size in sorted({n for n, *_ in means})]
            if means:
                curves[key] = weighted_curve(means, unit)._replace(lasting=True, repeats=np.array(repeats))
        elif not folds or (cells := list(cells)):
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


def _of_models(cells: Iterable[tuple[int, int, np.ndarray]], groups: Groups) -> list[tuple[int, int, np.ndarray]]:
    """Return size, number and mean values of the cells that share a model. cells: size, repetition, values."""
    found: dict[tuple[int, int], tuple[int, np.ndarray]] = {}
    for n, repeated, values in cells:
        at = n, groups.get(repeated, repeated)
        count, total = found.get(at, (0, 0.0))
        found[at] = count + 1, total + values
    return [(n, count, total / count) for (n, _), (count, total) in found.items()]
