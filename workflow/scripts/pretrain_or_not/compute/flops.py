"""Floating-point operations of a run: a polynomial of an example's length, summed over the batches.

Only matrix products count, a multiply and an add as two operations; element-wise operations are left out, as usual
(Kaplan et al. 2020, section 2.1). A polynomial is a tuple: operations per example, per token of it, and per pair of its
tokens (attention). For models in which all examples of a batch share some products (DeBERTa projects relative
positions), two more follow: operations per batch, and per token of its width. Padding counts, because it is computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

# Lengths in tokens at which a transformer's operations are counted: three points determine the part of an example, two
# the part of a batch.
LENGTHS = (8, 16, 24)


class Flops(NamedTuple):
    """Polynomials of the forward pass, and of the forward and backward passes together."""

    forward: tuple
    training: tuple

    def plus(self, other: Flops) -> Flops:
        """Return the Flops of two parts together."""
        return Flops(
            *(tuple(a + b for a, b in zip_longest(*both, fillvalue=0.0)) for both in zip(self, other, strict=True))
        )


@dataclass
class Work:
    """The amount of input that a model has processed.

    examples: number of examples. tokens: their tokens, padding included. pairs: pairs of tokens in the same example.
    batches: number of batches. widths: sum of the widths of the batches, in tokens.
    """

    examples: int = 0
    tokens: int = 0
    pairs: int = 0
    batches: int = 0
    widths: int = 0

    def add(self, examples, width, batches=1):
        """Count `examples` padded to `width` tokens each, in one batch or divided among several."""
        self.examples += examples
        self.tokens += examples * width
        self.pairs += examples * width**2
        self.batches += batches
        self.widths += batches * width

    def flops(self, polynomial):
        """Return the total number of operations, an int. polynomial: see the module."""
        counts = [self.examples, self.tokens, self.pairs, self.batches, self.widths]
        return round(float(np.dot(polynomial, counts[: len(polynomial)])))


def counted_flops(model) -> Flops:
    """Return the Flops of any classifier, counted on its device by `torch.utils.flop_counter` while it runs.

    model: maps input_ids and attention_mask to an output; without `logits` in it, the backward pass is not counted. The
    model is not changed.
    """
    powers = np.vander(LENGTHS, increasing=True).astype(float)
    one = np.array([_count(model, 1, length) for length in LENGTHS])
    batch = np.zeros((2, 2))
    pair = np.array(_count(model, 2, LENGTHS[0]))
    if (pair != 2 * one[0]).any():  # examples share some products
        pairs = np.array([pair, _count(model, 2, LENGTHS[1])])
        batch = np.linalg.solve(powers[:2, :2], 2 * one[:2] - pairs)
    example = np.linalg.solve(powers, one - powers[:, :2] @ batch)
    return Flops(*map(tuple, np.concatenate([example, batch]).round().T))


def _count(model, examples, length):
    """Return the operations on a batch of `examples`, `length` tokens each: (forward, forward and backward)."""
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    ones = torch.ones(examples, length, dtype=torch.long, device=next(model.parameters()).device)
    inputs = {name: ones.clone() for name in ("input_ids", "attention_mask")}
    mode = model.training
    # Attention as plain matrix products, because the counter does not know the CPU's fused kernel.
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        output = model.eval()(**inputs)
        forward = counter.get_total_flops()
        if getattr(output, "logits", None) is not None:
            output.logits.sum().backward()
    model.train(mode)
    model.zero_grad(set_to_none=True)
    return forward, counter.get_total_flops()
