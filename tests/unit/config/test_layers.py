"""What is said of a model is not said of another of the same name."""

import pytest

from pretrain_or_not.config.layers import with_own_keys

BASE = {"models": {"minilm": {"path": "a", "sha256": "0", "revision": "1"}, "other": {"path": "b", "sha256": "2"}}}


def merged(*layers):
    """Return what Snakemake makes of layers."""
    models = {}
    for layer in layers:
        for name, keys in (layer.get("models") or {}).items():
            models[name] = models.get(name, {}) | keys
    return {"models": models, "arms": {}}


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([], {"path": "a", "sha256": "0", "revision": "1"}),
        ([{"minilm": {"path": "c"}}], {"path": "c"}),
        ([{"minilm": {"path": "a"}}], {"path": "a", "sha256": "0", "revision": "1"}),
        ([{"minilm": {"path": "c", "sha256": "3"}}], {"path": "c", "sha256": "3"}),
        ([{"minilm": {"path": "c"}}, {"minilm": {"revision": "4"}}], {"path": "c", "revision": "4"}),
        ([{"minilm": {"sha256": "5"}}], {"path": "a", "sha256": "5", "revision": "1"}),
        ([{"minilm": {"path": "c"}}, {"minilm": {"path": "a"}}], {"path": "a"}),
        ([None], {"path": "a", "sha256": "0", "revision": "1"}),
    ],
)
def test_another_path_drops_what_was_said_of_the_former(layers, expected):
    layers = [BASE, *({"models": models} for models in layers)]
    config = with_own_keys(merged(*layers), layers)
    assert config["models"] == {"minilm": expected, "other": BASE["models"]["other"]} and config["arms"] == {}


def test_a_key_of_no_layer_stays():
    """As a Snakefile that uses this one as a module may set it."""
    config = {"models": {"minilm": {"path": "c", "revision": "6"}}}
    assert with_own_keys(config, [BASE, {"models": {"minilm": {"path": "c"}}}, {}]) == config


@pytest.mark.parametrize("config", [{}, {"models": None}, {"models": ["a"]}, {"models": {"minilm": "a"}}, merged(BASE)])
@pytest.mark.parametrize("layers", [[], [{}], [{"models": {"minilm": {"path": "z"}}}], [{"models": 3}, 4]])
def test_what_is_not_understood_stays_as_it_is(config, layers):
    assert with_own_keys(config, layers) == config
