"""Write the token embeddings of a pretrained model, so that LSTM runs need not load transformers."""

from safetensors.torch import save_file

from pretrained import verified
from stage import log, stage
from transformer import input_embeddings
from whole_files import whole


def extract_embeddings(pretrained, output):
    """Write tensor `embeddings`, (vocabulary, width) float32, of the model `pretrained` of the config."""
    weights = input_embeddings(verified(pretrained), pretrained.get("revision"))
    with whole(output) as partial:
        save_file({"embeddings": weights}, partial)
    log.info("%d token embeddings, %d wide", *weights.shape)


if __name__ == "__main__":
    with stage(snakemake):
        extract_embeddings(snakemake.params.pretrained, snakemake.output[0])
