"""Versions of pretrained models: values that change when a model's files change.

A model from a package has the version of the package, and a model in a folder a digest of its files. A Hub id has no
version (None).
"""

import hashlib
from functools import cache
from pathlib import Path

from pretrain_or_not.files.packages import installed_version

# The files that a fast tokenizer may be loaded from.
TOKENIZER = ("tokenizer*.json", "special_tokens_map.json", "added_tokens.json", "vocab*", "merges.txt", "*.model")


@cache  # the jobs of a workflow use only a few models
def tokenizer_version(path):
    """Return the version of a model's tokenizer alone: new weights next to it are no reason to tokenize again."""
    return package_version(path) or contents(path, *TOKENIZER)


@cache
def architecture_version(path):
    """Return the version of a model's architecture, without its weights."""
    return package_version(path) or contents(path, "config.json")


@cache
def weights_version(path):
    """Return the version of a model's architecture and weights.

    Of weight files, only name, size and time count: they are too large to read whenever the Snakefile is parsed.
    """
    if version := package_version(path):
        return version
    weights = [
        [file.name, file.stat().st_size, int(file.stat().st_mtime)] for file in files(path, "*.safetensors*", "*.gguf")
    ]
    return {"config": architecture_version(path), "weights": weights} if weights else None


def package_version(path):
    """Return the version of the installed package that a model comes with; None for other models."""
    return installed_version(path.removeprefix("package:").partition("/")[0]) if path.startswith("package:") else None


def contents(folder, *patterns):
    """Return 16 hex digits that change with names or contents of the matching files; None if no file matches."""
    found = [[file.name, hashlib.sha256(file.read_bytes()).hexdigest()] for file in files(folder, *patterns)]
    return hashlib.sha256(repr(found).encode()).hexdigest()[:16] if found else None


def files(folder, *patterns):
    """Return the sorted paths of the files in a folder that match one of the patterns."""
    return sorted(path for pattern in patterns for path in Path(folder).glob(pattern) if path.is_file())
