"""Write the token embeddings of a pretrained model to a separate file."""

from safetensors.torch import save_file

from pretrain_or_not.compute.transformer import input_embeddings
from pretrain_or_not.files.atomic import atomic_write
from pretrain_or_not.files.pretrained import verified
from pretrain_or_not.job import log


def extract_embeddings(pretrained, output):
    """Write the tensor `embeddings`, (vocabulary, width) float32, of the model `pretrained` of the config."""
    weights = input_embeddings(verified(pretrained), pretrained.get("revision"))
    with atomic_write(output) as partial:
        save_file({"embeddings": weights}, partial)
    log.info("%d token embeddings, %d wide", *weights.shape)
