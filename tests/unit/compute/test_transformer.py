"""Every architecture of transformer loads and trains."""

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModel

from helpers.training import no_checkpoints
from pretrain_or_not.compute.devices import build_accelerator
from pretrain_or_not.compute.flops import counted_flops
from pretrain_or_not.compute.inference import infer, probabilities
from pretrain_or_not.compute.parameters import parameter_counts
from pretrain_or_not.compute.transformer import (
    embedding_tables,
    load_encoder,
    load_fine_tuned,
    load_for_classification,
    position_limit,
)
from pretrain_or_not.training.loop import fit

SMALL = {"vocab_size": 60, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
         "intermediate_size": 32, "max_position_embeddings": 40, "pad_token_id": 0}  # fmt: skip
KINDS = {
    "bert": SMALL,
    "roberta": SMALL | {"pad_token_id": 1},
    "distilbert": {"vocab_size": 60, "dim": 16, "hidden_dim": 32, "n_layers": 2, "n_heads": 2, "pad_token_id": 0,
                   "max_position_embeddings": 40},
    "electra": SMALL | {"embedding_size": 16},
    "deberta-v2": SMALL,
    "modernbert": SMALL | {"bos_token_id": 2, "cls_token_id": 2, "eos_token_id": 3, "sep_token_id": 3},
}  # fmt: skip
RECIPE = {"batch_size": 8, "epochs": 2, "min_steps": 0, "validations": 2, "patience": None, "warmup": 0.1,
          "schedule": "linear", "weight_decay": 0.01, "clip": 1.0, "precision": "fp32"}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_each_architecture_loads_and_trains(kind, make_examples, tmp_path):
    torch.manual_seed(0)
    AutoModel.from_config(AutoConfig.for_model(kind, **KINDS[kind])).save_pretrained(tmp_path / "pretrained")
    model = load_for_classification(tmp_path / "pretrained", ["a", "b", "c"], 0.1)
    assert position_limit(model) == (38 if kind == "roberta" else 40)
    encoder = load_encoder(tmp_path / "pretrained")
    for name, weights in encoder.state_dict().items():  # it starts from what is in the folder
        match = [w for n, w in model.state_dict().items() if n.endswith(name) and w.shape == weights.shape]
        assert any(torch.equal(weights, w) for w in match) or "pooler" in name, name
    counts = parameter_counts(model, embedding_tables(model))
    assert counts["parameters"] == counts["parameters_trained"] > counts["parameters_embedding"] >= 60 * 16
    forward, training = counted_flops(model)
    assert all(f >= 0 for f in forward) and forward[1] > 0 and forward[2] > 0  # attention grows with the square
    assert np.allclose(training, 3 * np.array(forward), rtol=0.02)

    before = {name: weights.clone() for name, weights in model.state_dict().items()}
    examples = make_examples(40)
    _, cost, work = fit(model, examples, examples, RECIPE, 1e-3, 0, no_checkpoints(tmp_path / "none"))
    moved = [name for name, weights in model.state_dict().items() if not torch.equal(weights, before[name])]
    assert len(moved) > len(before) / 2 and cost["steps"] == 10 and work.examples == 80
    model.save_pretrained(tmp_path / "trained")
    accelerator = build_accelerator("fp32")
    again, _ = infer(load_fine_tuned(tmp_path / "trained"), examples, accelerator, probabilities)
    assert np.array_equal(again, infer(model, examples, accelerator, probabilities)[0])


def test_random_weights_have_the_architecture_but_not_the_weights(tiny_bert):
    torch.manual_seed(0)
    pretrained = load_for_classification(tiny_bert, ["a", "b"], 0.1)
    first, second = (load_for_classification(tiny_bert, ["a", "b"], 0.1, pretrained=False) for _ in range(2))
    shapes = {name: weights.shape for name, weights in pretrained.state_dict().items()}
    assert {name: weights.shape for name, weights in first.state_dict().items()} == shapes
    for name, weights in pretrained.state_dict().items():
        if weights.ndim == 2:
            assert not torch.equal(weights, first.state_dict()[name]), name
            assert not torch.equal(first.state_dict()[name], second.state_dict()[name]), name
