"""Build the optimizer of a neural arm."""

import inspect
import re

import torch

LAYER = re.compile(r".*?\.\d+(?=\.)")
EMBEDS = re.compile(r"emb|wte|wpe|shared|relative", re.IGNORECASE)


class AdamW(torch.optim.AdamW):
    """torch's AdamW, without what would load torch's compiler.

    torch wraps these functions to keep them out of what it compiles, and loading the compiler for that takes a second.
    Nothing is compiled here.
    """

    add_param_group = inspect.unwrap(torch.optim.AdamW.add_param_group)
    step = torch.no_grad()(inspect.unwrap(torch.optim.AdamW.step))
    zero_grad = inspect.unwrap(torch.optim.AdamW.zero_grad)


def build_optimizer(model, weight_decay, layer_decay=1.0):
    """Return fused AdamW (Adam where `weight_decay` is 0); biases and normalization weights are not decayed.

    layer_decay: factor of the learning rate from each layer to the one below it, as in ELECTRA's fine-tuning (Clark et
    al. 2020). Every group of parameters has a `scale`, its factor.
    """
    depths = layer_depths(model)
    groups = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            scale = layer_decay ** (max(depths.values()) - depths[name])
            decay = weight_decay if parameter.ndim >= 2 else 0.0
            group = {"params": [], "weight_decay": decay, "scale": scale}
            groups.setdefault((scale, decay), group)["params"].append(parameter)
    return AdamW(list(groups.values()), fused=True)


def layer_depths(model) -> dict[str, int]:
    """Return the depth of each parameter: 0 for embeddings, 1 in the first layer, …, one more in the head.

    Layers are told by the first number in the names of parameters, in their order: `encoder.layer.3.output.bias` is in
    the fourth. What is in no layer counts as the head, unless its name says that it embeds tokens or positions.
    """
    layer_of = {name: LAYER.match(name) for name, _ in model.named_parameters()}
    layers = list(dict.fromkeys(match.group() for match in layer_of.values() if match))

    def depth(name):
        if match := layer_of[name]:
            return 1 + layers.index(match.group())
        return 0 if EMBEDS.search(name) else 1 + len(layers)

    return {name: depth(name) for name in layer_of}
