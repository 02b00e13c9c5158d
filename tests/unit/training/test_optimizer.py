"""Groups of parameters: weight decay, and learning rates that fall from layer to layer."""

import pytest
import torch
from transformers import AutoConfig, AutoModelForSequenceClassification

from helpers.models import TINY
from helpers.training import RECIPE
from pretrain_or_not.arms.lstm import build_lstm
from pretrain_or_not.training.optimizer import build_optimizer, layer_depths

SHARED_LAYERS = {"albert": 1}
TWO_STACKS = {"bart": 4, "t5": 4}


def build(kind):
    return AutoModelForSequenceClassification.from_config(AutoConfig.for_model(kind, **TINY[kind], num_labels=3))


@pytest.mark.parametrize("kind", TINY)
def test_depths_go_from_the_token_embeddings_to_the_head(kind):
    model = build(kind)
    depths, names = layer_depths(model), {id(p): name for name, p in model.named_parameters()}
    layers = (SHARED_LAYERS | TWO_STACKS).get(kind, 2)
    assert sorted(set(depths.values())) == list(range(layers + 2))
    assert depths[names[id(model.get_input_embeddings().weight)]] == 0
    head = next(getattr(model, name) for name in ("classifier", "score", "classification_head") if hasattr(model, name))
    assert {depths[names[id(p)]] for p in head.parameters()} == {layers + 1}


def test_rates_fall_by_the_factor_from_the_head_down():
    model = build("bert")
    names = {id(p): name for name, p in model.named_parameters()}
    optimizer = build_optimizer(model, weight_decay=0.1, layer_decay=0.5)
    scale = {names[id(p)]: group["scale"] for group in optimizer.param_groups for p in group["params"]}
    assert scale["classifier.weight"] == scale["bert.pooler.dense.bias"] == 1
    assert scale["bert.encoder.layer.1.output.dense.weight"] == 0.5
    assert scale["bert.encoder.layer.0.output.dense.bias"] == 0.25
    assert scale["bert.embeddings.word_embeddings.weight"] == 0.125
    assert len(scale) == len(names)


@pytest.mark.parametrize("name", ["bert", "lstm"])
def test_biases_and_normalization_are_not_decayed(name, make_examples):
    model = build(name) if name == "bert" else build_lstm(RECIPE, make_examples(9).about)
    groups = build_optimizer(model, weight_decay=0.1).param_groups
    decay = {id(p): group["weight_decay"] for group in groups for p in group["params"]}
    assert {decay[id(p)] for p in model.parameters() if p.ndim < 2} == {0.0}
    assert {decay[id(p)] for p in model.parameters() if p.ndim == 2} == {0.1}
    assert {group["scale"] for group in groups} == {1.0}


def test_frozen_weights_are_left_out(make_examples):
    model = build_lstm(RECIPE, make_examples(9).about)
    model.embedding.weight.requires_grad_(False)
    groups = build_optimizer(model, weight_decay=0.1).param_groups
    assert not any(p is model.embedding.weight for group in groups for p in group["params"])
    assert all(isinstance(p, torch.nn.Parameter) for group in groups for p in group["params"])
