"""Metrics against scikit-learn and SciPy."""

import numpy as np
import pytest
from scipy.stats import binomtest, ttest_rel
from sklearn.metrics import accuracy_score, f1_score

from pretrain_or_not.evaluation.metrics import accuracy, macro_f1, paired_gap, wilson_interval


@pytest.mark.parametrize("classes", [2, 5])
def test_against_scikit_learn(classes):
    rng = np.random.default_rng(classes)
    labels, predicted = rng.integers(0, classes, (2, 300))
    assert accuracy(labels, predicted, classes) == pytest.approx(accuracy_score(labels, predicted))
    assert macro_f1(labels, predicted, classes) == pytest.approx(f1_score(labels, predicted, average="macro"))


def test_macro_f1_counts_a_missing_class_as_zero():
    labels, predicted = np.array([0, 0, 1]), np.array([0, 0, 0])
    expected = f1_score(labels, predicted, labels=[0, 1, 2], average="macro", zero_division=0)
    assert macro_f1(labels, predicted, 3) == pytest.approx(expected)


@pytest.mark.parametrize(("correct", "n"), [(0, 10), (7, 10), (950, 1000), (10, 10)])
def test_wilson_interval_against_scipy(correct, n):
    interval = binomtest(correct, n).proportion_ci(0.95, method="wilson")
    assert wilson_interval(correct, n) == pytest.approx((interval.low, interval.high))


@pytest.mark.parametrize("n", [10, 16, 27])
def test_wilson_interval_contains_the_accuracy(n):
    for correct in range(n + 1):
        low, high = wilson_interval(correct, n)
        assert 0 <= low <= correct / n <= high <= 1


def test_paired_gap_against_a_paired_t_test():
    rng = np.random.default_rng(0)
    reference, arm = rng.random((2, 500)) < [[0.9], [0.8]]
    gap, error = paired_gap(reference, arm)
    assert gap == pytest.approx(100 * (reference.mean() - arm.mean()))
    assert gap / error == pytest.approx(ttest_rel(reference.astype(float), arm.astype(float)).statistic)
