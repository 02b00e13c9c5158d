"""Examples as texts: the rows of a subset and of each split in examples.parquet."""

import numpy as np
import pyarrow as pa
import pytest

from pretrain_or_not.data import texts as module
from pretrain_or_not.data.examples import read_cell, read_examples
from pretrain_or_not.data.texts import Texts
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.parquet import write_table

ROWS = {"train": 5, "validation": 3, "test": 2}


@pytest.fixture
def inputs(tmp_path):
    """Return the inputs of a cell with the training rows 4 and 0."""
    n = sum(ROWS.values())
    splits = [split for split, rows in ROWS.items() for _ in range(rows)]
    table = pa.table(
        {
            "id": pa.array(range(100, 100 + n)),
            "text": pa.array([f"text {i}" for i in range(n)], pa.large_string()),
            "label": pa.array([i % 2 for i in range(n)], pa.int32()),
            "split": splits,
        }
    )
    write_table(tmp_path / "examples.parquet", table, dataset="toy", label_names=["a", "b"], rows=ROWS)
    rows = np.array([4, 0])
    write_table(tmp_path / "subset.parquet", pa.table({"id": 100 + rows, "row": rows}), dataset="toy")
    examples = tmp_path / "examples.parquet"
    return {"train": examples, "validation": examples, "subset": tmp_path / "subset.parquet"}


@pytest.mark.parametrize(("selection", "first"), [("validation", 5), ("test", 8)])
def test_a_cell_reads_its_rows(inputs, selection, first):
    train, validation = read_cell(inputs, {"dataset": "toy", "selection": selection}, None, 10, Texts.from_table)
    assert train.to_list() == ["text 4", "text 0"]
    assert (train.ids.tolist(), train.labels.tolist()) == ([104, 100], [0, 0])
    assert validation.to_list() == [f"text {i}" for i in (first, first + 1)]
    test = read_examples(inputs["train"], build=Texts.from_table, split="test", dataset="toy")
    assert test.to_list() == ["text 8", "text 9"] and len(test) == 2 and test.about["label_names"] == ["a", "b"]


def test_rows_of_another_split_are_refused(inputs, tmp_path):
    rows = np.array([5])
    write_table(tmp_path / "subset.parquet", pa.table({"id": 100 + rows, "row": rows}), dataset="toy")
    with pytest.raises(BadInput, match=r"asks for rows that .*examples\.parquet does not have"):
        read_cell(inputs, {"dataset": "toy", "selection": "test"}, None, 10, Texts.from_table)


def test_the_texts_of_a_pair_are_joined():
    pair = {"text": pa.array(["a", ""], pa.large_string()), "second_text": pa.array(["b", "c"], pa.large_string())}
    columns = {"id": [1, 2], "label": [0, 1], **pair}
    assert Texts.from_table(pa.table(columns), {"separator": " | "}).to_list() == ["a | b", " | c"]


@pytest.mark.parametrize("size", [1, 4, 7, 100])
def test_parts_are_all_texts_in_order(size, monkeypatch):
    monkeypatch.setattr(module, "BYTES_AT_ONCE", size)
    texts = ["ab", "", "cdefghij", "é", "k", "lmn", ""]
    parts = list(Texts.of(texts).parts())
    assert sum(parts, []) == texts and all(parts)
    assert len(parts) == (1 if size == 100 else {1: 5, 4: 3, 7: 3}[size])
    assert list(Texts.of([]).parts()) == []
