"""Count the operations of pretraining, with zeros among the weights left out."""

from __future__ import annotations

from torch import nn

from pretrain_or_not.compute.classifier import Output
from pretrain_or_not.compute.flops import Flops, counted_flops
from pretrain_or_not.compute.sparsity import BACKWARD, layer_matrices, without_zeros


class Encoder(nn.Module):
    """An encoder as a model with `logits`, which are its hidden states, so that its backward pass is counted too."""

    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids, attention_mask):
        """Return an Output with the hidden states."""
        return Output(self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state)


def encoder_flops(encoder, sparsity: float = 0.0) -> Flops:
    """Return the Flops of an encoder. sparsity: share of zeros in the matrices of its layers, which are not counted."""
    matrices = layer_matrices(encoder).values()
    return without_zeros(counted_flops(Encoder(encoder)), sparsity * sum(weights.numel() for weights in matrices))


def head_flops(head: nn.Module, share: float) -> Flops:
    """Return the Flops of a head of linear layers on a share of the tokens."""
    products = 2 * share * sum(m.weight.numel() for m in head.modules() if isinstance(m, nn.Linear))
    return Flops((0.0, products, 0.0), (0.0, (1 + BACKWARD) * products, 0.0))
