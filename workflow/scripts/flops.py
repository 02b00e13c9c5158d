"""Floating-point operations of a run: those of one example as a polynomial of its length, summed over the batches.

Only matrix products count, a multiply and an add as two operations; element-wise ones are left out, as is usual (Kaplan
et al. 2020, section 2.1). A polynomial is a triple: what an example costs, what each of its tokens adds, and what each
pair of its tokens adds (attention). Padding is computed on, so it counts.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

# Lengths in tokens at which a transformer's operations are counted; three points fix the polynomial.
LENGTHS = (8, 16, 24)


class Flops(NamedTuple):
    """Polynomials of the forward pass, and of forward and backward."""

    forward: tuple
    training: tuple


@dataclass
class Work:
    """What a model was given to compute on: `examples`, their padded `tokens`, and `pairs` of tokens in one example."""

    examples: int = 0
    tokens: int = 0
    pairs: int = 0

    def add(self, examples, width):
        """Count a batch of `examples` padded to `width` tokens each."""
        self.examples += examples
        self.tokens += examples * width
        self.pairs += examples * width**2

    def flops(self, polynomial):
        """Operations of it all, an int."""
        return round(float(np.dot(polynomial, [self.examples, self.tokens, self.pairs])))


def counted_flops(model):
    """Flops of any classifier on CPU, counted by `torch.utils.flop_counter` as it runs; it is left as it was.

    model: maps input_ids and attention_mask to an output with `logits` or, then trained in nothing, without.
    """
    polynomials = []
    for backward in (False, True):
        counts = [_count(model, length, backward) for length in LENGTHS]
        polynomials.append(tuple(np.linalg.solve(np.vander(LENGTHS, increasing=True).astype(float), counts).round()))
    return Flops(*polynomials)


def _count(model, length, backward):
    """Operations on one example of `length` tokens."""
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    inputs = {name: torch.ones(1, length, dtype=torch.long) for name in ("input_ids", "attention_mask")}
    mode = model.training
    # Attention as plain matrix products: the counter does not know the CPU's fused kernel.
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        output = model.eval()(**inputs)
        if backward and "logits" in output:
            output.logits.sum().backward()
    model.train(mode)
    model.zero_grad(set_to_none=True)
    return counter.get_total_flops()
