"""Training subsets of a size, which are nested windows."""

import logging
from collections import Counter

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pretrain_or_not.config.sizes import count
from pretrain_or_not.data.subsets import by_class, window, write_subset
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.json_files import write_json
from pretrain_or_not.files.parquet import write_table


@pytest.mark.parametrize(
    ("size", "total", "n"),
    [(7, 10, 7), ("7", 10, 7), ("10%", 1000, 100), ("10pct", 999, 99), ("100%", 5, 5), ("0.5pct", 1000, 5)],
)
def test_count(size, total, n):
    assert count(size, total) == n


@pytest.mark.parametrize(("size", "total"), [("11", 10), ("-1", 10), ("1pct", 99)])
def test_count_refuses_too_few_and_too_many(size, total):
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


def test_every_window_has_the_shares_of_the_classes():
    labels = pd.Series(range(10_000)).map(lambda i: 0 if i * 7919 % 10 else 1 + i % 3 // 2).to_numpy()
    order = by_class(labels)
    assert sorted(order) == list(range(10_000))
    shares = Counter(labels)
    for seed in range(4):
        for n in (10, 100, 1000):
            found = Counter(labels[order[window(n, seed, 10_000)]])
            assert all(abs(found[label] - n * shares[label] / 10_000) <= 1.5 for label in shares), (seed, n)


def subset(folder, size, seed, stratify):
    """Write a subset of 1,000 rows, of which 20 are of class 1; return its ids."""
    labels = np.array([i % 50 == 7 for i in range(1000)] + [1] * 10, dtype=np.int32)
    table = pa.table({"id": np.arange(1010)[::-1], "label": labels})
    write_table(folder / "examples.parquet", table)
    write_json(folder / "dataset.json", {"dataset": "toy", "rows": {"train": 1000}, "label_names": ["a", "b"]})
    output = folder / "subset.parquet"
    write_subset(folder / "examples.parquet", folder / "dataset.json", size, seed, output, stratify)
    found = pd.read_parquet(output)
    assert (found.id == 1009 - found.row).all() and found.row.max() < 1000
    return found.id.tolist(), int(labels[found.row].sum())


@pytest.mark.parametrize("seed", [0, 1, 5])
def test_a_stratified_subset_is_nested_and_has_the_shares(tmp_path, seed):
    subsets = [subset(tmp_path, size, seed, True) for size in ("50", "200", "100pct")]
    assert [n for _, n in subsets] == [1, 4, 20]
    for (small, _), (large, _) in zip(subsets, subsets[1:], strict=False):
        assert small == large[: len(small)]


def test_a_class_that_a_subset_lacks_is_said(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        assert subset(tmp_path, "5", 0, False)[1] == 0
    assert "WARNING size 5, seed 0: 1 of 2 classes have no example" in caplog.text
