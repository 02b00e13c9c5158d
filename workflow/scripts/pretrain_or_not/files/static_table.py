"""Recognize a folder that holds a table of token embeddings alone, as model2vec saves it."""

from __future__ import annotations

import json
from pathlib import Path

from pretrain_or_not.files.paths import MODEL_FILES, PathLike

# The name of the table in model.safetensors: of model2vec, and of sentence-transformers' StaticEmbedding.
TABLES = ("embeddings", "embedding.weight")

# What model2vec may add: a weight for each token, and the row of the table for each token.
WEIGHTS, MAPPING = "weights", "mapping"


def static_table(folder: PathLike) -> str | None:
    """Return the name of the table in a folder's model.safetensors, or None if there is another model, or none."""
    path = Path(folder) / MODEL_FILES[0]
    if not path.is_file():
        return None
    names = tensor_names(path)
    return next((name for name in TABLES if name in names and names <= {name, WEIGHTS, MAPPING}), None)


def tensor_names(path: Path) -> set[str]:
    """Return the names of the tensors in a safetensors file, an empty set if it is broken; no library is needed."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        try:
            header = json.loads(file.read(min(length, path.stat().st_size)))
        except ValueError:
            return set()
    return set(header) - {"__metadata__"} if isinstance(header, dict) else set()
