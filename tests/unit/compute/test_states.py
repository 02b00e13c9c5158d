"""States of any layer of a frozen encoder: each against the hidden states of transformers, pooled by hand."""

import numpy as np
import pandas as pd
import pytest
import torch

import pretrain_or_not.compute.states as module
from helpers.models import TINY
from pretrain_or_not.compute.devices import InferenceDevice
from pretrain_or_not.compute.states import StatesEncoder, extract_states, pool
from pretrain_or_not.data.examples import read_examples
from pretrain_or_not.data.features import Features
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.parquet import read_metadata


@pytest.fixture(autouse=True)
def fp32(monkeypatch):
    """Use one precision in all tests of a process, because accelerate requires it."""
    monkeypatch.setattr(module, "InferenceDevice", lambda _: InferenceDevice("fp32"))


def encoder_of(states, folder, padding_id=0):
    about = {"dataset": "toy", "max_length": 16, "vocabulary": 40, "padding_id": padding_id, "split": "test"}
    return StatesEncoder(states, {"path": str(folder)}, "tiny", about, InferenceDevice("fp32"))


def by_hand(model, examples, pooling):
    """Return the pooled states of every layer, one text at a time, (layers, n, width)."""
    found = []
    for i in range(len(examples)):
        batch = examples.padded(np.array([i]))
        with torch.inference_mode():
            output = model(torch.from_numpy(batch["input_ids"]), output_hidden_states=True)
        reduce = {"mean": lambda s: s.mean(1), "cls": lambda s: s[:, 0], "max": lambda s: s.amax(1)}[pooling]
        found.append(torch.stack([reduce(state)[0] for state in output.hidden_states]).numpy())
    return np.stack(found, axis=1)


@pytest.mark.parametrize("pooling", ["mean", "cls", "max"])
def test_states_are_those_of_the_layer(tiny_bert, make_examples, pooling):
    examples = make_examples(30, vocabulary=40)
    examples.about["truncated"] = 0
    expected = by_hand(encoder_of("last-mean", tiny_bert).model, examples, pooling)
    for which, layer in (("last", -1), ("0", 0), ("1", 1), ("2", 2)):
        found = encoder_of(f"{which}-{pooling}", tiny_bert).features(examples)
        np.testing.assert_allclose(found, expected[layer], atol=1e-5)
        assert found.dtype == np.float32
    found = encoder_of(f"mean-{pooling}", tiny_bert).features(examples)
    np.testing.assert_allclose(found, expected.mean(axis=0), atol=1e-5)
    found = encoder_of(f"all-{pooling}", tiny_bert).features(examples)
    assert found.dtype == np.float16
    np.testing.assert_allclose(found.reshape(30, 3, -1), expected.transpose(1, 0, 2), atol=3e-3)


def test_padding_is_not_pooled():
    states = torch.tensor([[[1.0], [2.0], [9.0]]])
    mask = torch.tensor([[1, 1, 0]])
    assert [pool(states, mask, name).item() for name in ("mean", "cls", "max")] == [1.5, 1.0, 2.0]


def test_a_layer_that_there_is_not_is_named(tiny_bert):
    with pytest.raises(BadInput, match=r"^model tiny: it has 2 layers, so `layers: 3` names none; give 0 \(the emb"):
        encoder_of("3-mean", tiny_bert)


def test_states_of_the_rows_that_subsets_use_are_stored_once(tmp_path, tiny_bert, monkeypatch):
    from helpers.cells import Cells
    from pretrain_or_not.compute import extract_features

    for place in (module, extract_features):
        monkeypatch.setattr(place, "BLOCK", 8)
    monkeypatch.setattr(module, "PART", 16)
    cells = Cells(tmp_path, tiny_bert)
    output = tmp_path / "train.parquet"
    given = (12, "all-mean", [cells.subset], {"path": str(tiny_bert)}, "tiny", 1)
    extract_states(cells.tokens["train"], *given, output)
    rows = pd.read_parquet(output)["row"].to_numpy()
    used = pd.read_parquet(cells.subset)["row"].to_numpy()
    assert set(used) <= set(rows) and len(rows) <= len(np.unique(used // 8)) * 8
    features = read_examples(output, build=Features.from_table, split="train")
    assert features.matrix.dtype == np.float16 and features.matrix.shape == (len(rows), 3 * 16)
    about = read_metadata(output)
    assert (about["states"], about["layers"], about["inference"]["examples"]) == ("all-mean", 3, len(rows))


@pytest.mark.parametrize("kind", [name for name in TINY if name not in ("big_bird",)])
def test_every_architecture_gives_its_states(tmp_path, kind, make_examples):
    from transformers import AutoConfig, AutoModel

    torch.manual_seed(0)
    AutoModel.from_config(AutoConfig.for_model(kind, **TINY[kind])).save_pretrained(tmp_path)
    examples = make_examples(5, vocabulary=40)
    padding_id = TINY[kind].get("pad_token_id") or 0
    examples.about.update(truncated=0, padding_id=padding_id)
    encoder = encoder_of("all-mean", tmp_path, padding_id)
    last = encoder_of("last-mean", tmp_path, padding_id).features(examples)
    found = encoder.features(examples).reshape(5, encoder.layers, -1)
    np.testing.assert_allclose(found[:, -1], last, atol=3e-3)
