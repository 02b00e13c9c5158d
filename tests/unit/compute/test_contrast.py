"""Pairs for contrastive tuning."""

import numpy as np
import pytest

from pretrain_or_not.compute.contrast import sample_pairs


@pytest.mark.parametrize("count", [1, 50, 600])
def test_pairs_are_balanced_use_all_examples_and_hold_what_they_say(count):
    labels = np.array([2, 0, 2, 1, 0, 0, 2, 2])  # class 1 has one example
    first, second, same = sample_pairs(labels, count, 0)
    assert len(first) == len(second) == len(same) == count
    assert (labels[first] == labels[second]).tolist() == same.tolist()
    assert abs(same.sum() - count / 2) <= 0.5
    uses = np.bincount(first, minlength=8)
    assert uses.max() - uses.min() <= 1
    assert (first == second).tolist() == (same & (labels[first] == 1)).tolist()


def test_partners_are_drawn_uniformly():
    labels = np.array([0, 0, 0, 0, 1, 1, 2])
    first, second, same = sample_pairs(labels, 70_000, 0)
    positive = np.bincount(second[same & (first == 0)], minlength=7)
    negative = np.bincount(second[~same & (first == 4)], minlength=7)
    np.testing.assert_allclose(positive / positive.sum(), [0, 1 / 3, 1 / 3, 1 / 3, 0, 0, 0], atol=0.03)
    np.testing.assert_allclose(negative / negative.sum(), [0.2, 0.2, 0.2, 0.2, 0, 0, 0.2], atol=0.03)


def test_pairs_depend_on_the_seed_alone():
    labels = np.arange(20) % 3
    one, again, other = (sample_pairs(labels, 90, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert not np.array_equal(one[1], other[1])
