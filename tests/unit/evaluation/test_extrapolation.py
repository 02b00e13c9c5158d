"""Extrapolated curves: intervals hold planted curves of several shapes, and what says nothing is refused."""

import numpy as np
import pytest
from scipy import integrate, stats

from pretrain_or_not.evaluation.extrapolation import (
    DISCREPANCY,
    DRAWS,
    PATHS,
    START,
    Observed,
    extrapolate,
    fit,
    form,
    matern,
    posterior,
    refusal,
)
from pretrain_or_not.evaluation.seed_variance import SeedVariance

SIZES = np.array([100, 300, 1000, 3000, 10_000])
AHEAD = np.array([20_000, 40_000, 100_000])
PLANTED = {  # error in points over labels, relative to the largest size; guessing has 50
    "power law": lambda z: 12 * z**-0.2,
    "with an offset": lambda z: 6 + 12 * z**-0.3,
    "like a logistic curve": lambda z: 5 + 45 / (1 + z / 0.08),
    "flat, then falling": lambda z: 40 * (np.maximum(z, 0.05) / 0.05) ** -0.5,
}


def noise(errors, examples=2000, seeds=2):
    """Return a covariance of errors in points: half of the test sampling is shared by all sizes, and seeds differ."""
    test = errors * (100 - errors) / examples
    return 0.5 * test.min() + np.diag(test - 0.5 * test.min() + (0.05 * errors) ** 2 / seeds)


@pytest.mark.parametrize("shape", PLANTED)
def test_the_interval_covers_planted_curves(shape):
    truth, ahead = PLANTED[shape](SIZES / SIZES[-1]), PLANTED[shape](AHEAD / SIZES[-1])
    covered, widths = [], []
    for trial in range(7):
        rng = np.random.default_rng(trial)
        errors = truth + rng.multivariate_normal(np.zeros(5), noise(truth))
        paths, reason = extrapolate(Observed(SIZES, errors, noise(truth), 50.0), AHEAD, rng)
        low, high = np.quantile(paths, [0.025, 0.975], axis=0)
        assert reason is None and paths.shape == (PATHS, 3)
        covered.append((low <= ahead) & (ahead <= high))
        widths.append(high - low)
    assert np.mean(covered) >= 0.85
    assert (np.mean(widths, axis=0) < [7, 10, 16]).all()  # it is no use to cover everything


def test_what_is_not_known_of_the_seeds_makes_intervals_wider():
    """With one seed, the variance between seeds is a guess: its 95 % interval has t with 2 degrees of freedom."""
    sizes, widths = np.array([150, 500, 1500]), []
    curve = Observed(sizes, np.array([60.0, 47.0, 38.0]), np.eye(3), 85.0, seeds=np.diag([9.0, 6.0, 4.0]))
    for df in (2, 500):
        known = curve._replace(variance=SeedVariance(df, df))
        paths, reason = extrapolate(known, np.array([1500, 3000]), np.random.default_rng(0))
        assert reason is None
        widths.append(np.diff(np.quantile(paths, [0.025, 0.975], axis=0), axis=0)[0])
    assert (widths[0] > 1.15 * widths[1]).all()


def test_without_noise_the_paths_start_at_what_was_measured_and_spread():
    errors = PLANTED["with an offset"](SIZES / SIZES[-1])
    paths, _ = extrapolate(
        Observed(SIZES, errors, np.zeros((5, 5)), 50.0), np.geomspace(1e4, 1e5, 5), np.random.default_rng(0)
    )
    assert paths[:, 0] == pytest.approx(errors[-1], abs=0.05)
    assert (np.diff(paths.std(axis=0)) > 0).all()
    assert paths.min() >= 0


def test_errors_stay_within_their_bounds():
    errors = np.array([40, 18, 6, 2, 0.3])
    paths, _ = extrapolate(Observed(SIZES, errors, np.eye(5) * 0.01, 50.0), AHEAD, np.random.default_rng(0))
    assert paths.min() == 0
    errors = np.array([190, 188, 186, 184, 182.0])
    paths, _ = extrapolate(Observed(SIZES, errors, np.eye(5), 195.0, worst=182.0), AHEAD, np.random.default_rng(0))
    assert paths.max() == 182


def test_an_arm_without_errors_is_expected_to_make_none():
    curve = Observed(SIZES, np.array([10, 1, 0, 0, 0.0]), np.zeros((5, 5)), 50.0)
    paths, _ = extrapolate(curve, np.geomspace(1e4, 1e5, 21), np.random.default_rng(0))
    assert np.quantile(paths, 0.975) < 1
    paths, _ = extrapolate(curve._replace(errors=np.zeros(5)), AHEAD, np.random.default_rng(0))
    assert np.quantile(paths, 0.975) < 1


def test_the_same_curve_gives_the_same_paths():
    curve = Observed(SIZES, PLANTED["power law"](SIZES / SIZES[-1]), np.eye(5) * 0.1, 50.0)
    first, second = (extrapolate(curve, AHEAD, np.random.default_rng(0))[0] for _ in range(2))
    assert np.array_equal(first, second)


def test_weights_are_the_likelihood_integrated_over_the_level():
    errors, seeds = np.array([30.0, 20.0, 14.0]), np.array([0.7, 0.4, 0.3])
    test, c = np.diag([1.0, 0.8, 0.5]) + 0.1, np.array([0.4, 5.0])
    curve = Observed(np.array([100, 1000, 10_000]), errors, test, 50.0, seeds=np.diag(seeds))
    draws = np.array([[0.3, 0.9], [0.01, 0.5], [1.0, 0.7]])
    shapes = form(curve.sizes / 10_000, *draws)
    assert shapes[:, -1].tolist() == [1, 1]
    logs = np.log(curve.sizes)
    logarithms = []
    for share, prior in DISCREPANCY.items():
        found = fit(curve, draws, c, shapes, share)
        for i, (_, _, f) in enumerate(draws.T):
            total = test + c[i] * np.diag(seeds) + ((share * 14) ** 2 + 0.05**2) * matern(logs, logs)
            density = stats.multivariate_normal(np.zeros(3), total).pdf
            area, _ = integrate.quad(
                lambda level, i=i, density=density: density(errors - level * shapes[i]),
                -50,
                100,
                points=[14],
                limit=200,
            )
            start = found.mean[i] * (1 - f + f * (1 + draws[1, i] ** -draws[0, i]))
            by_hand = np.log(prior * area) - 0.5 * (np.log(start / 50) / START) ** 2
            logarithms.append((found.log_weight[i], by_hand))
    ours, theirs = np.array(logarithms).T
    assert ours - ours[0] == pytest.approx(theirs - theirs[0], abs=1e-4)


def test_the_second_set_of_draws_is_of_the_same_posterior_and_more_effective():
    errors = PLANTED["power law"](SIZES / SIZES[-1])
    curve = Observed(SIZES, errors, noise(errors), 50.0)
    draws, _, _, weights = posterior(curve, np.random.default_rng(0))
    assert weights.shape == (4, DRAWS) and weights.sum() == pytest.approx(1)
    assert 1 / (weights**2).sum() > 500
    other, _, _, others = posterior(curve, np.random.default_rng(1))
    exponents = [(w.sum(axis=0) * d[0]).sum() for d, w in ((draws, weights), (other, others))]
    assert exponents[0] == pytest.approx(exponents[1], rel=0.1)


@pytest.mark.parametrize(
    ("sizes", "errors", "reason"),
    [
        ([100, 1000], [30, 20], "it takes 3 sizes, the largest 8 times the smallest or more, and there are 2"),
        ([100, 200, 700], [30, 25, 20], "must be 8 times the smallest one, and is 7.0 times"),
        ([100, 300, 1000], [50, 49.5, 48.8], "hardly better than guessing at 1,000 labels"),
        ([100, 300, 1000], [30, 20, 22.5], "gets worse from 300 to 1,000 labels"),
    ],
)
def test_what_says_nothing_is_refused(sizes, errors, reason):
    curve = Observed(np.array(sizes), np.array(errors, float), 0.5 * np.eye(len(sizes)), 50.0)
    assert reason in refusal(curve).format(arm="LSTM")


def test_a_step_that_noise_explains_is_not_refused():
    curve = Observed(np.array([100, 300, 1000]), np.array([30.0, 20.0, 21.0]), 0.5 * np.eye(3), 50.0)
    assert refusal(curve) is None
    assert refusal(curve._replace(test=0.1 * np.eye(3))) is not None


def test_an_irregular_curve_is_refused():
    errors = np.array([45.0, 30.0, 41.0, 22.0, 21.0])
    _, reason = extrapolate(Observed(SIZES, errors, 0.05 * np.eye(5), 50.0), AHEAD, np.random.default_rng(0))
    assert reason == "the curve of {arm} is too irregular"


def test_a_curve_without_a_place_in_the_prior_is_refused(monkeypatch):
    monkeypatch.setattr("pretrain_or_not.evaluation.extrapolation.FEWEST_EFFECTIVE", 1e6)
    errors = PLANTED["power law"](SIZES / SIZES[-1])
    _, reason = extrapolate(Observed(SIZES, errors, noise(errors), 50.0), AHEAD, np.random.default_rng(0))
    assert "a form that the method does not know" in reason


@pytest.mark.parametrize("horizons", [[9000, 20_000], [20_000, 100_001]])
def test_horizons_are_from_the_largest_size_to_ten_times_it(horizons):
    curve = Observed(SIZES, np.array([40.0, 30, 20, 15, 12]), np.eye(5), 50.0)
    with pytest.raises(ValueError, match="1 to 10 times"):
        extrapolate(curve, np.array(horizons), np.random.default_rng(0))
