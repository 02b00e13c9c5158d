"""The temperature that calibrates: known where the data are made with one."""

import numpy as np
import pytest
from scipy.special import softmax

from pretrain_or_not.compute.temperature import BOUNDS, fit_temperature, scaled


@pytest.mark.parametrize("planted", [0.5, 1.0, 3.0])
def test_a_planted_temperature_is_found(planted):
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, (20_000, 4))
    labels = (softmax(logits, axis=1).cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1)
    overconfident = softmax(logits * planted, axis=1).astype(np.float32)
    assert fit_temperature(labels, overconfident) == pytest.approx(planted, rel=0.04)
    np.testing.assert_allclose(scaled(overconfident, planted), softmax(logits, axis=1), atol=1e-4)


def test_a_set_without_an_error_stays_within_bounds():
    labels, probabilities = np.array([0, 1, 0]), np.float32([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    assert fit_temperature(labels, probabilities) == pytest.approx(BOUNDS[0], rel=1e-2)
    assert fit_temperature(labels, np.full((3, 2), np.nan, np.float32)) is None
