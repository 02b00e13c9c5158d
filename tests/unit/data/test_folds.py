"""Folds: every row is tested once per round, and what belongs together stays together."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pretrain_or_not.data.folds import cut_fold, rows_of_a_cell
from pretrain_or_not.data.subsets import write_subset
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.json_files import write_json
from pretrain_or_not.files.parquet import read_metadata, write_table

LABELS = np.repeat([0, 1, 2], [70, 23, 7])
ALONE = np.arange(100)


@pytest.mark.parametrize("folds", [2, 5, 10])
def test_a_round_tests_every_row_once(folds):
    for seed in (0, 3 * folds):  # two rounds
        cells = [cut_fold(LABELS, ALONE, folds, seed + i) for i in range(folds)]
        assert sorted(np.concatenate([cell.test for cell in cells])) == list(range(100))
        for cell in cells:
            assert sorted(np.concatenate(cell)) == list(range(100))  # the three splits are all rows, each once
            assert abs(len(cell.test) - 100 / folds) <= 2
    first, other = (cut_fold(LABELS, ALONE, folds, seed).test.tolist() for seed in (0, folds))
    assert first != other  # another round has other folds


def test_folds_have_the_shares_of_the_classes():
    for seed in range(5):
        cell = cut_fold(LABELS, ALONE, 5, seed)
        assert np.abs(np.bincount(LABELS[cell.test], minlength=3) - np.array([14, 4.6, 1.4])).max() < 1
        # 10 % of the other folds validate
        assert len(cell.validation) == 8 and np.bincount(LABELS[cell.validation], minlength=3)[0] in (5, 6)


@pytest.mark.parametrize(("validation", "rows"), [(None, 8), (0.25, 20), (10, 10), (1, 1)])
def test_validation_rows_come_from_the_other_folds(validation, rows):
    cell = cut_fold(LABELS, ALONE, 5, 1, validation)
    assert abs(len(cell.validation) - rows) <= 1 and not set(cell.validation) & set(cell.test)


def test_rows_of_a_unit_stay_together():
    random = np.random.default_rng(0)
    units = random.integers(0, 30, 100)
    labels = random.integers(0, 3, 100)
    for seed in range(10):
        parts = [set(units[part].tolist()) for part in cut_fold(labels, units, 5, seed)]
        assert not parts[0] & parts[1] and not parts[0] & parts[2] and not parts[1] & parts[2]


@pytest.fixture
def data(tmp_path):
    """Paths of the examples.parquet and dataset.json of 100 rows in 5 folds."""
    examples = {"id": 1000 + ALONE, "label": LABELS, "unit": ALONE}
    write_table(tmp_path / "examples.parquet", pa.table(examples))
    folds = {"folds": 5, "validation": None, "rows": {"train": 72, "validation": 8, "test": 20}}
    rows = {"train": 100, "validation": 0, "test": 0}
    write_json(tmp_path / "dataset.json",
               {"dataset": "d", "rows": rows, "folds": folds, "label_names": ["a", "b", "c"]})  # fmt: skip
    return tmp_path / "examples.parquet", tmp_path / "dataset.json"


def rows_of(path):
    """Return the rows of each split of a subset."""
    table = pd.read_parquet(path)
    assert (table["id"] == 1000 + table["row"]).all()
    return {split: rows["row"].tolist() for split, rows in table.groupby("split")}


@pytest.mark.parametrize("stratify", [False, True])
def test_sizes_are_nested_and_share_their_other_rows(data, tmp_path, stratify):
    for size in ("10", "40", "100pct"):
        write_subset(*data, size, 7, tmp_path / f"{size}.parquet", stratify)
    small, large, whole = (rows_of(tmp_path / f"{size}.parquet") for size in ("10", "40", "100pct"))
    assert large["train"][:10] == small["train"] and whole["train"][:40] == large["train"]
    assert small["test"] == large["test"] == whole["test"] and small["validation"] == whole["validation"]
    assert sorted(sum(whole.values(), [])) == list(range(100))
    assert read_metadata(tmp_path / "10.parquet")["folds"] == 5


@pytest.mark.parametrize("validation", [None, 0.4, 10])
@pytest.mark.parametrize("size", ["100pct", "33pct"])
def test_a_share_is_the_same_number_in_all_folds(tmp_path, validation, size):
    n = 103  # not a multiple of the folds
    examples = {"id": 1000 + np.arange(n), "label": np.arange(n) % 3 // 2, "unit": np.arange(n)}
    write_table(tmp_path / "examples.parquet", pa.table(examples))
    folds = {"folds": 5, "validation": validation, "rows": rows_of_a_cell(n, 5, validation)}
    facts = {"dataset": "d", "rows": {"train": n}, "folds": folds, "label_names": ["a", "b"]}
    write_json(tmp_path / "dataset.json", facts)
    counts, tested = set(), []
    for seed in range(10):
        write_subset(tmp_path / "examples.parquet", tmp_path / "dataset.json", size, seed, tmp_path / "subset.parquet")
        rows = rows_of(tmp_path / "subset.parquet")
        counts.add((len(rows["train"]), len(rows["validation"])))
        tested += rows["test"]
    share = 1 if size == "100pct" else 0.33
    assert counts == {(int(share * folds["rows"]["train"]), folds["rows"]["validation"])}
    assert sorted(tested) == sorted([*range(n)] * 2)


def test_a_share_is_the_same_number_in_all_rounds_where_rows_stay_together(tmp_path):
    random = np.random.default_rng(0)
    units, labels = random.integers(0, 20, 389), random.integers(0, 2, 389)
    write_table(tmp_path / "examples.parquet", pa.table({"id": np.arange(389), "label": labels, "unit": units}))
    facts = {"dataset": "d", "rows": {"train": 389}, "label_names": ["a", "b"],
             "folds": {"folds": 5, "validation": None, "rows": rows_of_a_cell(389, 5, None)}}  # fmt: skip
    write_json(tmp_path / "dataset.json", facts)
    counts = set()
    for seed in range(20):
        subset = tmp_path / "subset.parquet"
        write_subset(tmp_path / "examples.parquet", tmp_path / "dataset.json", "100pct", seed, subset)
        counts.add(pd.read_parquet(subset)["split"].eq("train").sum())
    assert len(counts) == 1


def test_a_size_beyond_the_other_folds_is_refused(data, tmp_path):
    with pytest.raises(BadInput, match="81 stands for 81 training examples, and there are 72"):
        write_subset(*data, "81", 0, tmp_path / "subset.parquet")
