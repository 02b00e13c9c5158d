"""Extrapolate a learning curve by a Bayesian power law with an offset, a known start, a discrepancy.

With z = n / largest size, the error in points is e(z) = E (1 - f + f g(z)), g(z) = (1 + u^-b) / (1 + (z/u)^b). E: error
at the largest size. f: share of it that labels can remove. b: exponent. u: where the power law sets in. Without labels,
an arm knows no more than which class is the most frequent: e(0) = E (1 + f u^-b) is near the error of guessing. What a
curve has beyond this form is a Gaussian process in log n, and beyond the largest size also a random walk.

The parameters are drawn from their prior and weighted by the likelihood of the observed errors, in which E and the
process are integrated out (importance sampling). So is the variance between seeds: each draw has one, from what the
seeds tell of it. docs/statistics.md says how well this predicts known curves.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import solve_triangular

from pretrain_or_not.evaluation.seed_variance import PRIOR, SeedVariance

DRAWS = 100_000  # from the prior

PATHS = 2_000  # from the posterior

EXPONENT, ONSET = (0.1, 1.5), (1e-4, 3.0)  # log-uniform priors of b and u

NO_OFFSET = 0.3  # prior probability of f = 1; otherwise f is uniform

START = 0.15  # standard deviation of the logarithm of e(0)

DISCREPANCY = {0.004: 3, 0.012: 3, 0.036: 1.5, 0.1: 0.5}  # its standard deviation relative to the error: prior weight

LEAST, SMALLEST_SCALE = 0.05, 0.5  # points: least discrepancy, and least error that it is relative to

TINY = 1e-3  # points: what an error of zero counts as where its logarithm is taken

LENGTH = 3.0  # of the Gaussian process, in units of log n

NEGLIGIBLE = 14.0  # a weight e^-14 of the largest one

FARTHEST = 10  # times the largest size

FEWEST_SIZES, SMALLEST_SPAN, FEWEST_EFFECTIVE, MOST_IRREGULAR = 3, 8, 50, 0.5


class Observed(NamedTuple):
    """The errors of an arm that were observed.

    sizes: (k,) rising. errors: (k,) in points, means over seeds. test: (k, k), their covariance from test sampling.
    guessing: error of guessing, in points. worst: the largest error that there is. seeds: (k, k), what is added to
    `test` times c, and variance: what is known of c, see `evaluation.seed_variance`.
    """

    sizes: np.ndarray
    errors: np.ndarray
    test: np.ndarray
    guessing: float
    worst: float = 100.0
    seeds: np.ndarray | float = 0.0
    variance: SeedVariance = PRIOR

    @property
    def covariance(self) -> np.ndarray:
        """Return the covariance of the errors, (k, k), for the c in the middle."""
        return self.test + self.variance.centre * self.seeds


def refusal(observed: Observed) -> str | None:
    """Return in words why a curve says nothing about more labels, or None. `{arm}` stands for the name of the arm."""
    sizes, errors, covariance = observed.sizes, observed.errors, observed.covariance
    if len(sizes) < FEWEST_SIZES:
        there = f"there {'is' if len(sizes) == 1 else 'are'} {len(sizes)}"
        return f"it takes {FEWEST_SIZES} sizes, the largest {SMALLEST_SPAN} times the smallest or more, and {there}"
    if sizes[-1] < SMALLEST_SPAN * sizes[0]:
        return (
            f"the largest size must be {SMALLEST_SPAN} times the smallest one, and is {sizes[-1] / sizes[0]:.1f} times"
        )
    if observed.guessing - errors[-1] <= 2 * np.sqrt(covariance[-1, -1]):
        return f"{{arm}} is hardly better than guessing at {sizes[-1]:,} labels"
    step = np.sqrt(covariance[-1, -1] + covariance[-2, -2] - 2 * covariance[-1, -2])
    if errors[-1] - errors[-2] > 2 * step:
        return f"{{arm}} gets worse from {sizes[-2]:,} to {sizes[-1]:,} labels"
    return None


def draw_prior(rng: np.random.Generator, ends: np.ndarray) -> np.ndarray:
    """Return draws of b, u and f, (3, DRAWS). ends: (2, 2), lowest and highest logarithm of b, and of u."""
    b, u = np.exp(rng.uniform(ends[:, :1], ends[:, 1:], (2, DRAWS)))
    return np.stack([b, u, np.where(rng.random(DRAWS) < NO_OFFSET, 1.0, rng.random(DRAWS))])


def form(z: np.ndarray, b: np.ndarray, u: np.ndarray, f: np.ndarray) -> np.ndarray:
    """Return e(z) / E, (draws, len(z)). b, u, f: (draws,)."""
    b, u, f = b[:, None], u[:, None], f[:, None]
    return 1 - f + f * (1 + u**-b) / (1 + (z / u) ** b)


def matern(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the Matérn 3/2 correlation between logarithms of sizes, (len(x), len(y))."""
    distance = np.sqrt(3) * np.abs(x[:, None] - y) / LENGTH
    return (1 + distance) * np.exp(-distance)


class Fit(NamedTuple):
    """How the draws fit a curve with one discrepancy.

    variance: of the discrepancy, in points². whiten: (k, k), times which errors of a draw are independent. inverse:
    the inverse of their variances then, (k, DRAWS). mean, precision: of E, (DRAWS,). log_weight: posterior over prior,
    up to a constant, (DRAWS,).
    """

    variance: float
    whiten: np.ndarray
    inverse: np.ndarray
    mean: np.ndarray
    precision: np.ndarray
    log_weight: np.ndarray


def fit(observed: Observed, draws: np.ndarray, c: np.ndarray, shapes: np.ndarray, share: float) -> Fit:
    """Return how each draw fits. draws: see `draw_prior`. c: (DRAWS,). shapes: `form`. share: a key of DISCREPANCY.

    The covariance of the errors is A + c D, with D the `seeds`. W is such that W A Wᵀ = I and W D Wᵀ is
    diagonal, so that no matrix has to be factored for each draw.
    """
    b, u, f = draws
    variance = (share * max(observed.errors[-1], SMALLEST_SCALE)) ** 2 + LEAST**2
    logs = np.log(observed.sizes)
    lower = np.linalg.cholesky(variance * matern(logs, logs) + observed.test)
    inverse_of_lower = solve_triangular(lower, np.eye(len(logs)), lower=True)
    own, axes = np.linalg.eigh(inverse_of_lower @ (observed.seeds * np.ones_like(lower)) @ inverse_of_lower.T)
    whiten = axes.T @ inverse_of_lower
    inverse = 1 / (1 + np.maximum(own, 0)[:, None] * c)
    white, target = whiten @ shapes.T, (whiten @ observed.errors)[:, None]
    precision = (inverse * white**2).sum(axis=0)
    mean = (inverse * white * target).sum(axis=0) / precision
    misfit = (inverse * target**2).sum(axis=0) - mean**2 * precision + np.log(precision)
    misfit += 2 * np.log(lower.diagonal()).sum() - np.log(inverse).sum(axis=0)
    start = (np.log(np.maximum(mean, TINY) * (1 + f * u**-b) / observed.guessing) / START) ** 2
    log_weight = np.log(DISCREPANCY[share]) - 0.5 * (misfit + start)
    return Fit(variance, whiten, inverse, mean, precision, log_weight)


def posterior(observed: Observed, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, list[Fit], np.ndarray]:
    """Return draws of the parameters, their `form`, their fits, one per discrepancy, and weights, (fits, DRAWS).

    Most draws from the prior have no weight. So a second set is drawn, between the lowest and the highest b and u that
    have: the same posterior with some eight times more effective draws.
    """
    ends, c = np.log([EXPONENT, ONSET]), observed.variance.draw(rng, DRAWS)
    for last in (False, True):
        draws = draw_prior(rng, ends)
        shapes = form(observed.sizes / observed.sizes[-1], *draws)
        fits = [fit(observed, draws, c, shapes, share) for share in DISCREPANCY]
        logs = np.stack([found.log_weight for found in fits])
        if not last:
            weighty = np.log(draws[:2, (logs > logs.max() - NEGLIGIBLE).any(axis=0)])
            ends = np.stack([weighty.min(axis=1), weighty.max(axis=1)], axis=1)
    weights = np.exp(logs - logs.max())
    return draws, shapes, fits, weights / weights.sum()


def extrapolate(observed: Observed, horizons: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, str | None]:
    """Return paths of the error in points at `horizons`, (PATHS, len(horizons)), and a reason to refuse them, or None.

    observed: without a `refusal`. horizons: sizes from the largest one to FARTHEST times it, rising. Raises ValueError
    for others.
    """
    if horizons[0] < observed.sizes[-1] or horizons[-1] > FARTHEST * observed.sizes[-1]:
        raise ValueError(f"horizons must be 1 to {FARTHEST} times the largest size")
    draws, shapes, fits, weights = posterior(observed, rng)
    reason = None
    if weights[-1].sum() > MOST_IRREGULAR:
        reason = "the curve of {arm} is too irregular"
    elif 1 / (weights**2).sum() < FEWEST_EFFECTIVE:
        reason = "the curve of {arm} has a form that the method does not know"
    logs, ahead = np.log(observed.sizes), np.log(horizons)
    further = np.minimum.outer(ahead, ahead) - logs[-1]  # covariance of the random walk
    chosen = rng.choice(weights.size, PATHS, p=weights.ravel())
    paths = []
    for i, found in enumerate(fits):
        taken = chosen[chosen // DRAWS == i] % DRAWS
        level = rng.normal(found.mean[taken], found.precision[taken] ** -0.5)[:, None]
        gain = found.whiten @ (found.variance * matern(logs, ahead))  # (k, horizons)
        residual = found.whiten @ (observed.errors - level * shapes[taken]).T
        inverse = found.inverse[:, taken]
        own = found.variance * (matern(ahead, ahead) + further + 1e-6 * np.eye(len(ahead)))
        known = np.einsum("kh,kd,kg->dhg", gain, inverse, gain)
        wiggle = np.linalg.cholesky(own - known) @ rng.standard_normal((len(taken), len(ahead), 1))
        paths.append(
            level * form(horizons / observed.sizes[-1], *draws[:, taken])
            + (inverse * residual).T @ gain + wiggle[..., 0]
        )  # fmt: skip
    return np.clip(rng.permutation(np.concatenate(paths)), 0, observed.worst), reason
