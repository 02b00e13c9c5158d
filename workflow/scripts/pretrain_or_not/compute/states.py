"""Features of a frozen encoder from the states of any of its layers, pooled over the tokens of a text."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import torch

from pretrain_or_not.compute.devices import InferenceDevice
from pretrain_or_not.compute.extract_features import (
    ABOUT_TOKENS,
    BLOCK,
    FrozenEncoder,
    all_rows,
    read_column,
)
from pretrain_or_not.compute.pooling import mean_pooled
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.parquet import read_metadata, table_writer
from pretrain_or_not.files.provenance import versions
from pretrain_or_not.job import log

PART = 10 * BLOCK  # rows that are in memory at once, each with the states of all layers

ALL = "all"  # layers: the states of every layer, one after another


class StatesEncoder(FrozenEncoder):
    """A frozen encoder whose features are pooled states of one layer, of all of them, or their mean over layers.

    Layer 0 are the embeddings, layer 1 is the first one. states: ``LAYERS-POOLING``, of "last", "mean", "all" or a
    number, and of "mean", "cls" (the first token) or "max". layers: number of states of a token. The states of all
    layers are rounded to float16, as they are stored.
    """

    def __init__(self, states, pretrained, name, tokens, accelerator):
        """states: see above, the others: see `FrozenEncoder`. Raises BadInput for a layer that there is not, too."""
        super().__init__(pretrained, name, tokens, accelerator)
        which, self.pooling = states.split("-")
        self.which = int(which) if which.isdecimal() else which
        self.layers = self.model.config.num_hidden_layers + 1
        if isinstance(self.which, int) and self.which >= self.layers:
            raise BadInput(no_such_layer(name, self.which, self.layers - 1))
        self.model.config.output_hidden_states = self.which != "last"
        if self.which == ALL:
            self.width, self.dtype = self.width * self.layers, np.float16

    def pooled(self, output, attention_mask):
        """Return the features of a batch, float32 (batch, width). output: of the model."""
        if self.which == "last":
            return pool(output.last_hidden_state, attention_mask, self.pooling)
        states = output.hidden_states
        states = states if isinstance(self.which, str) else [states[self.which]]
        vectors = [pool(state, attention_mask, self.pooling) for state in states]
        return torch.stack(vectors).mean(dim=0) if self.which == "mean" else torch.cat(vectors, dim=1)


def pool(states, attention_mask, pooling):
    """Return the pooled states of each example, float32 (batch, width). states: (batch, time, width)."""
    if pooling == "cls":
        return states[:, 0].float()
    if pooling == "max":
        return states.float().masked_fill(attention_mask.unsqueeze(-1) == 0, -torch.inf).amax(dim=1)
    return mean_pooled(SimpleNamespace(last_hidden_state=states), attention_mask)


def no_such_layer(model: str, layer: int, layers: int) -> str:
    """Return the message about a layer that a model does not have. layers: how many it has."""
    return (
        f"model {model}: it has {layers} layers, so `layers: {layer}` names none; give 0 (the embeddings) to {layers}"
    )


def extract_states(tokens, max_length, states, subsets, pretrained, name, threads, output):
    """Write the states of one split: columns row, id, label and features, as `extract_features` does.

    tokens: path. subsets: paths of the training subsets whose rows are encoded; all rows without one. states: see
    `StatesEncoder`. The other arguments: see `extract_features`. The metadata also hold `states` and `layers`.
    """
    torch.set_num_threads(threads)
    about_tokens = read_metadata(tokens) | {"max_length": max_length}
    encoder = StatesEncoder(states, pretrained, name, about_tokens, InferenceDevice("auto"))
    rows = all_rows(tokens)
    if subsets:
        used = np.unique(np.concatenate([read_column(subset, "row") // BLOCK for subset in subsets]))
        rows = rows[np.isin(rows // BLOCK, used)]
    about = {key: encoder.tokens[key] for key in ABOUT_TOKENS} | {"encoder": name, "states": states}
    about |= {"layers": encoder.layers, "versions": versions("torch", "transformers")}
    parts = (encoder.encode(tokens, rows[start : start + PART]) for start in range(0, len(rows), PART))
    first = next(parts)
    later: dict = {}
    with table_writer(output, first.schema, later, **about) as writer:
        writer.write_table(first)
        for part in parts:
            writer.write_table(part)
        later |= {"inference": encoder.cost | encoder.facts, "truncated": encoder.truncated}
    speed = len(rows) / encoder.cost["seconds"]
    log.info("%s: %d texts, %d features each, %.0f texts/s", encoder.tokens["split"], len(rows), encoder.width, speed)
