"""Weights of classes: scikit-learn's formula, in logistic regression and in the loss of a batch."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from pretrain_or_not.arms.lstm import build_lstm
from pretrain_or_not.compute.class_weights import class_weights
from pretrain_or_not.compute.devices import build_accelerator
from pretrain_or_not.compute.logistic import LogisticHead
from pretrain_or_not.training.classification import batch_loss

from helpers.training import RECIPE  # isort: skip


@pytest.mark.parametrize(
    ("labels", "scheme", "weights"),
    [
        ([0, 0, 0, 1], "balanced", [4 / 6, 2, 0]),  # n / (k * count); the class that is missing weighs 0
        ([2, 2], "balanced", [0, 0, 1]),
        ([0, 0, 0, 1], None, [1, 1, 1]),
    ],
)
def test_the_weight_of_each_class(labels, scheme, weights):
    np.testing.assert_allclose(class_weights(np.array(labels), 3, scheme), weights, rtol=1e-6)


@pytest.mark.parametrize("present", [[0, 1], [0, 1, 3]])
def test_a_logistic_head_weights_like_scikit_learn(present):
    rng = np.random.default_rng(0)
    labels = rng.choice(present, 300, p=[0.8, 0.2] if len(present) == 2 else [0.7, 0.2, 0.1])
    matrix = rng.normal(size=(300, 4)) + labels[:, None]
    head = LogisticHead(4).fit(matrix, labels, 1.0, "balanced")
    peer = LogisticRegression(C=1.0, class_weight="balanced", max_iter=1000).fit(matrix, labels)
    np.testing.assert_allclose(head.predict(matrix)[:, present], peer.predict_proba(matrix), atol=1e-5)
    plain = LogisticHead(4).fit(matrix, labels, 1.0)
    assert abs(plain.predict(matrix) - head.predict(matrix)).max() > 0.05


class Share:
    """One of two processes that share a batch."""

    def __init__(self, rank, processes):
        self.process_index, self.num_processes, self.device = rank, processes, torch.device("cpu")
        self.autocast = build_accelerator("fp32").autocast


def test_the_loss_of_a_batch_is_weighted_as_torch_does_in_any_number_of_processes(make_examples):
    examples, rows = make_examples(60, 3), np.array([5, 0, 33, 2, 21, 8, 50])
    weights = torch.tensor([0.25, 3.0, 1.0])
    torch.manual_seed(0)
    model = build_lstm(RECIPE, examples.about).eval()
    batch = {key: torch.from_numpy(value) for key, value in examples.padded(rows).items()}
    labels = batch.pop("labels")
    right = torch.nn.functional.cross_entropy(model(**batch).logits, labels, weights)
    unweighted = torch.nn.functional.cross_entropy(model(**batch).logits, labels)
    assert abs(right - unweighted) > 1e-4
    for processes in (1, 2, 3):
        shares = [batch_loss(model, examples, rows, Share(i, processes), weights)[0] for i in range(processes)]
        torch.testing.assert_close(sum(shares) / processes, right)
