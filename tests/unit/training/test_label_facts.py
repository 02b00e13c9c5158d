"""What guessing achieves."""

import math

import numpy as np
import pytest

from pretrain_or_not.training.label_facts import label_facts


@pytest.mark.parametrize(
    ("labels", "counts", "loss"),
    [([0, 1, 0, 1], [2, 2, 0, 0], math.log(2)), ([2, 2, 2], [0, 0, 3, 0], 0.0), ([0, 1, 1, 1], [1, 3, 0, 0], 0.5623)],
)
def test_the_classes_and_the_loss_of_guessing(labels, counts, loss):
    facts = label_facts(np.array(labels), 4, None)
    loss = pytest.approx(loss, abs=1e-4)
    assert facts == {"class_counts": counts, "guessing_loss": loss}


def test_with_balanced_weights_guessing_is_as_good_as_among_equal_classes():
    assert label_facts(np.array([0, 1, 1, 1]), 4, "balanced")["guessing_loss"] == pytest.approx(math.log(2))
