"""Weigh the texts of a batch by their self-influence, the squared norm of their own gradient.

PRESENCE (Thakkar et al. 2023): self-influence is that of TracIn (Pruthi et al. 2020) of an example on itself, here of
the weights of the first layer. The weights of the few texts of a microbatch are a softmax over the batch of a factor
times its self-influence, standardized within the batch: a factor above 0 emphasizes texts that are new to the model,
one below 0 leaves out noise.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from pretrain_or_not.errors import BadInput

FIRST_LAYER = ".layer.0."  # in the names of its weights


def influence_weights(model, losses: list[Callable], accelerator, factor: float) -> torch.Tensor:
    """Add the weighted gradients of the parts of a batch to those of `model`; return the mean loss.

    losses: functions that compute the loss of one part. Each part's gradient is brought to the mean norm of all before
    it is weighted, so that large gradients do not count twice. Raises BadInput if layers share their weights.
    """
    trained = [(name, weights) for name, weights in model.named_parameters() if weights.requires_grad]
    own = [i for i, (name, _) in enumerate(trained) if FIRST_LAYER in name]
    if not own:
        raise BadInput("weights: self_influence: this architecture has no first layer of its own; take BERT or RoBERTa")
    values, gradients = [], []
    for loss in losses:
        value = loss()
        accelerator.backward(value)
        values.append(value.detach())
        gradients.append([None if weights.grad is None else weights.grad.clone() for _, weights in trained])
        for _, weights in trained:
            weights.grad = None
    influence = torch.stack([squared_norm([part[i] for i in own]) for part in gradients])
    weights = softmax_weights(influence, factor)
    norms = torch.stack([squared_norm(part).sqrt() for part in gradients])
    scales = weights * norms.mean() / norms.clamp(min=torch.finfo(norms.dtype).tiny)
    for i, (_, parameter) in enumerate(trained):
        there = [(scale, part[i]) for scale, part in zip(scales, gradients, strict=True) if part[i] is not None]
        if there:
            parameter.grad = sum(scale * gradient for scale, gradient in there)
    return torch.stack(values).mean()


def softmax_weights(influence: torch.Tensor, factor: float) -> torch.Tensor:
    """Return weights that sum to 1. influence: of each part, (n,); it is standardized, so that `factor` has no unit."""
    spread = influence.std(unbiased=False)
    standardized = (influence - influence.mean()) / spread.clamp(min=torch.finfo(influence.dtype).tiny)
    return (factor * standardized).softmax(dim=0)


def squared_norm(tensors) -> torch.Tensor:
    """Return the sum of the squares of all numbers in some tensors, None left out."""
    there = [tensor.float().square().sum() for tensor in tensors if tensor is not None]
    return torch.stack(there).sum() if there else torch.zeros(())
