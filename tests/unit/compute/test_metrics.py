"""Metrics against scikit-learn: their mean is the score, their spread that of resampled test examples."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, log_loss, matthews_corrcoef, roc_auc_score

from pretrain_or_not.compute.metrics import Measure, metric_values
from pretrain_or_not.config.metrics import METRICS


def predictions(classes, n=400, seed=0, shares=None):
    """Return labels (n,) and float32 probabilities (n, classes) that are often right."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(classes, n, p=shares)
    values = rng.gumbel(size=(n, classes)) + 1.5 * (labels[:, None] == np.arange(classes))
    values = np.exp(values - values.max(axis=1, keepdims=True)).round(2) + 0.01  # with ties
    return labels, (values / values.sum(axis=1, keepdims=True)).astype(np.float32)


def reference(name, labels, probabilities):
    """Return the score as scikit-learn computes it."""
    predicted, present = probabilities.argmax(axis=1), np.unique(labels)
    if name == "auc":
        return np.mean([roc_auc_score(labels == k, probabilities[:, k]) for k in present])
    return {
        "accuracy": lambda: accuracy_score(labels, predicted),
        "macro_f1": lambda: f1_score(labels, predicted, labels=present, average="macro"),
        "mcc": lambda: matthews_corrcoef(labels, predicted),
        "log_loss": lambda: log_loss(labels, probabilities, labels=np.arange(probabilities.shape[1])),
    }[name]()


def score(name, labels, probabilities):
    return Measure(name, 1).score(labels, probabilities)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize(("classes", "shares"), [(2, None), (2, [0.95, 0.05]), (5, None), (4, [0.5, 0.3, 0.2, 0])])
def test_against_scikit_learn(name, classes, shares):
    """The last case lacks a class among the labels, which is predicted all the same."""
    labels, probabilities = predictions(classes, seed=classes, shares=shares)
    assert score(name, labels, probabilities) == pytest.approx(reference(name, labels, probabilities), rel=1e-5)


def test_auc_of_all_classes_is_that_of_scikit_learn():
    labels, probabilities = predictions(4)
    expected = roc_auc_score(labels, probabilities.astype(float) / probabilities.astype(float).sum(1)[:, None],
                             multi_class="ovr", average="macro")  # fmt: skip
    assert score("auc", labels, probabilities) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize(("classes", "shares"), [(2, [0.9, 0.1]), (4, [0.4, 0.3, 0.2, 0.1])])
def test_the_spread_of_the_values_is_that_of_a_bootstrap(name, classes, shares):
    labels, probabilities = predictions(classes, n=2000, shares=shares)
    values = metric_values(name, labels, probabilities)
    rng = np.random.default_rng(1)
    drawn = [rng.integers(0, 2000, 2000) for _ in range(400)]
    scores = [score(name, labels[rows], probabilities[rows]) for rows in drawn]
    assert values.std() / np.sqrt(2000) == pytest.approx(np.std(scores), rel=0.12)
    linear = [values[rows].mean() for rows in drawn]  # each replicate, not only their spread
    assert np.corrcoef(scores, linear)[0, 1] > 0.98


@pytest.mark.parametrize(
    ("name", "value"), [("accuracy", 0.9), ("macro_f1", 0.9 / 1.9), ("mcc", 0), ("auc", 0.5), ("log_loss", 0.325083)]
)
def test_an_arm_that_always_gives_the_shares_of_the_classes(name, value):
    labels = np.repeat([0, 1], [90, 10])
    probabilities = np.tile(np.float32([0.9, 0.1]), (100, 1))
    assert score(name, labels, probabilities) == pytest.approx(value, rel=1e-5)
    assert metric_values(name, labels, probabilities).std() < 1


@pytest.mark.parametrize("name", METRICS)
def test_labels_of_one_class_and_probabilities_that_are_not_finite(name):
    labels, probabilities = np.zeros(5, int), np.tile(np.float32([0.8, 0.2]), (5, 1))
    assert np.isfinite(score(name, labels, probabilities))
    probabilities[3, 1] = np.nan
    assert score(name, labels, probabilities) is None


def test_a_probability_of_zero_has_a_finite_loss():
    labels, probabilities = np.array([0, 1]), np.float32([[0, 1], [0.5, 0.5]])
    assert score("log_loss", labels, probabilities) == pytest.approx(log_loss(labels, probabilities), rel=1e-6)
