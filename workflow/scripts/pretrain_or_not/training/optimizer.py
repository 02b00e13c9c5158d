"""Build the optimizer of a neural arm."""

import inspect

import torch


class AdamW(torch.optim.AdamW):
    """torch's AdamW, without what would load torch's compiler.

    torch wraps these functions to keep them out of what it compiles, and loading the compiler for that takes a second.
    Nothing is compiled here.
    """

    add_param_group = inspect.unwrap(torch.optim.AdamW.add_param_group)
    step = torch.no_grad()(inspect.unwrap(torch.optim.AdamW.step))
    zero_grad = inspect.unwrap(torch.optim.AdamW.zero_grad)


def build_optimizer(model, weight_decay):
    """Return fused AdamW (Adam where `weight_decay` is 0); biases and normalization weights are not decayed."""
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    return AdamW([group for group in groups if group["params"]], fused=True)
