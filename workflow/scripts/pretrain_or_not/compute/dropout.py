"""Dropout whose random mask does not hold up training on a CPU.

torch draws a mask on CPU number by number on one thread: 7 to 17 % of a MiniLM's training time. Here 16 random bits a
value come from NumPy's SFC64, an eighth of that, seeded anew from torch's generator at each call, so that the random
state of torch, which checkpoints hold, is all there is. On a GPU it is torch's own dropout.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

DRAWS = 2**16  # values of a draw; the probability is rounded to a multiple of 1 / DRAWS


def dropout(x, p, training=True):
    """`x` with each value zeroed with probability `p`, the others divided by 1 - p; as it is unless `training`."""
    if not training or p == 0 or x.device.type != "cpu":
        return functional.dropout(x, p, training)
    least = round(p * DRAWS)
    if least == DRAWS:
        return x * 0
    seed = int(torch.randint(2**62, ()))
    draws = np.random.SFC64(seed).random_raw(-(-x.numel() // 4)).view(np.uint16)[: x.numel()]
    keep = torch.from_numpy((draws >= least).astype(np.float32)).mul_(DRAWS / (DRAWS - least))
    return x * keep.view(x.shape).to(x.dtype)


class Dropout(nn.Dropout):
    """torch's module, with the mask of `dropout`."""

    def forward(self, x):
        """x: any shape, floating point."""
        return dropout(x, self.p, self.training)


def replace_dropouts(model):
    """Let every nn.Dropout in `model` be a Dropout."""
    for module in model.modules():
        if type(module) is nn.Dropout:
            module.__class__ = Dropout
