"""Build the optimizer of a neural arm."""

import torch

from pretrain_or_not.training.rowwise_adamw import RowwiseAdamW


def build_optimizer(model, recipe, accelerator):
    """Fused AdamW (Adam where weight_decay is 0); biases and normalization weights are not decayed.

    On a CPU, the token embeddings are trained row by row (see `rowwise_adamw`).
    """
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": recipe["weight_decay"]},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    alone = accelerator.device.type == "cpu" and accelerator.num_processes == 1  # the gradients of several are averaged
    return RowwiseAdamW([group for group in groups if group["params"]], own_table(model) if alone else None)


def own_table(model):
    """The embedding table of the tokens, if it is trained and no other part of `model` uses its weight; else None."""
    table = model.get_input_embeddings()
    uses = sum(p is table.weight for _, p in model.named_parameters(remove_duplicate=False))
    return table if type(table) is torch.nn.Embedding and table.weight.requires_grad and uses == 1 else None
