"""Token embeddings of a pretrained model in a separate file, so that LSTM runs need not load transformers."""

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.atomic import atomic_write
from pretrain_or_not.files.pretrained import verified
from pretrain_or_not.files.provenance import sha256_of
from pretrain_or_not.job import log


def extract_embeddings(pretrained, output):
    """Write the tensor `embeddings`, (vocabulary, width) float32, of the model `pretrained` of the config."""
    from pretrain_or_not.compute.transformer import input_embeddings

    weights = input_embeddings(verified(pretrained), pretrained.get("revision"))
    with atomic_write(output) as partial:
        save_file({"embeddings": weights}, partial)
    log.info("%d token embeddings, %d wide", *weights.shape)


def read_embeddings(path):
    """Read the (rows, width) tensor that `extract_embeddings` wrote; raise BadInput if the file is broken."""
    try:
        with safe_open(path, framework="pt") as file:
            return file.get_tensor("embeddings")
    except SafetensorError as error:
        raise BadInput(f"{path}: not a complete safetensors file ({error}); delete it and run again") from error


def read_shared_embeddings(path, sha256):
    """Return the (rows, width) tensor that models in other folders share; raise BadInput if it is not the expected one.

    path: a Path. sha256: its SHA-256, as hex digits.
    """
    if not path.is_file():
        raise BadInput(
            f"{path}: missing, but the model needs these token embeddings; keep the model in its folder of results"
        )
    if sha256_of(path) != sha256:
        raise BadInput(f"{path}: not the token embeddings that the model was trained with; train it again")
    return read_embeddings(path)
