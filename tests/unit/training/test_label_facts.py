"""What guessing achieves."""

import math

import numpy as np
import pytest

from pretrain_or_not.training.label_facts import label_facts


@pytest.mark.parametrize(
    ("labels", "majority", "loss"),
    [([0, 1, 0, 1], 0, math.log(2)), ([2, 2, 2], 2, 0.0), ([3, 1, 1, 3], 1, math.log(2)), ([0, 1, 1, 1], 1, 0.5623)],
)
def test_the_majority_and_the_loss_of_guessing(labels, majority, loss):
    facts = label_facts(np.array(labels), None)
    loss = pytest.approx(loss, abs=1e-4)
    assert facts == {"majority_class": majority, "guessing_loss": loss, "subset_classes": len(set(labels))}
