"""Write the token embeddings of a pretrained model to a separate file."""

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file
from safetensors.torch import save_file
from torch import from_numpy

from pretrain_or_not.compute.transformer import input_embeddings
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.atomic import atomic_write
from pretrain_or_not.files.paths import MODEL_FILES
from pretrain_or_not.files.pretrained import verified
from pretrain_or_not.files.static_table import MAPPING, WEIGHTS, static_table
from pretrain_or_not.job import log


def extract_embeddings(pretrained, output):
    """Write the tensor `embeddings`, (vocabulary, width) float32, of the model `pretrained` of the config.

    The model is a transformer, or a table of embeddings alone.
    """
    folder = verified(pretrained)
    name = static_table(folder)
    table = read_table(folder, name) if name else input_embeddings(folder, pretrained.get("revision"))
    with atomic_write(output) as partial:
        save_file({"embeddings": table}, partial)
    log.info("%d token embeddings, %d wide", *table.shape)


def read_table(folder, name):
    """Return the embeddings in a folder that holds a table alone, as a float32 tensor (vocabulary, width).

    name: of the table. Those of model2vec may give tokens the same row, and a weight each. Raises BadInput if the file
    is broken, or what it holds does not fit together.
    """
    path = f"{folder}/{MODEL_FILES[0]}"
    try:
        arrays = load_file(path)
        table = arrays[name][arrays[MAPPING]] if MAPPING in arrays else arrays[name]
        table = table.astype(np.float32)
        if WEIGHTS in arrays:
            table *= arrays[WEIGHTS].astype(np.float32)[:, None]
    except (SafetensorError, IndexError, ValueError, TypeError) as error:
        raise BadInput(f"{path}: not a table of token embeddings ({error}); get it again") from error
    if table.ndim != 2 or not np.isfinite(table).all():
        raise BadInput(f"{path}: its table {name!r} is not a matrix of finite numbers; get it again")
    return from_numpy(np.ascontiguousarray(table))
