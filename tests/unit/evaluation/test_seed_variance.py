"""The variance between seeds: pooled without test sampling, and added to it as simulation and theory say."""

import numpy as np
import pytest
from scipy import stats

from pretrain_or_not.config.metric import ACCURACY
from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.evaluation.curves import curve_of
from pretrain_or_not.evaluation.seed_variance import (
    PRIOR,
    SeedVariance,
    half_widths,
    pool,
    pool_by_arm,
    replicates,
    shapes,
)
from pretrain_or_not.evaluation.wilson import wilson_interval


def constant(gaps):
    """Return a curve without test sampling, whose seeds differ by the same on every example: size -> gap per seed."""
    return curve_of(((n, np.full(4, gap)) for n, values in gaps.items() for gap in values), unit=0.0)


def test_squares_are_pooled_in_units_of_the_shapes():
    curve = constant({100: [1.0, 3.0], 1000: [5.0]})
    assert curve.means.tolist() == [2.0, 5.0] and curve.seeds.tolist() == [2, 1]
    assert curve.squares.tolist() == [2.0, 0.0]  # (1 - 2)² + (3 - 2)²
    other = constant({100: [0.0, 1.0, 2.0]})  # squares 2, two degrees of freedom
    shape = shapes(np.array([20.0, 10.0]), ACCURACY)
    assert shape.tolist() == [1.0, 0.25]
    assert pool([(curve, shape), (other, np.array([0.5]))]) == (2.0 / 1.0 + 2.0 / 0.5 + 2, 3 + 2)


def test_what_seeds_do_not_share_of_test_sampling_is_taken_off():
    rng = np.random.default_rng(0)
    squares = [curve_of((100, rng.normal(0, 10, 400)) for _ in range(3)).squares[0] for _ in range(2000)]
    # Without an effect of seeds, the mean of squares is 0; with all of the test sampling it would be 2 · 10² / 400.
    assert np.mean(squares) == pytest.approx(0, abs=0.05) and min(squares) < 0
    alike = [curve_of((100, rng.normal(0, 10, 400)) for _ in range(2)) for _ in range(9)]
    assert min(pool([(curve, np.ones(1))]).squares for curve in alike) == 2  # never below the prior


@pytest.mark.parametrize(("name", "score", "error"), [("accuracy", 0.9, 10), ("mcc", 0.8, 20), ("log_loss", 0.3, 0.3)])
def test_the_error_of_a_score(name, score, error):
    assert METRICS[name].error(score) == pytest.approx(error)


def test_an_error_of_zero_counts_as_half_a_small_gap():
    assert shapes(np.array([0.0]), ACCURACY) == pytest.approx(0.025**2)


@pytest.mark.parametrize(("squares", "df"), [(2.0, 2), (7.0, 5), (2.0, 32)])
def test_without_test_sampling_the_interval_is_that_of_a_t_distribution(squares, df):
    curve = constant({100: [2.0, 2.0], 1000: [1.0]})
    shape, known = np.array([1.0, 0.25]), SeedVariance(squares, df)
    scale = np.sqrt(squares / df * shape / curve.seeds)
    assert half_widths(curve, shape, known) == pytest.approx(scale * stats.t(df).ppf(0.975), rel=0.003)


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
    curve = curve_of([(100, values), (1000, values)], unit=0.0)
    drawn = replicates(curve, np.full(2, 1e-12), PRIOR, 200, np.random.default_rng(3))
    assert np.ptp(drawn[:, 0] - drawn[:, 1]) < 1e-2 < drawn[:, 0].std()


def test_an_arm_starts_from_what_the_others_say():
    quiet, loud = constant({100: [1.0, 2.0]}), constant({100: [0.0, 4.0]})  # squares 0.5 and 8
    one = np.ones(1)
    found = pool_by_arm({"a": (quiet, one), "b": (quiet, one), "c": (loud, one)})
    assert found["c"] == pytest.approx((8 + 2 * (0.5 + 0.5 + 2) / (2 + 2), 1 + 2))
    assert found["a"] == pytest.approx((0.5 + 2 * (0.5 + 8 + 2) / (2 + 2), 1 + 2))
    assert pool_by_arm({"a": (quiet, one)}) == {"a": pool([(quiet, one)])}
    assert pool_by_arm({"c": (loud, one), "a": (quiet, one)}, {})["c"] == pytest.approx((8 + 2, 1 + 2))


def test_a_noisy_arm_among_quiet_ones_has_wide_intervals():
    """With one variance for all arms, 75 % of its intervals hold the truth, and with its own, 92 %."""
    shape, held = np.full(5, 1.0), []
    for trial in range(200):
        rng, curves = np.random.default_rng(trial), {}
        reference = rng.normal(0, 0.3, (5, 2))
        for arm, sd in enumerate([1.5, *[0.3] * 5]):
            effects = rng.normal(0, sd, (5, 2)) - reference
            curves[arm] = (constant({10 * 3**i: effects[i] for i in range(5)}), shape)
        held += [np.abs(curves[0][0].means) <= half_widths(*curves[0], pool_by_arm(curves)[0])]
    assert np.mean(held) > 0.87


@pytest.mark.parametrize("examples", [60, 100, 200])
@pytest.mark.parametrize(("behind", "ahead"), [(0.01, 0.0), (0.02, 0.0), (0.03, 0.01)])
def test_arms_that_hardly_differ_have_an_honest_interval(examples, behind, ahead):
    """Where the variance between test examples was taken as it is, 45 to 87 % of the intervals held the truth."""
    rng, held = np.random.default_rng(0), []
    for _ in range(200):
        values = rng.choice([100.0, 0.0, -100.0], examples, p=[behind, 1 - behind - ahead, ahead])
        curve, shape = curve_of([(1000, values)] * 2), shapes(np.array([5.0]), ACCURACY)
        (half,) = half_widths(curve, shape, pool([(curve, shape)]))
        held.append(abs(curve.means[0] - 100 * (behind - ahead)) <= half)
    assert np.mean(held) >= 0.94


@pytest.mark.parametrize("wrong", [0, 1, 3, 30])
def test_the_interval_of_a_score_reaches_as_far_as_wilsons(wrong):
    values = np.repeat([0.0, 100.0], [wrong, 300 - wrong])
    curve = curve_of([(1000, values)] * 2)
    (half,) = half_widths(curve, np.full(1, 1e-12), PRIOR)
    low, score = 100 * wilson_interval(300 - wrong, 300)[0], values.mean()
    assert half == pytest.approx(score - low, rel=0.12)
