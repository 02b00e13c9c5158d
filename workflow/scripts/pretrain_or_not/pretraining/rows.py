"""Read the packed rows that a model is pretrained on."""

from __future__ import annotations

import numpy as np

from pretrain_or_not.data.examples import Examples
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.parquet import open_parquet, read_metadata, to_numpy
from pretrain_or_not.files.paths import PathLike


def read_packed(path: PathLike, model: str) -> Examples:
    """Return packed rows as Examples without labels (all zero); raise BadInput if they are of another model.

    The row groups are read one after another: Arrow needs nine times the memory of the tokens to read them all at once.
    """
    about = read_metadata(path)
    if about.get("model") != model:
        raise BadInput(f"{path}: its rows are of model {about.get('model')!r}, not {model!r}; delete it and run again")
    with open_parquet(path) as file:
        tokens = np.empty(about["tokens"], file.schema_arrow.field("input_ids").type.value_type.to_pandas_dtype())
        ids, lengths, done = [np.empty(0, np.int64)], [np.empty(0, np.int64)], 0
        for group in range(file.num_row_groups):
            table = file.read_row_groups([group])
            ids.append(to_numpy(table["id"]))
            for chunk in table["input_ids"].chunks:
                offsets = np.from_dlpack(chunk.offsets)
                part = np.from_dlpack(chunk.values)[offsets[0] : offsets[-1]]
                tokens[done : done + len(part)] = part
                lengths.append(np.diff(offsets))
                done += len(part)
    starts = np.concatenate([[0], np.cumsum(np.concatenate(lengths), dtype=np.int64)])
    return Examples(np.concatenate(ids), np.zeros(len(starts) - 1, np.int64), tokens, starts, about)
