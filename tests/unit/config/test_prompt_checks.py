"""Mistakes in arms that ask a language model: each is told in one line."""

import pytest

from helpers.configs import complaint, put, valid
from pretrain_or_not.config.check import check_config


def asking(**keys):
    """Return a config whose experiment has an arm that needs no labels."""
    config = valid()
    config["arms"]["asked"] = {"family": "prompt", "model": "roberta-base"} | keys
    config["experiment"] |= {"arms": ["minilm", "lstm", "asked"], "sizes": [0, 250]}
    return config


def test_an_arm_without_labels_is_fine_with_size_0():
    checked = check_config(asking())
    assert checked["arms"]["asked"] == {
        "family": "prompt", "title": "", "model": "roberta-base", "template": "Text: {text}\nCategory ({classes}):",
        "words": {}, "calibrate": True, "shots": 0, "max_length": "dataset", "precision": "auto",
    }  # fmt: skip
    assert check_config(asking(shots=2) | {"experiment": valid()["experiment"]})


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("arms/asked/template", "Category:",
         "arms.asked.template: 'Category:' must have {text} once, where the text is to stand"),
        ("arms/asked/template", "{text} {text}:", "must have {text} once"),
        ("arms/asked/template", "{text} {label}:",
         "arms.asked.template: '{label}' is no field; there are {text} and {classes}"),
        ("arms/asked/words", {"a": "good", "b": "good"},
         "arms.asked.words.b: 'good' is the word of class 'a' already; give each class another one"),
        ("experiment/sizes", [250],
         "experiment.sizes: arm 'asked' reads no labels, so it has a cell of size 0 only: add 0, or set its `shots`"),
        ("experiment/arms", ["minilm", "lstm"],
         "experiment.sizes[0]: 0 is for arms that need no labels: add one of family prompt with `shots: 0`, "
         "or leave 0 out"),
        ("experiment/reference", "asked",
         "experiment.reference: 'asked' reads no labels, so there is no size at which others can be compared with it; "
         "name another arm"),
        ("arms/lstm/teacher", {"arm": "asked"},
         "arms.lstm.teacher.arm: 'asked' reads no labels (`shots: 0`), so it has no cell of this size; set its "
         "`shots`, or name another arm"),
        ("models/minilm/gguf", "a.gguf",
         "arms.minilm.model: 'minilm' is a GGUF file, which only family prompt reads; name another model"),
        ("models/minilm/gguf", "a/b.gguf", "models.minilm.gguf: 'a/b.gguf' is not the name of a GGUF file"),
        ("models/roberta-base",
         {"pretrain": {"from": {"layers": 1, "hidden": 2, "heads": 1}, "tokenizer": "minilm", "texts": "yelp"}},
         "arms.asked.model: 'roberta-base' is made by `pretrain`, which makes no language model; name one that exists"),
    ],
)  # fmt: skip
def test_mistakes(place, value, message):
    lines = complaint(put(asking(), place, value))
    assert any(message in line for line in lines), lines
    assert all(line.startswith("config: ") for line in lines)


def test_the_tokenizer_of_a_gguf_file_is_not_for_pretraining():
    config = valid()
    config["models"]["writer"] = {"path": "somewhere", "gguf": "a.gguf"}
    config["models"]["made"] = {"pretrain": {"from": "writer", "texts": "yelp"}}
    assert "models.made.pretrain.from: 'writer' is a GGUF file" in complaint(config)[0]
