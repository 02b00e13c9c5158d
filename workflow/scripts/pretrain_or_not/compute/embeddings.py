"""Read the token embeddings of a pretrained model from their own file: LSTM runs need not load transformers."""

from pathlib import Path

from safetensors import SafetensorError, safe_open

from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.provenance import sha256_of

OWN_COPY = "embeddings.safetensors"  # in the folder of a selected model, which thus needs no other folder


def read_embeddings(path, framework="pt"):
    """Read the (rows, width) matrix that `extract_embeddings` wrote; raise BadInput if the file is broken.

    framework: "pt" for a tensor, "np" for a NumPy array.
    """
    try:
        with safe_open(path, framework=framework) as file:
            return file.get_tensor("embeddings")
    except SafetensorError as error:
        raise BadInput(f"{path}: not a complete safetensors file ({error}); delete it and run again") from error


def shared_embeddings(folder, shared):
    """Return the path of the embeddings of a model in `folder`: its own copy of them or, without one, the shared file.

    shared: the entry `embeddings` of the config of the model: `path`, relative to the folder, and `sha256`.
    """
    own = Path(folder) / OWN_COPY
    return own if own.is_file() else Path(folder) / shared["path"]


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


def check_rows(embeddings, about):
    """Raise BadInput if (rows, width) embeddings have no row for some token ids. about: metadata of the tokens."""
    if len(embeddings) < about["vocabulary"]:
        rows, needed = len(embeddings), about["vocabulary"]
        raise BadInput(f"models: {about['tokenizer']}: {rows} token embeddings for a vocabulary of {needed}")
