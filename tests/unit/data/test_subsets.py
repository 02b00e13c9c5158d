"""Training subsets of a size, which are nested windows."""

import numpy as np
import pytest

from pretrain_or_not.config.sizes import count
from pretrain_or_not.data.subsets import window
from pretrain_or_not.errors import BadInput


@pytest.mark.parametrize(
    ("size", "total", "n"),
    [(7, 10, 7), ("7", 10, 7), ("10%", 1000, 100), ("10pct", 999, 99), ("100%", 5, 5), ("0.5pct", 1000, 5)],
)
def test_count(size, total, n):
    assert count(size, total) == n


@pytest.mark.parametrize(("size", "total"), [("11", 10), ("0", 10), ("1pct", 99)])
def test_count_refuses_zero_and_too_many(size, total):
    with pytest.raises(BadInput, match=rf"experiment\.sizes: {size.replace('pct', '%')} .*choose from 1 to {total}"):
        count(size, total)


@pytest.mark.parametrize("seed", range(5))
def test_subsets_are_nested_and_without_repetition(seed):
    total = 1013
    subsets = [window(n, seed, total) for n in (1, 10, 500, total)]
    for small, large in zip(subsets, subsets[1:], strict=False):
        assert np.array_equal(small, large[: len(small)])
    assert sorted(subsets[-1]) == list(range(total))


def test_start_is_the_golden_ratio_sequence():
    assert [window(1, seed, 1000)[0] for seed in range(4)] == [0, 618, 236, 854]


def test_subsets_of_seeds_overlap_only_where_they_must():
    starts = sorted(window(1, seed, 10_000)[0] for seed in range(5))
    gaps = np.diff([*starts, starts[0] + 10_000])
    assert gaps.min() > 10_000 / 5 / 2  # the sequence keeps within a factor of the evenly spaced 2,000
    assert not set(window(1000, 0, 10_000)) & set(window(1000, 1, 10_000))
