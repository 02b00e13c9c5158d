"""What changes when the files of a pretrained model do: of a package, its version; of a Hub id, nothing."""

import hashlib
from functools import cache
from pathlib import Path

from data_files import installed_version

# The files that any fast tokenizer may be read from.
TOKENIZER = ("tokenizer*.json", "special_tokens_map.json", "added_tokens.json", "vocab*", "merges.txt", "*.model")


@cache  # the jobs of a workflow ask for the same few models
def tokenizer_version(path):
    """Of the tokenizer alone: other weights beside it are no reason to tokenize anew."""
    return package_version(path) or contents(path, *TOKENIZER)


@cache
def architecture_version(path):
    """Of the architecture, whatever the weights."""
    return package_version(path) or contents(path, "config.json")


@cache
def weights_version(path):
    """Of architecture and weights; these are too large to be read in each parse of the Snakefile."""
    if version := package_version(path):
        return version
    weights = [[file.name, file.stat().st_size, int(file.stat().st_mtime)] for file in files(path, "*.safetensors*")]
    return {"config": architecture_version(path), "weights": weights} if weights else None


def package_version(path):
    """Version of the installed package that a model comes with; None elsewhere."""
    return installed_version(path.removeprefix("package:").partition("/")[0]) if path.startswith("package:") else None


def contents(folder, *patterns):
    """16 hex digits that change with names or contents of the files that match; None where there are none."""
    found = [[file.name, hashlib.sha256(file.read_bytes()).hexdigest()] for file in files(folder, *patterns)]
    return hashlib.sha256(repr(found).encode()).hexdigest()[:16] if found else None


def files(folder, *patterns):
    """Paths of the files in a folder that match, sorted."""
    return sorted(path for pattern in patterns for path in Path(folder).glob(pattern) if path.is_file())
