"""Versions of a pretrained model change with the files that they stand for."""

import importlib.metadata
import os

import pytest

from helpers.models import make_tiny_bert
from pretrain_or_not.files.model_versions import architecture_version, tokenizer_version, weights_version

VERSIONS = {"tokenizer": tokenizer_version, "architecture": architecture_version, "weights": weights_version}


@pytest.fixture
def bert(tmp_path):
    """Return the folder of a tiny BERT, to change."""
    return make_tiny_bert(tmp_path / "bert")


def versions(path):
    for version in VERSIONS.values():
        version.cache_clear()
    return {name: version(str(path)) for name, version in VERSIONS.items()}


def append(path):
    path.write_text((path.read_text() if path.is_file() else "") + " ")


def touch(path):
    os.utime(path, (1, 1))


@pytest.mark.parametrize(
    ("change", "name", "concerned"),
    [
        (append, "tokenizer.json", {"tokenizer"}),
        (append, "tokenizer_config.json", {"tokenizer"}),
        (append, "vocab.txt", {"tokenizer"}),
        (append, "merges.txt", {"tokenizer"}),
        (append, "spiece.model", {"tokenizer"}),
        (append, "special_tokens_map.json", {"tokenizer"}),
        (touch, "tokenizer.json", set()),
        (append, "config.json", {"architecture", "weights"}),
        (touch, "config.json", set()),
        (touch, "model.safetensors", {"weights"}),
        (append, "model-00001-of-00002.safetensors", {"weights"}),
        (append, "model.safetensors.index.json", {"weights"}),
        (append, "README.md", set()),
    ],
)
def test_a_file_concerns_what_is_read_from_it(bert, change, name, concerned):
    before = versions(bert)
    change(bert / name)
    assert {name for name, version in versions(bert).items() if version != before[name]} == concerned


def test_a_package_has_its_version_and_a_hub_id_none():
    assert set(versions("package:numpy/x").values()) == {importlib.metadata.version("numpy")}
    assert set(versions("org/model").values()) == set(versions("package:no_such_package/x").values()) == {None}
