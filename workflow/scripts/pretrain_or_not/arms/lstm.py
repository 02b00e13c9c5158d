"""The classifier from scratch: bidirectional LSTM layers, max-pooled over time, one linear layer."""

import json
import os
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from pretrain_or_not.arms import Network
from pretrain_or_not.compute.classifier import Output
from pretrain_or_not.compute.dropout import Dropout
from pretrain_or_not.compute.embeddings import check_rows, read_embeddings, read_shared_embeddings, shared_embeddings
from pretrain_or_not.compute.flops import Flops
from pretrain_or_not.compute.inference import NetworkClassifier
from pretrain_or_not.compute.time_axis import masked_max, reversal, reverse
from pretrain_or_not.files.provenance import sha256_of

EMBEDDING = "embedding.weight"  # the name of the embedding table in the weights


class BidirectionalLayer(nn.Module):
    """One bidirectional LSTM layer that runs on dense padded batches; padding never affects the state of a token.

    The backward direction runs forward over each example reversed within its own length, so padding comes last in both
    directions. The result equals that of packed sequences, without their cost (about 4 times on CPU), and does not
    depend on the other examples of the batch.
    """

    def __init__(self, inputs, hidden):
        super().__init__()
        self.forwards = nn.LSTM(inputs, hidden, batch_first=True)
        self.backwards = nn.LSTM(inputs, hidden, batch_first=True)

    def forward(self, x, positions):
        """Return the states, (batch, time, 2 hidden). x: (batch, time, inputs). positions: its `reversal`."""
        ahead = states(self.forwards, x)
        back = states(self.backwards, reverse(x, positions))
        return torch.cat([ahead, reverse(back, positions)], dim=-1)


def states(lstm, x):
    """Return the states of an LSTM, (batch, time, hidden). x: (batch, time, inputs)."""
    if not x.is_cuda:
        return lstm(x)[0]
    # Under autocast of any type, torch makes cuDNN compute in fp16 (AutocastRNN.cpp), where small gradients vanish.
    with torch.autocast("cuda", enabled=False):
        return lstm(x.float())[0]


class LSTMClassifier(nn.Module):
    """An LSTM that maps token ids to class logits; `config` holds everything to build it again (see `from_folder`).

    config: vocabulary, padding_id, embedding_size, layers, hidden, dropout (a probability, on embeddings, between
    layers and before the linear layer), classes. With frozen embeddings, also `embeddings`: the `path` of their file,
    relative to the folder in which the model is saved, and its `sha256`. Many models share that file.
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
        """Return an Output with logits (batch, classes).

        input_ids, attention_mask: (batch, time), padding on the right.
        """
        positions = reversal(attention_mask)
        x = self.embedding(input_ids)
        for layer in self.layers:
            x = layer(self.dropout(x), positions)
        return Output(self.classifier(self.dropout(masked_max(x, attention_mask))))

    def get_input_embeddings(self):
        """Return the table of token embeddings, as in transformers' models."""
        return self.embedding

    def flops(self):
        """Return the Flops of the model; see `compute.flops`.

        Each unit of a direction's state needs eight operations per number in its input. The backward pass needs twice
        as many as the forward pass, minus the gradient of embeddings that are frozen.
        """
        hidden, inputs = self.config["hidden"], [layer.forwards.input_size for layer in self.layers]
        token = sum(2 * 8 * hidden * (width + hidden) for width in inputs)
        example = 2 * self.classifier.weight.numel()
        spared = 0 if self.embedding.weight.requires_grad else 2 * 8 * hidden * inputs[0]
        return Flops(forward=(example, token, 0), training=(3 * example, 3 * token - spared, 0))

    def save_pretrained(self, folder):
        """Write model.safetensors and config.json."""
        weights = {name: tensor.contiguous() for name, tensor in self.state_dict().items()}
        if "embeddings" in self.config:
            del weights[EMBEDDING]
        save_file(weights, Path(folder) / "model.safetensors")
        (Path(folder) / "config.json").write_text(json.dumps({"family": "lstm"} | self.config, indent=2) + "\n")

    @classmethod
    def from_folder(cls, folder):
        """Return the model that `save_pretrained` wrote to a folder.

        Raises BadInput if its shared embeddings are missing or changed.
        """
        config = json.loads((Path(folder) / "config.json").read_text())
        config.pop("family")
        weights = load_file(Path(folder) / "model.safetensors")
        if frozen := config.get("embeddings"):
            weights[EMBEDDING] = read_shared_embeddings(shared_embeddings(folder, frozen), frozen["sha256"])
        model = cls(config, freeze_embeddings=frozen is not None)
        model.load_state_dict(weights)
        return model


def build_lstm(recipe, about, embeddings=None):
    """Return a new LSTMClassifier.

    about: metadata of its tokens. embeddings: tensor (rows, width) to start from, or None; BadInput is raised if they
    do not cover the vocabulary.
    """
    if embeddings is not None:
        check_rows(embeddings, about)
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


def build(run, about):
    """Return a new LSTM for a run, a `Network`."""
    embeddings = read_embeddings(run.inputs["embeddings"]) if run.recipe["embeddings"] else None
    model = build_lstm(run.recipe, about, embeddings)
    if embeddings is not None and run.recipe["freeze_embeddings"]:
        path = Path(run.inputs["embeddings"])
        relative = os.path.relpath(path, Path(run.outputs["model"]).parent)
        model.config["embeddings"] = {"path": relative, "sha256": sha256_of(path)}
    return Network(model, model.flops(), [model.embedding.weight])


def load(folder, precision):
    """Return the trained LSTM in a folder."""
    model = LSTMClassifier.from_folder(folder)
    return NetworkClassifier(model, model.flops(), precision)
