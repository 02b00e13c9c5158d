"""Keep weights of a transformer zero while it is trained (SPDF, Thangarasa et al. 2023)."""

from __future__ import annotations

import torch

from pretrain_or_not.compute.flops import Flops
from pretrain_or_not.errors import BadInput

ZEROS = "zeros_kept"  # key of config.json: how many weights were kept zero in fine-tuning

BACKWARD = 2  # operations of the backward pass per operation of the forward pass


def layer_matrices(encoder) -> dict[str, torch.nn.Parameter]:
    """Return the matrices of the layers of an encoder by name: without embeddings, norms and biases."""
    return {name: w for name, w in encoder.named_parameters() if ".layer." in f".{name}" and w.ndim == 2}


def make_sparse(encoder, share: float, seed: int) -> dict[str, torch.Tensor]:
    """Set a random share of each matrix of the layers to zero for good; return which weights stay: name -> mask.

    The places depend on `seed` and the matrix only: a resumed run has the same ones. Raises BadInput if the layers of
    the architecture are not known.
    """
    masks, matrices = {}, layer_matrices(encoder)
    if not matrices:
        raise BadInput(f"sparsity: the layers of {encoder.config.model_type} are not known; start from BERT or RoBERTa")
    for i, (name, weights) in enumerate(matrices.items()):
        random = torch.Generator().manual_seed(seed * 100_003 + i)
        masks[name] = mask = torch.rand(weights.shape, generator=random) >= share
        weights.data.mul_(mask.to(weights.device))
        weights.register_hook(Masked(mask))
    return masks


def keep_zeros(encoder) -> int:
    """Keep the zeros in the matrices of the layers zero; return how many there are."""
    zeros = 0
    for weights in layer_matrices(encoder).values():
        mask = weights.detach() != 0
        weights.register_hook(Masked(mask))
        zeros += int((~mask).sum())
    return zeros


class Masked:
    """Sets the gradients of zeros to zero, so that AdamW's momentum is zero too, and its weight decay only scales.

    The mask is moved to their device once: a copy at each step would wait.
    """

    def __init__(self, mask: torch.Tensor):
        self.mask = mask

    def __call__(self, gradient: torch.Tensor) -> torch.Tensor:
        """Return the gradient of the weights that stay."""
        if self.mask.device != gradient.device:
            self.mask = self.mask.to(gradient.device)
        return gradient * self.mask


def without_zeros(flops: Flops, zeros: float) -> Flops:
    """Return the Flops of a transformer without the products of so many zeros of its layers.

    They would be saved by hardware that skips zeros. On a CPU or GPU the time is that of dense matrices.
    """
    saved = 2 * zeros
    return flops.plus(Flops((0.0, -saved, 0.0), (0.0, -(1 + BACKWARD) * saved, 0.0)))
