"""Dropout whose random mask does not slow down training on a CPU.

On a CPU, torch draws the numbers of a mask one by one on one thread: 7 to 17 % of a MiniLM's training time. Here,
NumPy's SFC64 gives 16 random bits per value in an eighth of that time. Each call seeds it from torch's generator, so
the random state of torch, which checkpoints contain, is the only one. On a GPU, torch's own dropout is used.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

DRAWS = 2**16  # number of different draws; the probability is rounded to a multiple of 1 / DRAWS


def dropout(x, p, training=True):
    """Return `x` with each value set to 0 with probability `p`, the others divided by 1 - p; `x` if not `training`."""
    if not training or p == 0 or x.device.type != "cpu":
        return functional.dropout(x, p, training)
    smallest_kept = round(p * DRAWS)
    if smallest_kept == DRAWS:
        return x * 0
    seed = int(torch.randint(2**62, ()))
    draws = np.random.SFC64(seed).random_raw(-(-x.numel() // 4)).view(np.uint16)[: x.numel()]
    keep = torch.from_numpy((draws >= smallest_kept).astype(np.float32)).mul_(DRAWS / (DRAWS - smallest_kept))
    return x * keep.view(x.shape).to(x.dtype)


class Dropout(nn.Dropout):
    """torch's module, with the mask of `dropout`."""

    def forward(self, x):
        """Return `dropout` of x, floating point of any shape."""
        return dropout(x, self.p, self.training)


def replace_dropouts(model):
    """Turn every nn.Dropout in `model` into a Dropout, in place."""
    for module in model.modules():
        if type(module) is nn.Dropout:
            module.__class__ = Dropout
