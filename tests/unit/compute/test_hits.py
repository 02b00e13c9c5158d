"""Probabilities that are not finite are no predictions."""

import numpy as np
import pytest

from pretrain_or_not.compute.hits import predicted_classes, share_right


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_example_with_a_number_that_is_not_finite_has_no_class(bad):
    probabilities = np.array([[0.1, 0.9], [0.6, bad], [bad, bad]])
    assert predicted_classes(probabilities).tolist() == [1, -1, -1]
    assert share_right(probabilities, np.array([1, 0, 0])) is None


def test_the_share_that_is_right():
    assert share_right(np.array([[0.1, 0.9], [0.6, 0.4], [0.7, 0.3]]), np.array([1, 0, 1])) == pytest.approx(2 / 3)
    assert predicted_classes(np.empty((0, 0))).tolist() == []
