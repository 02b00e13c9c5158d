"""Fit a transformer to the tokens that it reads: their number, their ids, the id of padding."""

from inspect import signature

from torch import nn

from pretrain_or_not.data.examples import Takes
from pretrain_or_not.errors import BadInput


def position_limit(model):
    """Return the maximum number of tokens that the model can process, or None if there is no limit."""
    positions = getattr(model.config, "max_position_embeddings", None)
    if not positions or positions < 0:
        return None
    return positions - (numbering_padding(model) + 1)


def numbering_padding(model):
    """Return the padding id that positions are numbered from, as in RoBERTa and MPNet; -1 if they are not."""
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, nn.Embedding) and module.padding_idx is not None:
            return module.padding_idx
    return -1


def check_length(model, length, given, name):
    """Raise BadInput if `model` cannot process `length` tokens.

    given: key of the config that sets the length, for the message. name: what the message calls the model.
    """
    limit = position_limit(model)
    if limit and length > limit:
        raise BadInput(f"{given} {length} is more than the {limit} tokens that {name} can process; lower it")


def fit_tokens(model, vocabulary, padding_id, name):
    """Make `padding_id` the padding id of `model` too; raise BadInput if it cannot process the ids of its tokenizer.

    vocabulary: the largest token id + 1. name: of the model in `models`, for messages.
    """
    table = model.get_input_embeddings()
    rows = table.num_embeddings
    if vocabulary > rows:
        raise BadInput(
            f"models: {name}: its tokenizer has token ids up to {vocabulary - 1}, but it has embeddings up to "
            f"{rows - 1} only; take the tokenizer that it was pretrained with, or add rows with "
            "model.resize_token_embeddings"
        )
    numbered_from = numbering_padding(model)
    if numbered_from >= 0 and numbered_from != padding_id:
        raise BadInput(
            f"models: {name}: its tokenizer pads with id {padding_id}, but its positions are numbered from padding id "
            f"{numbered_from}; take the tokenizer that it was pretrained with"
        )
    if model.config.pad_token_id != padding_id:
        model.config.pad_token_id = padding_id
        # Its row would get no gradient where the token of the former id occurs in a text.
        table.padding_idx = None


def takes_of(model) -> Takes:
    """Return what a transformer can read."""
    return Takes(position_limit(model), "token_type_ids" in signature(model.forward).parameters)


def fit_dataset(model, about, name, arm=None):
    """Fit `model`, called `name` in the config, to the tokens that it reads; raise BadInput if impossible.

    about: metadata of their file, with the `max_length` of the arm. arm: its name, None for features, which
    several arms may read.
    """
    if about["max_length"] is not None:
        other = f"arms: {arm}: max_length" if arm else "that of an arm"
        keys = f"datasets: {about['dataset']}: max_length (or {other})"
        check_length(model, about["max_length"], keys, f"model {name!r}")
    fit_tokens(model, about["vocabulary"], about["padding_id"], name)
