"""Probabilities that are not finite are no predictions."""

import numpy as np
import pytest

from pretrain_or_not.compute.hits import predicted_classes


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_example_with_a_number_that_is_not_finite_has_no_class(bad):
    probabilities = np.array([[0.1, 0.9], [0.6, bad], [bad, bad]])
    assert predicted_classes(probabilities).tolist() == [1, -1, -1]


def test_the_most_probable_class():
    assert predicted_classes(np.array([[0.1, 0.9], [0.6, 0.4]])).tolist() == [1, 0]
    assert predicted_classes(np.empty((0, 0))).tolist() == []
