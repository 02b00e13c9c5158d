"""Columns of test examples are those of the ids that are asked for, in their order."""

import numpy as np
import pyarrow as pa
import pytest

from pretrain_or_not.errors import BadInput
from pretrain_or_not.evaluation import test_rows as module
from pretrain_or_not.files.parquet import write_table

IDS = np.array([7, 3, 9])


def test_texts_of_a_pair_are_joined(tmp_path):
    path = tmp_path / "examples.parquet"
    columns = {"id": IDS, "text": ["seven", "three", "nine"]}
    write_table(path, pa.table(columns))
    assert module.test_texts(path, np.array([9, 7])) == ["nine", "seven"] and module.test_texts(path, IDS[:0]) == []
    write_table(path, pa.table(columns | {"second_text": ["VII", "III", "IX"]}), separator=" / ")
    assert module.test_texts(path, np.array([3, 9])) == ["three / III", "nine / IX"]


def test_an_id_that_is_not_there_is_refused(tmp_path):
    write_table(tmp_path / "examples.parquet", pa.table({"id": IDS, "text": ["a", "b", "c"]}))
    with pytest.raises(BadInput, match="lacks test examples that were predicted"):
        module.test_columns(tmp_path / "examples.parquet", np.array([3, 4]), ["text"])
