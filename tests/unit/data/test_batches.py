"""Batches from flat arrays."""

import numpy as np
import pyarrow as pa
import pytest

from pretrain_or_not.data.batches import ordered_batches, shuffled_batches
from pretrain_or_not.data.examples import examples_from_table, read_examples, read_subset
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files import parquet
from pretrain_or_not.files.parquet import write_table


@pytest.mark.parametrize(("n", "batch_size"), [(1, 8), (8, 8), (100, 8), (1000, 3)])
def test_an_epoch_holds_every_example_once(make_examples, n, batch_size):
    examples = make_examples(n)
    batches = shuffled_batches(examples, batch_size, seed=3, epoch=1)
    assert sorted(np.concatenate(batches)) == list(range(n))
    assert len(batches) == -(-n // batch_size)
    assert max(map(len, batches)) <= batch_size


def test_epochs_and_seeds_differ_and_repeat_exactly(make_examples):
    examples = make_examples(200)

    def order(seed, epoch):
        return np.concatenate(shuffled_batches(examples, 8, seed, epoch)).tolist()

    assert order(0, 0) == order(0, 0)
    assert order(0, 0) != order(0, 1) != order(1, 1)


def test_batches_have_little_padding(make_examples):
    examples = make_examples(5000, longest=100)
    batches = shuffled_batches(examples, 32, 0, 0)
    padded = sum(examples.lengths[rows].max() * len(rows) for rows in batches)
    assert padded < 1.25 * examples.lengths.sum()
    # Without sorting, nearly every batch is as wide as the longest text.
    assert 1.9 * examples.lengths.sum() < examples.lengths.max() * len(examples)
    # Yet batches do not come in order of length.
    widths = [examples.lengths[rows].max() for rows in batches]
    assert abs(np.corrcoef(widths, np.arange(len(widths)))[0, 1]) < 0.3


@pytest.mark.parametrize(("n", "batch_size"), [(65, 64), (150, 64), (150, 16), (330, 32)])
def test_no_example_of_a_small_set_counts_more_than_others(make_examples, n, batch_size):
    """A step counts as much, however few examples its batch has: those must not be the same ones in every epoch."""
    examples, weights, epochs = make_examples(n, longest=100), np.zeros(n), 400
    for epoch in range(epochs):
        for rows in shuffled_batches(examples, batch_size, 0, epoch):
            weights[rows] += 1 / len(rows)
    steps = epochs * -(-n // batch_size)
    longest = np.argsort(examples.lengths)[-n // 5 :]
    assert weights[longest].sum() / steps == pytest.approx(len(longest) / n, rel=0.15)


@pytest.mark.parametrize(("n", "batch_size"), [(128, 64), (80, 16), (200, 16)])
def test_each_epoch_has_other_batches(make_examples, n, batch_size):
    """So no two examples are always together, although there are few batches."""
    examples, together, epochs = make_examples(n, longest=1000), np.zeros((n, n)), 300
    for epoch in range(epochs):
        for rows in shuffled_batches(examples, batch_size, 0, epoch):
            together[np.ix_(rows, rows)] += 1 / epochs
    assert together[np.triu_indices(n, 1)].max() < 0.9


def test_padded_batch_equals_a_loop(make_examples):
    examples = make_examples(30)
    rows = np.array([4, 29, 0, 7])
    batch = examples.padded(rows)
    longest = examples.lengths[rows].max()
    for i, row in enumerate(rows):
        tokens = examples.tokens[examples.offsets[row] : examples.offsets[row + 1]]
        assert batch["input_ids"][i].tolist() == tokens.tolist() + [0] * (longest - len(tokens))
        assert batch["attention_mask"][i].tolist() == [1] * len(tokens) + [0] * (longest - len(tokens))
    assert batch["labels"].tolist() == examples.labels[rows].tolist()


def test_ordered_batches_hold_every_example_once_within_the_budget(make_examples):
    examples = make_examples(500, longest=40)
    batches = ordered_batches(examples.lengths, tokens_per_batch=64)
    assert sorted(np.concatenate(batches)) == list(range(500))
    assert all(len(rows) * examples.lengths[rows].max() <= 64 for rows in batches)
    assert len(ordered_batches(examples.lengths, tokens_per_batch=1)) == 500


def as_table(examples):
    lists = pa.ListArray.from_arrays(pa.array(examples.offsets, pa.int32()), pa.array(examples.tokens))
    return pa.table({"id": examples.ids, "label": examples.labels.astype(np.int32), "input_ids": lists})


def test_tokens_survive_the_file_and_a_subset_picks_its_rows(make_examples, tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "ROWS_PER_GROUP", 16)  # several row groups, so that reading a few is tested
    examples = make_examples(100)
    write_table(tmp_path / "tokens.parquet", as_table(examples), **examples.about, split="train")
    back = read_examples(tmp_path / "tokens.parquet")
    assert np.array_equal(back.tokens, examples.tokens) and np.array_equal(back.offsets, examples.offsets)
    assert back.about == examples.about | {"split": "train"} | {"max_length": None, "truncated": 0}
    assert len(read_examples(tmp_path / "tokens.parquet", first=7)) == 7

    rows = np.array([97, 98, 99, 0, 1, 50])
    write_table(tmp_path / "subset.parquet", pa.table({"id": examples.ids[rows], "row": rows}))
    subset = read_subset(tmp_path / "tokens.parquet", tmp_path / "subset.parquet")
    assert subset.ids.tolist() == examples.ids[rows].tolist()
    assert np.array_equal(subset.padded(np.arange(6))["input_ids"], examples.padded(rows)["input_ids"])


@pytest.mark.parametrize("rows", [[1, 2, 3], [98, 99, 100]])
def test_a_subset_of_other_data_is_refused(make_examples, tmp_path, rows):
    examples = make_examples(100)
    write_table(tmp_path / "tokens.parquet", as_table(examples), split="train")
    write_table(tmp_path / "subset.parquet", pa.table({"id": [-1, -2, -3], "row": rows}))
    with pytest.raises(BadInput, match=r"subset\.parquet: .* delete the subset and run again"):
        read_subset(tmp_path / "tokens.parquet", tmp_path / "subset.parquet")


def test_slices_of_arrow_tables_keep_their_tokens(make_examples):
    examples = make_examples(20)
    part = examples_from_table(as_table(examples).slice(5, 10), examples.about)
    assert np.array_equal(part.tokens, examples.tokens[examples.offsets[5] : examples.offsets[15]])
