"""Estimate the variance between seeds from all sizes of all arms, to add it to the sampling of test examples.

Two or three seeds at one size say little about how far seeds lie apart, and one says nothing. So one number c is
estimated from all sizes of an arm, starting from what the other arms of the dataset say. The mean over k seeds at a
size varies by

    variance from test sampling + c · shape / k,    shape = (5 % of the error at that size)²

where the error is `Metric.error` of the reference arm's score for gaps, and of the arm's own score for scores, both in
the unit of a gap. c = 1 thus stands for seeds with a standard deviation of 5 % of the error, a usual value for
fine-tuning. With the sum of squares SS of an arm (in units of the shapes) and its degrees of freedom df = Σ (k − 1),
what is known of c is (SS + 2 c₀) / χ²(df + 2): a scaled inverse χ² distribution whose prior has the weight of two seeds
more than one. c₀ is in the middle of what the other arms together say, with a prior of the same weight near 1. So an
arm whose seeds lie far apart among quiet ones has wide intervals by itself. With one seed everywhere, df is 0, c₀ is 1,
and this prior alone gives the interval its width.

Interface: `shapes` of a curve, `pool_by_arm`, then `half_widths` for intervals, `replicates` for what is computed from
them (a crossing), `test_errors` and `seed_errors` for what several arms are drawn together by. See `evaluation.totals`
for the cells of an experiment.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from pretrain_or_not.config.metric import Metric
from pretrain_or_not.evaluation.curves import Curve
from pretrain_or_not.evaluation.wilson import Z_95

PRIOR_SHARE = 0.05  # standard deviation of seeds, as a share of the error

PRIOR_WEIGHT = 2  # degrees of freedom of the prior

LASTING = 0.5  # correlation between sizes of what a pretrained model adds: 0.3 to 0.9 in docs/pretraining-cells.csv

NODES, HALVINGS = 500, 40  # of the integral over c, and of the bisection, in `total_half_widths`


class SeedVariance(NamedTuple):
    """What is known of c: it is squares / χ²(df), prior included. squares: a sum of squares in units of the shapes."""

    squares: float
    df: float

    @property
    def centre(self) -> float:
        """Return one value for c, in the middle of its distribution."""
        return self.squares / self.df

    def as_prior(self) -> SeedVariance:
        """Return the prior of another arm: as uncertain as PRIOR, around the same centre."""
        return SeedVariance(PRIOR_WEIGHT * self.centre, PRIOR_WEIGHT)

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Return draws of c, (count,)."""
        return self.squares / rng.chisquare(self.df, count)

    def quantiles(self, count: int) -> np.ndarray:
        """Return the middles of `count` equally probable slices of the distribution of c, (count,), falling."""
        from scipy.special import gammaincinv  # here, as SciPy takes a while to import

        middles = (np.arange(count) + 0.5) / count
        return self.squares / (2 * gammaincinv(self.df / 2, middles))


PRIOR = SeedVariance(PRIOR_WEIGHT, PRIOR_WEIGHT)


def shapes(errors: np.ndarray, metric: Metric) -> np.ndarray:
    """Return the variance between seeds that c = 1 stands for, (k,), in squared units of a gap.

    errors: (k,), `Metric.error` at each size. Below half a small gap they count as that: 0.5 points of accuracy.
    """
    return np.square(PRIOR_SHARE * np.maximum(errors, metric.small / 2))


def pool(curves: Iterable[tuple[Curve, np.ndarray]], prior: SeedVariance = PRIOR) -> SeedVariance:
    """Return what the seeds of several curves tell about c together. Each comes with its `shapes`, (k,).

    Where seeds share pretrained models (`Curve.lasting`), all sizes together count as one.
    """
    squares, df = 0.0, 0.0
    for curve, shape in curves:
        times = max(1, (curve.seeds > 1).sum()) if curve.lasting else 1  # sizes that tell the same
        squares += float((curve.squares / shape).sum()) / times
        df += float((curve.seeds - 1).sum()) / times
    return SeedVariance(max(squares, 0.0) + prior.squares, df + prior.df)


def pool_by_arm(curves: dict, telling: dict | None = None) -> dict:
    """Return what is known of c for each arm: from its own seeds, with what those of the others say as prior.

    Arms with several pretrained models (`Curve.lasting`) and arms without say nothing about each other. curves: arm ->
    its curve and `shapes`. telling: the same for the arms and sizes that say something about others; None for all.
    """
    telling = curves if telling is None else telling
    kinds = {arm: curve.lasting for arm, (curve, _) in curves.items()}

    def others(arm):
        return pool(part for other, part in telling.items() if other != arm and kinds[other] == kinds[arm])

    return {arm: pool([own], others(arm).as_prior()) for arm, own in curves.items()}


def half_widths(curve: Curve, shape: np.ndarray, variance: SeedVariance) -> np.ndarray:
    """Return half the width of the total 95 % interval of the curve's mean at each size, (k,).

    shape: (k,), see `shapes`.
    """
    return total_half_widths(np.diag(curve.test_covariance), shape / curve.seeds, variance)


def total_half_widths(test: np.ndarray, seeds: np.ndarray, variance: SeedVariance) -> np.ndarray:
    """Return half the width of 95 % intervals of means that vary by test + c · seeds, all (k,).

    It is the quantile of the sum of a normal and a scaled t distribution, found by bisection.
    """
    from scipy.special import ndtr

    deviations = np.sqrt(test[:, None] + variance.quantiles(NODES) * seeds[:, None])  # (k, nodes)
    low, high = np.zeros(len(test)), Z_95 * deviations.max(axis=1, initial=0)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        inside = ndtr(middle[:, None] / deviations).mean(axis=1) < 0.975
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return high


def replicates(
    curve: Curve, shape: np.ndarray, variance: SeedVariance, count: int, rng: np.random.Generator
) -> np.ndarray:
    """Return what the means of the curve may be, (count, k): means + test sampling + seeds. shape: see `shapes`."""
    return curve.means + test_errors(curve, count, rng) + seed_errors(curve, shape, variance, count, rng)


def test_errors(curve: Curve, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return how far test sampling may move the means of the curve, (count, k).

    It is normal, with the covariance over sizes that the shared test examples give. The sizes need not rise, so two
    arms may stand in one `curve`, to be drawn together.
    """
    none = np.zeros(len(curve.sizes))
    return rng.multivariate_normal(none, curve.test_covariance, count, check_valid="ignore")


def seed_errors(
    curve: Curve, shape: np.ndarray, variance: SeedVariance, count: int, rng: np.random.Generator
) -> np.ndarray:
    """Return how far the seeds may move the means of the curve, (count, k).

    Each replicate draws one c for all sizes; given c, they are normal with c · `seed_covariance`. shape: (k,), see
    `shapes`.
    """
    scale = np.sqrt(variance.draw(rng, count)[:, None] * shape / curve.seeds)
    share = LASTING * curve.lasting
    common, own = rng.standard_normal((count, 1)), rng.standard_normal((count, len(shape)))
    return scale * (np.sqrt(share) * common + np.sqrt(1 - share) * own)


def seed_covariance(curve: Curve, shape: np.ndarray) -> np.ndarray:
    """Return the covariance of the means from the seeds that c = 1 stands for, (k, k). shape: see `shapes`.

    The seeds of different sizes are independent. What a pretrained model adds (`Curve.lasting`) is correlated.
    """
    variances = shape / curve.seeds
    share = LASTING * curve.lasting
    return share * np.sqrt(np.outer(variances, variances)) + (1 - share) * np.diag(variances)
