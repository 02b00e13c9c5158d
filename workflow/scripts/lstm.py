"""The from-scratch classifier: bidirectional LSTM layers, max-pooled over time, one linear layer."""

import json
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from dropout import Dropout
from flops import Flops
from stage import BadInput
from time_axis import masked_max, reversal, reverse


class Output(NamedTuple):
    """What the classifiers here return; transformers' output has `logits` too."""

    logits: torch.Tensor


class BidirectionalLayer(nn.Module):
    """One bidirectional LSTM layer that runs dense on padded batches, yet never lets padding reach a token.

    The backward direction runs forward over each example reversed within its own length, so padding comes last for
    both directions. The result equals packed sequences, without their cost (about 4 times on CPU), and does not depend
    on what else is in the batch.
    """

    def __init__(self, inputs, hidden):
        super().__init__()
        self.forwards = nn.LSTM(inputs, hidden, batch_first=True)
        self.backwards = nn.LSTM(inputs, hidden, batch_first=True)

    def forward(self, x, positions):
        """x: (batch, time, inputs); positions: the `reversal` of its examples. (batch, time, 2 hidden)"""
        ahead = states(self.forwards, x)
        back = states(self.backwards, reverse(x, positions))
        return torch.cat([ahead, reverse(back, positions)], dim=-1)


def states(lstm, x):
    """The states of an LSTM on x, (batch, time, inputs): (batch, time, hidden)."""
    if not x.is_cuda:
        return lstm(x)[0]
    # Under autocast of any type, torch has cuDNN compute in fp16 (AutocastRNN.cpp), where small gradients vanish.
    with torch.autocast("cuda", enabled=False):
        return lstm(x.float())[0]


class LSTMClassifier(nn.Module):
    """Token ids to class logits; `config` holds everything needed to build it again (see `from_folder`).

    config: vocabulary, padding_id, embedding_size, layers, hidden, dropout (a probability, on embeddings, between
    layers and before the linear layer), classes.
    """

    def __init__(self, config, embeddings=None, freeze_embeddings=False):
        """embeddings: optional (vocabulary, embedding_size) tensor to start from; frozen if `freeze_embeddings`."""
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config["vocabulary"], config["embedding_size"], config["padding_id"])
        if embeddings is not None:
            self.embedding.weight.data.copy_(embeddings)
        self.embedding.weight.requires_grad_(not freeze_embeddings)
        widths = [config["embedding_size"]] + [2 * config["hidden"]] * config["layers"]
        self.layers = nn.ModuleList(BidirectionalLayer(width, config["hidden"]) for width in widths[:-1])
        self.dropout = Dropout(config["dropout"])
        self.classifier = nn.Linear(widths[-1], config["classes"])

    def forward(self, input_ids, attention_mask):
        """input_ids, attention_mask: (batch, time), padding on the right. Output.logits: (batch, classes)."""
        positions = reversal(attention_mask)
        x = self.embedding(input_ids)
        for layer in self.layers:
            x = layer(self.dropout(x), positions)
        return Output(self.classifier(self.dropout(masked_max(x, attention_mask))))

    def get_input_embeddings(self):
        """The table of token embeddings, as of transformers' models."""
        return self.embedding

    def flops(self):
        """Operations of the forward pass, and of forward and backward: see `flops`.

        Eight products a unit of a direction's state for each number that it sees; backward takes twice as many, less
        the gradient of embeddings that are frozen.
        """
        hidden, inputs = self.config["hidden"], [layer.forwards.input_size for layer in self.layers]
        token = sum(2 * 8 * hidden * (width + hidden) for width in inputs)
        example = 2 * self.classifier.weight.numel()
        spared = 0 if self.embedding.weight.requires_grad else 2 * 8 * hidden * inputs[0]
        return Flops(forward=(example, token, 0), training=(3 * example, 3 * token - spared, 0))

    def save_pretrained(self, folder):
        """Write model.safetensors and config.json."""
        save_file({k: v.contiguous() for k, v in self.state_dict().items()}, Path(folder) / "model.safetensors")
        (Path(folder) / "config.json").write_text(json.dumps({"family": "lstm"} | self.config, indent=2) + "\n")

    @classmethod
    def from_folder(cls, folder):
        """The model that `save_pretrained` wrote."""
        config = json.loads((Path(folder) / "config.json").read_text())
        config.pop("family")
        model = cls(config)
        model.load_state_dict(load_file(Path(folder) / "model.safetensors"))
        return model


def read_embeddings(path):
    """The (rows, width) tensor that extract_embeddings.py wrote; BadInput where the file is broken."""
    try:
        with safe_open(path, framework="pt") as file:
            return file.get_tensor("embeddings")
    except SafetensorError as error:
        raise BadInput(f"{path}: not a whole safetensors file ({error}); delete it and run again") from error


def build_lstm(recipe, about, embeddings=None):
    """A fresh LSTMClassifier for tokens described by `about` (token metadata); embeddings: (rows, width) or None."""
    if embeddings is not None and len(embeddings) < about["vocabulary"]:
        there, needed = len(embeddings), about["vocabulary"]
        raise BadInput(f"models: {about['tokenizer']}: {there} token embeddings for a vocabulary of {needed}")
    config = {
        "vocabulary": about["vocabulary"] if embeddings is None else len(embeddings),
        "padding_id": about["padding_id"],
        "embedding_size": recipe["embedding_size"] if embeddings is None else embeddings.shape[1],
        "layers": recipe["layers"],
        "hidden": recipe["hidden"],
        "dropout": recipe["dropout"],
        "classes": len(about["label_names"]),
    }
    return LSTMClassifier(config, embeddings, freeze_embeddings=recipe["freeze_embeddings"] and embeddings is not None)
