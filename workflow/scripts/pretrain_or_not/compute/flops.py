"""Floating-point operations of a run: those of one example as a polynomial of its length, summed over the batches.

Only matrix products count, a multiply and an add as two operations; element-wise ones are left out, as is usual (Kaplan
et al. 2020, section 2.1). A polynomial is a tuple: what an example costs, what each of its tokens adds, and what each
pair of its tokens adds (attention); then, of models that have them (DeBERTa projects relative positions), products that
all examples of a batch share: what a batch costs, and what each token of its width adds. Padding is computed on, so it
counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

# Lengths in tokens at which a transformer's operations are counted; three points fix an example's part, two a batch's.
LENGTHS = (8, 16, 24)


class Flops(NamedTuple):
    """Polynomials of the forward pass, and of forward and backward."""

    forward: tuple
    training: tuple


@dataclass
class Work:
    """What a model was given to compute on: `examples`, their padded `tokens`, and `pairs` of tokens in one example;
    `batches`, and the tokens of all their `widths`."""

    examples: int = 0
    tokens: int = 0
    pairs: int = 0
    batches: int = 0
    widths: int = 0

    def add(self, examples, width, batches=1):
        """Count `examples` padded to `width` tokens each, in one batch or dealt out to several."""
        self.examples += examples
        self.tokens += examples * width
        self.pairs += examples * width**2
        self.batches += batches
        self.widths += batches * width

    def flops(self, polynomial):
        """Operations of it all, an int."""
        counts = [self.examples, self.tokens, self.pairs, self.batches, self.widths]
        return round(float(np.dot(polynomial, counts[: len(polynomial)])))


def counted_flops(model) -> Flops:
    """Flops of any classifier on CPU, counted by `torch.utils.flop_counter` as it runs; it is left as it was.

    model: maps input_ids and attention_mask to an output with `logits` or, then trained in nothing, without.
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
    """Operations on a batch of `examples`, `length` tokens each: (forward, forward and backward)."""
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    inputs = {name: torch.ones(examples, length, dtype=torch.long) for name in ("input_ids", "attention_mask")}
    mode = model.training
    # Attention as plain matrix products: the counter does not know the CPU's fused kernel.
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        output = model.eval()(**inputs)
        forward = counter.get_total_flops()
        if "logits" in output:
            output.logits.sum().backward()
    model.train(mode)
    model.zero_grad(set_to_none=True)
    return forward, counter.get_total_flops()
