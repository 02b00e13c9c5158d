"""Read the packed rows that a model is pretrained on."""

from __future__ import annotations

import numpy as np

from pretrain_or_not.data.examples import Examples
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.parquet import open_parquet, read_metadata, to_numpy
from pretrain_or_not.files.paths import PathLike


def read_packed(path: PathLike, model: str) -> Examples:
    """Return packed rows as Examples without labels (all zero); raise BadInput if they are of another model."""
    about = read_metadata(path)
    if about.get("model") != model:
        raise BadInput(f"{path}: its rows are of model {about.get('model')!r}, not {model!r}; delete it and run again")
    with open_parquet(path) as file:
        table = file.read()
    chunks = [(np.from_dlpack(c.values), np.from_dlpack(c.offsets)) for c in table["input_ids"].chunks]
    tokens = [values[offsets[0] : offsets[-1]] for values, offsets in chunks]
    lengths = np.concatenate([np.diff(offsets) for _, offsets in chunks] or [np.empty(0, np.int64)])
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    labels = np.zeros(len(table), np.int64)
    joined = np.concatenate(tokens) if tokens else np.empty(0, np.uint16)
    return Examples(to_numpy(table["id"]), labels, joined, offsets, about)
