"""Modulate a frozen transformer by a pool of vectors, of which each text selects its own (L2M, Schmied et al. 2023)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.functional import cosine_similarity, embedding

from pretrain_or_not.files.json_files import read_json, write_json
from pretrain_or_not.files.paths import MODEL_FILES, PathLike

L2M = "l2m"  # kind of the adapter, and the key of config.json that holds its settings

OWN = f"{L2M}-"  # before the model_type in config.json: transformers alone would leave the pool out without an error


class Pool(nn.Module):
    """Sets of (IA)³ vectors for the layers of an encoder, with one key per set.

    The query of a text is the mean of the embeddings of its tokens, which are frozen. The text gets the set whose key
    has the largest cosine with the query. In training, (1 + cosine) / (1 + share) decides, so that no set takes all
    texts: the share is that of the texts before this batch that got the set. `count_penalty` of the original (l2p.py of
    ml-jku/L2M) also takes shares, and 1 + cosine, as a penalty would make a negative cosine larger; it divides by the
    share itself, and only that of the tasks before this one, of which there are none here.

    There is a parameter per set: one that no text of a batch selects has no gradient at all, so that neither momentum
    nor decay of AdamW changes it.
    """

    counts: torch.Tensor  # of texts that got each set in training, float32 (sets,)

    def __init__(self, scaled: list[tuple[nn.Linear, bool]], width: int, pool: int, pull: float):
        """Let the pool scale some modules.

        scaled: linear layers, and whether the input of each is scaled, rather than the output. width: of a query. pool:
        number of sets. pull: weight of the mean cosine of query and key, which is subtracted from the loss.
        """
        super().__init__()
        self.pull, self.mask = pull, None
        self.sizes = [module.in_features if inputs else module.out_features for module, inputs in scaled]
        self.vectors = nn.ParameterList([torch.ones(sum(self.sizes)) for _ in range(pool)])
        self.keys = nn.ParameterList([torch.empty(width).uniform_(-1, 1) for _ in range(pool)])
        self.register_buffer("counts", torch.zeros(pool))
        self.scales: tuple = ()  # of the texts of the batch, a tensor (texts, size) for each module
        for i, (module, inputs) in enumerate(scaled):
            if inputs:
                module.register_forward_pre_hook(partial(self.scale_input, i))
            else:
                module.register_forward_hook(partial(self.scale_output, i))

    def note_mask(self, _encoder, given, named):
        """Keep the attention mask of a batch for `select`."""
        self.mask = named.get("attention_mask", given[1] if len(given) > 1 else None)

    def select(self, _module, _inputs, states):
        """Choose the scales of a batch. states: the embeddings of its tokens, (texts, time, width)."""
        mask = torch.ones_like(states[..., :1]) if self.mask is None else self.mask.unsqueeze(-1)
        query = (states.float() * mask).sum(dim=1) / mask.sum(dim=1)
        chosen = self.choose(query)
        vectors = rows_of(self.vectors, chosen)
        if self.training and torch.is_grad_enabled():
            match = cosine_similarity(query, rows_of(self.keys, chosen), dim=1).mean()
            vectors = WithLoss.apply(vectors, -self.pull * match)
        self.scales = vectors.split(self.sizes, dim=1)

    @torch.no_grad()
    def choose(self, query: torch.Tensor) -> torch.Tensor:
        """Return the sets that texts get, int64 (texts,); in training, count them. query: float32 (texts, width)."""
        likeness = cosine_similarity(query.unsqueeze(1), torch.stack([*self.keys]), dim=2)
        if not self.training:
            return likeness.argmax(dim=1)
        share = self.counts / self.counts.sum().clamp(min=1)
        chosen = ((1 + likeness) / (1 + share)).argmax(dim=1)
        self.counts += torch.bincount(chosen, minlength=len(self.counts))
        return chosen

    def scale_output(self, i, _module, _inputs, output):
        """Return what a module has computed, scaled: (texts, time, size)."""
        return output * self.scales[i].unsqueeze(1).to(output.dtype)

    def scale_input(self, i, _module, inputs):
        """Return what a module is given, scaled: (texts, time, size)."""
        return (inputs[0] * self.scales[i].unsqueeze(1).to(inputs[0].dtype), *inputs[1:])


class WithLoss(torch.autograd.Function):
    """Vectors as they are, with a loss whose gradient is added wherever that of the vectors is asked for."""

    @staticmethod
    def forward(ctx, vectors, loss):
        """Return the vectors."""
        return vectors.view_as(vectors)

    @staticmethod
    def backward(ctx, gradient):
        """Return the gradient of the vectors, and that of the loss, 1."""
        return gradient, gradient.new_ones(())


def rows_of(parameters: nn.ParameterList, chosen: torch.Tensor) -> torch.Tensor:
    """Return one parameter per text, (texts, size); those that none chooses get no gradient. chosen: int64 (texts,)."""
    if not torch.is_grad_enabled():  # without a look at `chosen`, so that a graph can be written
        return embedding(chosen, torch.stack([*parameters]))
    # Indexing would add up gradients of texts in an order that is another one each time, with several threads.
    used, places = chosen.unique(return_inverse=True)
    return embedding(places, torch.stack([parameters[i] for i in used.tolist()]))


def modulated(model: Any, adapter: dict, outputs: str, inputs: str, trained: Sequence[str]) -> nn.Module:
    """Freeze the encoder of a classifier, give it a pool, and return the classifier.

    With its first vectors, which are ones, it computes what it did before. adapter: `pool` and `pull`, see `Pool`.
    outputs, inputs: patterns of the names of modules whose outputs, or inputs, are scaled. trained: names of modules
    that are not frozen, as they are new.
    """
    encoder = model.base_model.requires_grad_(False)
    scaled: list = [
        (module, bool(re.fullmatch(inputs, name)))
        for name, module in model.named_modules()
        if re.fullmatch(f"{outputs}|{inputs}", name)
    ]
    settings = {key: adapter[key] for key in ("pool", "pull")}
    for name in trained:
        model.get_submodule(name).requires_grad_()
    embedded = encoder.embeddings.LayerNorm  # before dropout, so that a text has one query only
    encoder.modulations = pool = Pool(scaled, embedded.normalized_shape[0], **settings)
    encoder.register_forward_pre_hook(pool.note_mask, with_kwargs=True)
    embedded.register_forward_hook(pool.select)
    setattr(model.config, L2M, settings)
    model.save_pretrained = partial(save, model)
    return model


def save(model: Any, folder: PathLike) -> None:
    """Write a modulated classifier to a folder, which transformers alone refuses to load."""
    type(model).save_pretrained(model, folder)
    path = Path(folder) / MODEL_FILES[1]
    settings = read_json(path)
    write_json(path, settings | {"model_type": OWN + settings["model_type"]})
