"""A bag of words: the mean of token embeddings that are trained, below one linear layer."""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from pretrain_or_not.arms import Network
from pretrain_or_not.compute.classifier import Output
from pretrain_or_not.compute.dropout import Dropout
from pretrain_or_not.compute.flops import Flops
from pretrain_or_not.compute.inference import NetworkClassifier


class BagClassifier(nn.Module):
    """fastText's classifier (Joulin et al. 2017) over tokens: their order does not matter.

    config: vocabulary, padding_id, embedding_size, dropout (a probability, on embeddings and before the linear layer),
    classes; everything to build it again (see `from_folder`).
    """

    def __init__(self, config):
        super().__init__()
        self.config = config
        width = config["embedding_size"]
        self.embedding = nn.Embedding(config["vocabulary"], width, config["padding_id"])
        # As fastText begins: all texts are near each other, and no class is favoured.
        nn.init.uniform_(self.embedding.weight, -1 / width, 1 / width)
        self.dropout = Dropout(config["dropout"])
        self.classifier = nn.Linear(width, config["classes"])
        nn.init.zeros_(self.classifier.weight)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, input_ids, attention_mask):
        """Return an Output with logits (batch, classes). input_ids, attention_mask: (batch, time)."""
        x = self.dropout(self.embedding(input_ids))
        weights = attention_mask.to(x.dtype)
        mean = torch.bmm(weights.unsqueeze(1), x).squeeze(1) / weights.sum(dim=1, keepdim=True)
        return Output(self.classifier(self.dropout(mean)))

    def get_input_embeddings(self):
        """Return the table of token embeddings, as in transformers' models."""
        return self.embedding

    def flops(self):
        """Return the Flops of the model; see `compute.flops`.

        Of a token, its embedding is multiplied by its weight and added: two operations per number, and two for its
        gradient. The linear layer needs its products, and twice as many for the gradients of its weights and input.
        """
        token = 2 * self.config["embedding_size"]
        example = 2 * self.classifier.weight.numel()
        return Flops(forward=(example, token, 0), training=(3 * example, 2 * token, 0))

    def save_pretrained(self, folder):
        """Write model.safetensors and config.json."""
        save_file({name: w.contiguous() for name, w in self.state_dict().items()}, Path(folder) / "model.safetensors")
        (Path(folder) / "config.json").write_text(json.dumps({"family": "bag"} | self.config, indent=2) + "\n")

    @classmethod
    def from_folder(cls, folder):
        """Return the model that `save_pretrained` wrote to a folder."""
        config = json.loads((Path(folder) / "config.json").read_text())
        config.pop("family")
        model = cls(config)
        model.load_state_dict(load_file(Path(folder) / "model.safetensors"))
        return model


def build_bag(recipe, about):
    """Return a new BagClassifier. about: metadata of its tokens."""
    config = {
        "vocabulary": about["vocabulary"],
        "padding_id": about["padding_id"],
        "embedding_size": recipe["embedding_size"],
        "dropout": recipe["dropout"],
        "classes": len(about["label_names"]),
    }
    return BagClassifier(config)


def build(run, about):
    """Return a new bag of words for a run, a `Network`."""
    model = build_bag(run.recipe, about)
    return Network(model, model.flops(), [model.embedding.weight])


def load(folder, precision):
    """Return the trained bag of words in a folder."""
    model = BagClassifier.from_folder(folder)
    return NetworkClassifier(model, model.flops(), precision)
