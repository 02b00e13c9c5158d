"""A model reads the ids of its tokenizer, padding too, or is refused."""

import re

import numpy as np
import pytest

from helpers.models import ROWS, TINY, make_tiny
from pretrain_or_not.compute.devices import build_accelerator
from pretrain_or_not.compute.inference import infer, probabilities
from pretrain_or_not.compute.token_fit import fit_tokens
from pretrain_or_not.compute.transformer import load_for_classification
from pretrain_or_not.data.examples import Examples
from pretrain_or_not.errors import BadInput

NUMBERED = ("roberta", "xlm-roberta", "camembert", "mpnet")


@pytest.mark.parametrize("settings", [{"pad_token_id": None}, {"pad_token_id": 0}, {"pad_token_id": 2}])
@pytest.mark.parametrize("kind", ["gpt2", "llama", "qwen2", "bert"])
def test_the_tokenizers_padding_counts_whatever_the_config_says(kind, settings, tmp_path):
    model = load_for_classification(str(make_tiny(kind, tmp_path / kind, **settings)), ["a", "b"], 0.0)
    fit_tokens(model, ROWS, 50, kind)
    assert model.config.pad_token_id == 50 and model.get_input_embeddings().padding_idx is None
    rng = np.random.default_rng(0)
    offsets = np.concatenate([[0], np.cumsum(rng.integers(1, 20, 30))])
    tokens = rng.integers(0, 50, offsets[-1])
    examples = Examples(np.arange(30), np.zeros(30, int), tokens, offsets, {"padding_id": 50})
    accelerator = build_accelerator("fp32")
    together, _ = infer(model, examples, accelerator, probabilities)
    for i in range(30):
        alone, _ = infer(model, examples, accelerator, probabilities, rows=np.array([i]))
        np.testing.assert_allclose(together[i], alone[0], atol=1e-5)


@pytest.mark.parametrize("kind", NUMBERED)
def test_positions_are_numbered_from_the_padding_id(kind, tmp_path):
    model = load_for_classification(str(make_tiny(kind, tmp_path / kind)), ["a", "b"], 0.0)
    fit_tokens(model, ROWS, 1, kind)
    message = (
        f"models: {kind}: its tokenizer pads with id 50, but its positions are numbered from padding id 1; "
        "take the tokenizer that it was pretrained with"
    )
    with pytest.raises(BadInput, match=f"^{re.escape(message)}$"):
        fit_tokens(model, ROWS, 50, kind)


@pytest.mark.parametrize("kind", TINY)
def test_a_tokenizer_larger_than_the_matrix(kind, tmp_path):
    model = load_for_classification(str(make_tiny(kind, tmp_path / kind)), ["a", "b"], 0.0)
    message = (
        f"models: {kind}: its tokenizer has token ids up to 60, but it has embeddings up to 59 only; take the "
        "tokenizer that it was pretrained with, or add rows with model.resize_token_embeddings"
    )
    with pytest.raises(BadInput, match=f"^{re.escape(message)}$"):
        fit_tokens(model, ROWS + 1, 1, kind)
