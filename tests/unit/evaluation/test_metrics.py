"""Intervals of scores, what guessing scores, and gaps, against SciPy and by hand."""

import numpy as np
import pytest
from scipy.stats import binomtest, ttest_rel

from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.evaluation.by_class import confusion_matrix, worst_recall
from pretrain_or_not.evaluation.metrics import (
    guessing_scores,
    metric_columns,
    paired_differences,
    paired_gap,
    scores_by,
)
from pretrain_or_not.evaluation.wilson import wilson_interval


@pytest.mark.parametrize(("correct", "n"), [(0, 10), (7, 10), (950, 1000), (10, 10)])
def test_wilson_interval_against_scipy(correct, n):
    interval = binomtest(correct, n).proportion_ci(0.95, method="wilson")
    assert wilson_interval(correct, n) == pytest.approx((interval.low, interval.high))


@pytest.mark.parametrize("n", [10, 16, 27])
def test_wilson_interval_contains_the_accuracy(n):
    for correct in range(n + 1):
        low, high = wilson_interval(correct, n)
        assert 0 <= low <= correct / n <= high <= 1


def test_scores_have_an_interval_within_bounds():
    rng = np.random.default_rng(0)
    labels, probabilities = rng.integers(0, 3, 50), rng.dirichlet([1, 1, 1], 50).astype(np.float32)
    scores = scores_by(METRICS.values(), labels, probabilities) | guessing_scores(METRICS.values(), labels, [4, 3, 3])
    assert sorted(scores) == sorted(metric_columns(METRICS.values()))
    for name, metric in METRICS.items():
        assert metric.bounds[0] <= scores[f"{name}_low"] < scores[name] < scores[f"{name}_high"] <= metric.bounds[1]


def test_what_guessing_scores():
    """The most frequent class of the subset, with the shares of its classes as probabilities."""
    labels = np.array([0, 0, 0, 1])
    scores = guessing_scores(METRICS.values(), labels, [1, 3])
    assert scores["accuracy_guessing"] == 0.25 and scores["auc_guessing"] == 0.5 and scores["mcc_guessing"] == 0
    assert scores["log_loss_guessing"] == pytest.approx(-(3 * np.log(0.25) + np.log(0.75)) / 4)


def test_paired_gap_against_a_paired_t_test():
    rng = np.random.default_rng(0)
    reference, arm = (rng.random((2, 500)) < [[0.9], [0.8]]).astype(float)
    gap, error = paired_gap(paired_differences(METRICS["accuracy"], reference, arm))
    assert gap == pytest.approx(100 * (reference.mean() - arm.mean()))
    assert gap / error == pytest.approx(ttest_rel(reference, arm).statistic)


def test_a_higher_loss_is_behind():
    gap, _ = paired_gap(paired_differences(METRICS["log_loss"], np.array([0.1, 0.3]), np.array([0.4, 0.6])))
    assert gap == pytest.approx(0.3)


def test_the_worst_recall_is_over_the_classes_of_the_labels():
    labels, predicted = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 3, 1, 1, 1])
    assert worst_recall(confusion_matrix(labels, predicted, 4)) == 0
    assert worst_recall(confusion_matrix(labels[:5], predicted[:5], 4)) == pytest.approx(2 / 3)
