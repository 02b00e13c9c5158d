"""Check which weights of a pretrained model were loaded: none that pretraining gives may be missing."""

from __future__ import annotations

import re

import torch

from pretrain_or_not.config.names import first_of
from pretrain_or_not.errors import BadInput
from pretrain_or_not.job import log

MOST_NAMED = 3

# Many checkpoints have no pooler, because their pretraining has no use for it. It is then new, like a head.
POOLER = re.compile(r"(^|\.)pooler\.")


def check_loaded(model, info: dict, needed: set[str], used: set[str], folder: str) -> None:
    """Log how many weights were loaded, and which are new; raise BadInput if weights of pretraining were not loaded.

    info: what transformers returns with ``output_loading_info``. needed: the names of the weights that pretraining
    gives, without a head. used: the names of all weights that are used. folder: for messages.
    """
    missing, prefix = set(info["missing_keys"]), model.base_model_prefix + "."
    absent = sorted(name for name in missing & needed if not POOLER.search(name))
    if absent:
        raise BadInput(
            f"models: path {folder!r}: its files lack {len(absent)} of the {len(needed)} weights of a "
            f"{type(model.base_model).__name__} ({listed(absent)}); "
            f"{advice(absent[0], info['unexpected_keys'], prefix)}"
        )
    reshaped = sorted(item for item in info["mismatched_keys"] if item[0] in needed)
    if reshaped:
        name, found, expected = reshaped[0]
        raise BadInput(
            f"models: path {folder!r}: {len(reshaped)} of its {len(needed)} weights have another shape than its "
            f"config.json says ({name}: {shown(found)}, not {shown(expected)}); "
            "get config.json and weights of the same model"
        )
    kinds = {numbered(name.removeprefix(prefix)) for name in needed}
    unused = sorted(name for name in info["unexpected_keys"] if numbered(name.removeprefix(prefix)) in kinds)
    if unused:
        raise BadInput(
            f"models: path {folder!r}: its files hold {len(unused)} weights more than its config.json says "
            f"({listed(unused)}); give it the number of layers that the weights have"
        )
    wrong = [name for name, weights in model.named_parameters() if name in needed and not finite(weights)]
    if wrong:
        raise BadInput(
            f"models: path {folder!r}: {len(wrong)} of its weights are not finite ({listed(wrong)}); get it again"
        )
    new = sorted(used & (missing | {name for name, *_ in info["mismatched_keys"]}))
    log.info(
        "%d of %d weights loaded from %s; new: %s",
        len(needed - missing), len(needed), folder, ", ".join(new) or "none",
    )  # fmt: skip


def listed(names):
    """Return the first names of a list as text."""
    return first_of(names, MOST_NAMED)


def shown(shape):
    """Return a shape as text, like 60 x 16."""
    return " x ".join(map(str, shape))


def numbered(name):
    """Return the name of a weight without the numbers of layers, the same for all layers."""
    return re.sub(r"(?<=\.)\d+(?=\.)", "#", name)


def finite(weights):
    """Return whether all values of a tensor are finite."""
    return bool(torch.isfinite(weights).all())


def advice(absent, unexpected, prefix):
    """Return what to do about missing weights.

    absent: the name of one. unexpected: names in the files that the model does not have. prefix: of names in the model.
    """
    for known in (absent, absent.removeprefix(prefix)):
        for name in sorted(unexpected):
            if name.endswith(f".{known}"):
                start = name.removesuffix(known)
                return f"the names of its weights begin with {start!r}: save it again without that prefix"
    if unexpected:
        return f"it has others ({listed(sorted(unexpected))}): weights and config.json are not of the same model"
    return "weights and config.json are not of the same model, or a file is incomplete"
