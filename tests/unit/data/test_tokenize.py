"""Token ids of texts that a tokenizer turns into none."""

import logging

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from pretrain_or_not.data.tokenize import tokenize, without_empty
from pretrain_or_not.files.parquet import write_table


@pytest.mark.parametrize("lengths", [[], [2, 1], [0], [0, 0, 3], [2, 0, 1, 0]])
def test_every_text_has_a_token(lengths):
    ids = np.arange(10, 10 + sum(lengths), dtype=np.uint16)
    filled, after = without_empty(ids, np.array(lengths, dtype=np.int64), 7)
    assert after.tolist() == [max(n, 1) for n in lengths] and len(filled) == after.sum()
    assert [part.tolist() for part in np.split(filled, np.cumsum(after))[:-1]] == [
        part.tolist() or [7] for part in np.split(ids, np.cumsum(np.array(lengths, dtype=np.int64)))[:-1]
    ]


def test_texts_without_tokens_are_counted(tmp_path, caplog):
    tokenizer = Tokenizer(models.WordLevel({"[PAD]": 0, "a": 1, "b": 2, "[UNK]": 3}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Replace("\u200b", "")
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    (tmp_path / "model").mkdir()
    tokenizer.save(str(tmp_path / "model" / "tokenizer.json"))
    table = pa.table({"id": [0, 1, 2], "text": ["a b", "\u200b", "b"], "label": pa.array([0, 1, 0], pa.int32()),
                      "split": ["train"] * 3})  # fmt: skip
    write_table(tmp_path / "examples.parquet", table, dataset="toy", label_names=["x", "y"])
    with caplog.at_level(logging.INFO, "pretrain_or_not"):
        tokenize(tmp_path / "examples.parquet", str(tmp_path / "model"), "m", 8, {"train": tmp_path / "train.parquet"})
    assert pq.read_table(tmp_path / "train.parquet")["input_ids"].to_pylist() == [[1, 2], [0], [2]]
    assert "toy: 1 of 3 texts have no token of the tokenizer of models: m" in caplog.text
