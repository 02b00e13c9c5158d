"""A pretrained model is loaded completely, with a new head, or refused."""

import json
import logging

import pytest
import torch
from safetensors.torch import load_file

from helpers.models import TINY, change_weights, make_tiny
from pretrain_or_not.compute.transformer import load_encoder, load_for_classification
from pretrain_or_not.errors import BadInput

LABELS = ["a", "b"]
LOADERS = {
    "for fine-tuning": lambda folder: load_for_classification(str(folder), LABELS, 0.1),
    "without a head": lambda folder: load_encoder(str(folder)),
}
LANGUAGE_MODEL = dict.fromkeys(TINY, "AutoModelForMaskedLM") | {
    "gpt2": "AutoModelForCausalLM",
    "llama": "AutoModelForCausalLM",
    "qwen2": "AutoModelForCausalLM",
    "bart": "AutoModelForSeq2SeqLM",
    "t5": "AutoModelForSeq2SeqLM",
}


def refusal(folder, loader):
    """Return the one line with which a folder is refused."""
    with pytest.raises(BadInput) as caught:
        LOADERS[loader](folder)
    (line,) = str(caught.value).splitlines()
    assert str(folder) in line
    return line


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("prefix", ["_orig_mod.", "module.", "model.", "0.auto_model."])
def test_a_prefix_of_names(prefix, loader, tmp_path):
    folder = make_tiny("bert", tmp_path / "model")
    change_weights(folder, lambda weights: {prefix + name: tensor for name, tensor in weights.items()})
    line = refusal(folder, loader)
    assert "its files lack 37 of the 39 weights of a BertModel (" in line  # those of the pooler may be missing
    assert line.endswith(f"the names of its weights begin with '{prefix}': save it again without that prefix")


@pytest.mark.parametrize("loader", LOADERS)
def test_weights_of_another_architecture(loader, tmp_path):
    folder = make_tiny("bert", tmp_path / "model")
    make_tiny("distilbert", tmp_path / "other")
    (tmp_path / "other/model.safetensors").replace(folder / "model.safetensors")
    line = refusal(folder, loader)
    assert " of the 39 weights of a BertModel" in line
    assert line.endswith("weights and config.json are not of the same model")


BROKEN = {
    "more layers in the config": (
        {"num_hidden_layers": 3}, {},
        r"lack 16 of the 55 weights of a BertModel \((bert\.)?encoder\.layer\.2\..*, …\); weights and config.json",
    ),
    "fewer layers in the config": (
        {"num_hidden_layers": 1}, {},
        r"its files hold 16 weights more than its config.json says \(.*encoder\.layer\.1\.",
    ),
    "another shape": (
        {"intermediate_size": 24}, {},
        r"6 of its 39 weights have another shape than its config.json says "
        r"\(.*encoder\.layer\.0\.intermediate\.dense\.bias: 32, not 24\); get config.json",
    ),
    "fewer rows": ({"vocab_size": 61}, {}, r"1 of its 39 weights .*word_embeddings\.weight: 60 x 16, not 61 x 16"),
    "not finite": (
        {}, {"encoder.layer.0.output.dense.bias": float("nan")},
        r"1 of its weights are not finite \(.*encoder\.layer\.0\.output\.dense\.bias\); get it again",
    ),
    "one is missing": ({}, {"encoder.layer.0.output.dense.bias": None}, r"lack 1 of the 39 weights .* is incomplete"),
}  # fmt: skip


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("name", BROKEN)
def test_weights_that_are_not_those_of_the_config(name, loader, tmp_path):
    settings, values, message = BROKEN[name]
    folder, other = make_tiny("bert", tmp_path / "model"), make_tiny("bert", tmp_path / "other", **settings)
    (other / "config.json").replace(folder / "config.json")

    def change(weights):
        for key, value in values.items():
            weights[key] = None if value is None else torch.full_like(weights[key], value)
        return {key: tensor for key, tensor in weights.items() if tensor is not None}

    change_weights(folder, change)
    with pytest.raises(BadInput, match=message):
        LOADERS[loader](folder)


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("kind", TINY)
def test_checkpoints_of_language_models_are_sound(kind, loader, tmp_path, caplog):
    folder = make_tiny(kind, tmp_path / "model", LANGUAGE_MODEL[kind])
    with caplog.at_level(logging.INFO, "pretrain_or_not"):
        LOADERS[loader](folder)
    assert "weights loaded from" in caplog.text and "; new: " in caplog.text


def test_the_log_says_what_is_new(tmp_path, caplog):
    folder = make_tiny("bert", tmp_path / "model", "AutoModelForMaskedLM")
    with caplog.at_level(logging.INFO, "pretrain_or_not"):
        load_for_classification(str(folder), LABELS, 0.1)
    assert caplog.messages == [
        f"37 of 39 weights loaded from {folder}; "
        "new: bert.pooler.dense.bias, bert.pooler.dense.weight, classifier.bias, classifier.weight"
    ]


def test_a_decoder_that_is_not_used_is_not_called_new(tmp_path, caplog):
    folder = make_tiny("t5", tmp_path / "model")
    change_weights(folder, lambda weights: {k: v for k, v in weights.items() if not k.startswith("decoder.")})
    with caplog.at_level(logging.INFO, "pretrain_or_not"):
        load_encoder(str(folder))
    assert caplog.messages == [f"21 of 21 weights loaded from {folder}; new: none"]


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("kind", TINY)
def test_a_head_of_an_earlier_fine_tuning_is_replaced(kind, classes, tmp_path, caplog):
    folder = make_tiny(kind, tmp_path / "model", "AutoModelForSequenceClassification", num_labels=classes)
    former = load_file(folder / "model.safetensors")
    torch.manual_seed(1)
    with caplog.at_level(logging.INFO, "pretrain_or_not"):
        model = load_for_classification(str(folder), LABELS, 0.1)
    assert "it is replaced by a new one" in caplog.text
    for name, weights in model.state_dict().items():
        if name.startswith(f"{model.base_model_prefix}.") or name.startswith("head."):
            assert torch.equal(weights, former.get(name, weights)), name
        elif weights.ndim == 2:
            assert weights.shape != former[name].shape or not torch.equal(weights, former[name]), name
            assert weights.any(), name
    assert model.config.num_labels == 2


def test_a_new_head_depends_on_the_seed_alone(tmp_path):
    folder = make_tiny("bert", tmp_path / "model", "AutoModelForSequenceClassification")
    heads = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        heads.append(load_for_classification(str(folder), LABELS, 0.1).classifier.weight)
    assert torch.equal(heads[0], heads[1]) and not torch.equal(heads[0], heads[2])


def test_an_encoder_without_its_decoder_can_be_probed(tmp_path):
    folder = make_tiny("t5", tmp_path / "model")
    change_weights(folder, lambda weights: {k: v for k, v in weights.items() if not k.startswith("decoder.")})
    load_encoder(str(folder))
    assert "weights of a T5Model (transformer.decoder." in refusal(folder, "for fine-tuning")


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(("key", "value"), [("hidden_act", "geluu"), ("pad_token_id", 9999)])
def test_a_config_that_is_impossible_is_named(key, value, loader, tmp_path):
    folder = make_tiny("bert", tmp_path / "model")
    settings = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(settings | {key: value}))
    assert "is its config.json right?" in refusal(folder, loader)
