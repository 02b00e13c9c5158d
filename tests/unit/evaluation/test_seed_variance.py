"""The variance between seeds: pooled without test sampling, and added to it as simulation and theory say."""

import numpy as np
import pytest
from scipy import stats

from pretrain_or_not.config.metrics import ACCURACY, METRICS
from pretrain_or_not.evaluation.curves import curve_of
from pretrain_or_not.evaluation.seed_variance import SeedVariance, half_widths, pool, replicates, shapes


def constant(gaps):
    """Return a curve whose seeds differ by the same on every test example: size -> one gap per seed."""
    return curve_of((n, np.full(4, gap)) for n, values in gaps.items() for gap in values)


def test_squares_are_pooled_in_units_of_the_shapes():
    curve = constant({100: [1.0, 3.0], 1000: [5.0]})
    assert curve.means.tolist() == [2.0, 5.0] and curve.seeds.tolist() == [2, 1]
    assert curve.squares.tolist() == [2.0, 0.0]  # (1 - 2)² + (3 - 2)²
    other = constant({100: [0.0, 1.0, 2.0]})  # squares 2, two degrees of freedom
    shape = shapes(np.array([20.0, 10.0]), ACCURACY)
    assert shape.tolist() == [1.0, 0.25]
    assert pool([(curve, shape), (other, np.array([0.5]))]) == (2.0 / 1.0 + 2.0 / 0.5, 3)


def test_what_seeds_do_not_share_of_test_sampling_is_taken_off():
    rng = np.random.default_rng(0)
    squares = [curve_of((100, rng.normal(0, 10, 400)) for _ in range(3)).squares[0] for _ in range(2000)]
    # Without an effect of seeds, the mean of squares is 0; with all of the test sampling it would be 2 · 10² / 400.
    assert np.mean(squares) == pytest.approx(0, abs=0.05) and min(squares) < 0
    assert pool([(curve_of((100, rng.normal(0, 10, 400)) for _ in range(2)), np.array([1.0]))]).squares >= 0


@pytest.mark.parametrize(("name", "score", "error"), [("accuracy", 0.9, 10), ("mcc", 0.8, 20), ("log_loss", 0.3, 0.3)])
def test_the_error_of_a_score(name, score, error):
    assert METRICS[name].error(score) == pytest.approx(error)


def test_an_error_of_zero_counts_as_half_a_small_gap():
    assert shapes(np.array([0.0]), ACCURACY) == pytest.approx(0.025**2)


@pytest.mark.parametrize(("squares", "df"), [(0.0, 0), (5.0, 3), (0.0, 30)])
def test_without_test_sampling_the_interval_is_that_of_a_t_distribution(squares, df):
    curve = constant({100: [2.0, 2.0], 1000: [1.0]})
    shape, known = np.array([1.0, 0.25]), SeedVariance(squares, df)
    scale = np.sqrt((squares + 2) / (df + 2) * shape / curve.seeds)
    assert half_widths(curve, shape, known) == pytest.approx(scale * stats.t(df + 2).ppf(0.975), rel=0.003)


def test_replicates_have_the_interval_that_is_told():
    rng = np.random.default_rng(1)
    cells = [(n, rng.normal(3, 20, 500)) for n in (100, 1000) for _ in range(2)]
    curve, known = curve_of(cells), SeedVariance(4.0, 4)
    shape = np.array([0.5, 0.1])
    drawn = replicates(curve, shape, known, 100_000, rng)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    assert (high - low) / 2 == pytest.approx(half_widths(curve, shape, known), rel=0.03)
    assert (high + low) / 2 == pytest.approx(curve.means, abs=0.03)


def test_sizes_share_the_sampling_of_test_examples():
    values = np.random.default_rng(2).normal(0, 10, 300)
    curve = curve_of([(100, values), (1000, values)])
    drawn = replicates(curve, np.full(2, 1e-12), SeedVariance(), 200, np.random.default_rng(3))
    assert np.ptp(drawn[:, 0] - drawn[:, 1]) < 1e-2 < drawn[:, 0].std()
