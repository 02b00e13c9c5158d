"""Trained tokenizers: equal in each process, as BERT's, within their size."""

import json
import os
import subprocess
import sys

import pytest
from tokenizers import Tokenizer

from helpers.paths import SCRIPTS
from helpers.pretraining import write_examples
from helpers.texts import make_rows
from pretrain_or_not.data.train_tokenizer import train_tokenizer

ENV = os.environ | {"PYTHONPATH": str(SCRIPTS)}

TRAIN = """
import sys
from pretrain_or_not.data.train_tokenizer import train_tokenizer
train_tokenizer(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4])
"""


@pytest.fixture
def examples(tmp_path):
    return write_examples(tmp_path / "texts.parquet", make_rows(300, 1), 300, labelled=False)


@pytest.mark.parametrize(("kind", "size"), [("wordpiece", 200), ("bpe", 400)])
def test_three_processes_train_the_same_tokenizer(tmp_path, examples, kind, size):
    found = set()
    for i in range(3):
        output = tmp_path / str(i) / "tokenizer.json"
        output.parent.mkdir()
        subprocess.run([sys.executable, "-c", TRAIN, examples, str(size), kind, output], check=True, env=ENV)
        found.add(output.read_bytes())
    assert len(found) == 1


def trained(tmp_path, texts, size, kind="wordpiece"):
    rows = [(text, "sports") for text in texts]
    path = write_examples(tmp_path / "some.parquet", rows, len(rows), labelled=False)
    train_tokenizer(path, size, kind, tmp_path / "tokenizer.json")
    return Tokenizer.from_file(str(tmp_path / "tokenizer.json"))


def test_wordpieces_read_texts_as_bert_does(tmp_path):
    tokenizer = trained(tmp_path, ["The players play, playing well"] * 30, 100)
    assert tokenizer.encode("the Pläyer").tokens[:2] == ["[CLS]", "the"]
    assert tokenizer.encode("a##b").tokens == ["[CLS]", "a", "[UNK]", "[UNK]", "[UNK]", "[SEP]"]  # "#" was never seen
    assert tokenizer.decode(tokenizer.encode("plays well").ids) == "plays well"
    content = json.loads((tmp_path / "tokenizer.json").read_text())
    assert [(token["id"], token["content"]) for token in content["added_tokens"]] == [
        (0, "[PAD]"), (1, "[UNK]"), (2, "[CLS]"), (3, "[SEP]"), (4, "[MASK]")
    ]  # fmt: skip
    assert tokenizer.get_vocab_size() <= 100
    pieces = {piece for piece in tokenizer.get_vocab() if piece.startswith("##") and len(piece) == 3}
    assert pieces == {f"##{one}" for one in "helayrsingwl" if any(one in word[1:] for word in
                      ("the", "players", "play", "playing", "well"))}  # fmt: skip


def test_rare_characters_are_left_out_and_told(tmp_path, capsys):
    """Six hundred characters in all, a hundred of them twice as often; a third of 200 are tokens."""
    signs = [chr(0x4E00 + i) for i in range(600)]
    often, text = sorted(signs[500:]), " ".join(signs + signs[500:])
    tokenizer = trained(tmp_path, [text] * 40, 200)
    assert tokenizer.get_vocab_size() <= 200
    assert [sign for sign in signs if tokenizer.token_to_id(sign) is not None] == often[:66]
    # 700 words in a text, of which 2 * 66 are known
    assert "534 rare characters are no tokens of their own: 81 % of the words have one" in capsys.readouterr().err


def test_bytes_need_no_unknown_token(tmp_path):
    tokenizer = trained(tmp_path, ["The players play"] * 30, 300, "bpe")
    assert tokenizer.decode(tokenizer.encode("Größe 好").ids) == "Größe 好"
