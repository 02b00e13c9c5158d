"""Token embeddings of a transformer, and of a table alone as model2vec saves it."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from pretrain_or_not.compute.extract_embeddings import extract_embeddings
from pretrain_or_not.data.tokenizer import load_tokenizer
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.static_table import static_table

TABLE = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)


def model2vec(folder, **arrays):
    """Write a folder as `model2vec.StaticModel.save_pretrained` does, with four words; return it."""
    folder.mkdir()
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "good": 1, "bad": 2, "[PAD]": 3}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(single="[UNK] $A", special_tokens=[("[UNK]", 0)])
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "config.json").write_text(json.dumps({"model_type": "model2vec", "normalize": True}))
    save_file(arrays, folder / "model.safetensors")
    return folder


def extracted(folder, tmp_path):
    extract_embeddings({"path": str(folder)}, tmp_path / "out.safetensors")
    return load_file(tmp_path / "out.safetensors")["embeddings"]


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        ({"embeddings": TABLE}, TABLE),
        ({"embedding.weight": TABLE.astype(np.float16)}, TABLE.astype(np.float16)),
        (
            {"embeddings": TABLE[:2], "mapping": np.array([0, 1, 1, 0]), "weights": np.array([1.0, 2.0, 0.5, 0.0])},
            TABLE[[0, 1, 1, 0]] * np.array([[1.0], [2.0], [0.5], [0.0]]),
        ),
    ],
)
def test_a_table_alone_gives_its_embeddings(tmp_path, arrays, expected):
    embeddings = extracted(model2vec(tmp_path / "table", **arrays), tmp_path)
    assert embeddings.dtype == np.float32
    np.testing.assert_allclose(embeddings, expected, rtol=1e-6)


def test_a_transformer_gives_its_embeddings(tmp_path, tiny_bert):
    assert static_table(tiny_bert) is None
    expected = load_file(tiny_bert / "model.safetensors")["embeddings.word_embeddings.weight"]
    assert np.array_equal(extracted(tiny_bert, tmp_path), expected)


def test_the_tokenizer_of_a_table_adds_no_special_tokens(tmp_path):
    tokenizer = load_tokenizer(str(model2vec(tmp_path / "table", embeddings=TABLE)))
    assert (tokenizer.vocabulary, tokenizer.padding_id, tokenizer.unknown_id, tokenizer.added) == (4, 3, 0, 0)
    assert tokenizer.fast.encode("bad good what").ids == [2, 1, 0]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"embeddings": TABLE[0]}, "its table 'embeddings' is not a matrix of finite numbers"),
        ({"embeddings": TABLE * np.nan}, "its table 'embeddings' is not a matrix of finite numbers"),
        ({"embeddings": TABLE, "mapping": np.array([0, 9])}, "not a table of token embeddings .*index 9"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path, arrays, message):
    with pytest.raises(BadInput, match=f"table/model.safetensors: {message}"):
        extracted(model2vec(tmp_path / "table", **arrays), tmp_path)


def test_a_table_without_its_tokenizer_is_refused(tmp_path):
    folder = model2vec(tmp_path / "table", embeddings=TABLE)
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(BadInput, match=r"its tokenizer\.json is missing or broken"):
        load_tokenizer(str(folder))


def test_a_broken_file_is_no_table(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"\xff" * 100)
    assert static_table(tmp_path) is None
