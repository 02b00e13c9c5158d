"""Load the tokenizer of a pretrained model."""

from pathlib import Path

from tokenizers import Tokenizer

from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.pretrained import locate


def load_tokenizer(path, revision=None):
    """Return the fast tokenizer of a pretrained model and its padding id; transformers is loaded only if necessary.

    path, revision: of a model of the config. Raises BadInput if there is no fast tokenizer or it cannot be loaded.
    """
    folder = locate(path)
    if (Path(folder) / "tokenizer.json").is_file():
        try:
            tokenizer = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
        except Exception as error:  # the library raises nothing narrower
            raise BadInput(f"models: path {path!r}: its tokenizer.json is broken ({error}); get it again") from error
        padding = tokenizer.padding["pad_id"] if tokenizer.padding else None
        for token in ("[PAD]", "<pad>"):
            padding = tokenizer.token_to_id(token) if padding is None else padding
        if padding is not None:
            return tokenizer, padding
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, revision=revision, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise BadInput(
            f"models: path {path!r}: no tokenizer can be loaded from it ({str(error).splitlines()[0]})"
        ) from error
    if not tokenizer.is_fast:
        raise BadInput(f"models: path {path!r} has no fast tokenizer (tokenizer.json)")
    return tokenizer.backend_tokenizer, tokenizer.pad_token_id or 0


def vocabulary_size(tokenizer):
    """Return the number of rows that a table for all ids of a tokenizer needs: the largest id + 1."""
    return max(tokenizer.get_vocab().values()) + 1
