"""Train only the rows of an embedding table that a run looks up.

Plain AdamW walks over the whole table at every step, though most words of a vocabulary occur in no text of a small
training subset. Their rows never have a gradient: Adam leaves them alone, and weight decay scales all of them by the
same factor (Loshchilov and Hutter 2019, algorithm 2). So they are taken out of the model during training, and scaled
once at the end.
Rows that only validation looks up are trained with the others: plain AdamW does the right thing for them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from pretrain_or_not.data.examples import Examples


def keep_used_rows(model, examples: list[Examples], device: torch.device) -> Callable:
    """Take the rows that `examples` never look up out of the token embeddings of `model`; it still reads the same ids.

    examples: list of Examples, all that the model reads until the rows are back. device: what the model computes on.
    Returns a function that puts the rows back. It is called with the factor by which weight decay has scaled them.
    """
    table = own_table(model)
    if table is None:
        return lambda factor: None
    full, padding = table.weight, table.padding_idx
    filled = {e.about["padding_id"] for e in examples} | ({padding} - {None})
    used = np.unique(np.concatenate([*(np.unique(e.tokens) for e in examples), list(filled)])).astype(np.int64)
    places = torch.full((len(full),), len(used))  # of rows that are out: one that is an error to look up
    places[used] = torch.arange(len(used))
    table.weight = torch.nn.Parameter(full.detach()[used])
    table.padding_idx = None if padding is None else int(places[padding])
    places = places.to(device)
    hook = table.register_forward_pre_hook(lambda _, inputs: (places[inputs[0]],))

    def put_back(factor):
        trained = table.weight.detach()
        full.data.mul_(factor)[used] = trained.to(full.device)
        full.data = full.data.to(trained.device)
        table.weight, table.padding_idx = full, padding
        hook.remove()

    return put_back


def own_table(model) -> torch.nn.Embedding | None:
    """Return the embedding table of the tokens; None unless it is trained and `model` uses its weight nowhere else."""
    table = model.get_input_embeddings()
    uses = sum(p is table.weight for _, p in model.named_parameters(remove_duplicate=False))
    return table if type(table) is torch.nn.Embedding and table.weight.requires_grad and uses == 1 else None
