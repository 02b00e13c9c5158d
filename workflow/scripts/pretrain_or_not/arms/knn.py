"""Nearest neighbours: the classes of the training texts whose frozen features point in the most similar direction."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from pretrain_or_not.compute.class_weights import class_weights
from pretrain_or_not.compute.classifier import FittedClassifier
from pretrain_or_not.job import log

SIMILARITIES = 2**25  # that are in memory at once: 128 MB


class NeighboursClassifier:
    """The votes of the `neighbours` nearest training texts by cosine similarity.

    config: neighbours, weights ("uniform", or "distance": a vote counts 1 / its cosine distance), class_weights (by
    which a vote is multiplied), classes.
    """

    iterations = 1  # the fit reads the training examples once
    parameters = training_flops = 0

    def __init__(self, config):
        self.config = config
        self.directions = self.labels = None  # float32 (n, width), int64 (n,)
        self.class_weights = None  # float32 (classes,)

    def fit(self, examples):
        """Keep the directions of labelled Features; return self."""
        self.keep(directions(examples.matrix), examples.labels)
        if len(self.labels) < self.config["neighbours"]:
            log.warning("%d neighbours are asked for, and there are %d training examples: all of them vote",
                        self.config["neighbours"], len(self.labels))  # fmt: skip
        return self

    def keep(self, directions, labels):
        """Keep training examples: directions, float32 (n, width), labels, int64 (n,)."""
        self.directions, self.labels = directions, labels
        self.class_weights = class_weights(labels, self.config["classes"], self.config["class_weights"])

    def predict(self, examples):
        """Return the share of the votes for each class, float32 (n, classes); Features are looked up in chunks."""
        k = min(self.config["neighbours"], len(self.labels))
        rows = max(1, SIMILARITIES // len(self.labels))
        shares = np.empty((len(examples), self.config["classes"]), dtype=np.float32)
        for start in range(0, len(examples), rows):
            similarity = directions(examples.matrix[start : start + rows]) @ self.directions.T
            nearest = np.argpartition(-similarity, k - 1, axis=1)[:, :k]
            shares[start : start + rows] = self.votes(np.take_along_axis(similarity, nearest, axis=1), nearest)
        return shares

    def votes(self, similarity, nearest):
        """Return the shares of the classes. similarity: cosines, nearest: positions, both (n, k)."""
        weights = self.class_weights[self.labels[nearest]]
        if self.config["weights"] == "distance":
            distance = np.maximum(1 - similarity, 1e-6)  # equal texts differ by rounding only
            weights = weights / distance
        places = np.arange(len(nearest))[:, None] * self.config["classes"] + self.labels[nearest]
        size = len(nearest) * self.config["classes"]
        shares = np.bincount(places.ravel(), weights.ravel(), size).reshape(len(nearest), -1)
        return shares / shares.sum(axis=1, keepdims=True)

    def save_pretrained(self, folder):
        """Write model.safetensors, which holds the training examples, and config.json."""
        save_file({"directions": self.directions, "labels": self.labels}, Path(folder) / "model.safetensors")
        (Path(folder) / "config.json").write_text(json.dumps({"family": "knn"} | self.config, indent=2) + "\n")

    @classmethod
    def from_folder(cls, folder):
        """Return the classifier that `save_pretrained` wrote to a folder."""
        config = json.loads((Path(folder) / "config.json").read_text())
        config.pop("family")
        model = cls(config)
        arrays = load_file(Path(folder) / "model.safetensors")
        model.keep(arrays["directions"], arrays["labels"])
        return model


def directions(matrix):
    """Return rows scaled to length 1, float32; a row of zeros stays as it is. matrix: (n, width)."""
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    return (matrix / np.where(norms > 0, norms, 1.0)).astype(np.float32)


def build(run, about):
    """Return an unfitted classifier for a run."""
    keys = {key: run.recipe[key] for key in ("weights", "class_weights")}
    keys |= {"states": about["states"]} if "states" in about else {}  # see `compute.states`
    return NeighboursClassifier({"neighbours": int(run.value)} | keys | {"classes": len(about["label_names"])})


def load(folder, precision):
    """Return the classifier in a folder. precision: has no effect."""
    return FittedClassifier(NeighboursClassifier.from_folder(folder))
