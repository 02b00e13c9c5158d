"""Wrong labels that were planted are found, and nothing is found where there are none."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from pretrain_or_not.evaluation.label_issues import confident_classes, confident_joint, label_issues


def flipped(n, classes, share, seed=0):
    """Return the given labels, out-of-fold probabilities of them, and which of them were flipped."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, n)
    matrix = rng.normal(0, 1, (n, 8)) + 4 * np.eye(8)[truth]
    wrong = rng.random(n) < share
    labels = np.where(wrong, (truth + rng.integers(1, classes, n)) % classes, truth)
    return labels, cross_val_predict(LogisticRegression(), matrix, labels, method="predict_proba"), wrong


@pytest.mark.parametrize("classes", [2, 4])
def test_planted_noise_is_found(classes):
    labels, probabilities, wrong = flipped(3000, classes, 0.1)
    found, noise = label_issues(labels, probabilities)
    hits = wrong[found["row"]].sum()
    assert hits / len(found["row"]) > 0.9 and hits / wrong.sum() > 0.9  # precision, recall
    assert noise == pytest.approx(wrong.mean(), abs=0.015)
    assert (np.diff(found["score"]) >= 0).all() and (found["suggested"] != labels[found["row"]]).all()


def test_clean_labels_have_almost_no_noise():
    labels, probabilities, _ = flipped(3000, 3, 0.0)
    found, noise = label_issues(labels, probabilities)
    assert noise < 0.02 and len(found["row"]) < 60


def test_a_joint_that_was_counted_by_hand():
    """Thresholds are 0.7 for class 0 (mean of 0.9, 0.8, 0.4) and 0.6 for class 1 (mean of 0.8, 0.7, 0.3)."""
    labels = np.array([0, 0, 0, 1, 1, 1])
    first = np.array([0.9, 0.8, 0.4, 0.2, 0.3, 0.7])
    probabilities = np.column_stack([first, 1 - first])
    confident = confident_classes(labels, probabilities)
    assert confident.tolist() == [0, 0, 1, 1, 1, 0]
    assert confident_joint(labels, confident, 2).tolist() == [[2, 1], [1, 2]]
    found, noise = label_issues(labels, probabilities)
    assert noise == pytest.approx(1 / 3)
    assert found["row"].tolist() == [5, 2] and found["suggested"].tolist() == [0, 1]


def test_a_class_without_a_label_is_never_suggested():
    rng = np.random.default_rng(0)
    labels, probabilities = rng.integers(0, 2, 200), softmax(rng.normal(size=(200, 3)), axis=1)
    assert 2 not in confident_classes(labels, probabilities)
