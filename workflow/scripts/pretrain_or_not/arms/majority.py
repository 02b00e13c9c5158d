"""The most frequent class: what any classifier should beat."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from pretrain_or_not.compute.classifier import FittedClassifier


class MajorityClassifier:
    """The shares of the classes in the training subset, as the probabilities of every text. config: classes."""

    iterations = 1  # the fit reads the training examples once
    training_flops = 0

    def __init__(self, config):
        self.config = config
        self.shares = np.zeros(config["classes"], dtype=np.float32)

    @property
    def parameters(self):
        """Return the number of shares that were counted."""
        return int((self.shares > 0).sum())

    def fit(self, examples):
        """Count the classes of labelled examples; return self."""
        counts = np.bincount(examples.labels, minlength=self.config["classes"])
        self.shares = (counts / counts.sum()).astype(np.float32)
        return self

    def predict(self, examples):
        """Return class probabilities, float32 (n, classes). Of classes that are equally frequent, the first wins."""
        return np.tile(self.shares, (len(examples), 1))

    def save_pretrained(self, folder):
        """Write model.safetensors and config.json."""
        save_file({"shares": self.shares}, Path(folder) / "model.safetensors")
        (Path(folder) / "config.json").write_text(json.dumps({"family": "majority"} | self.config, indent=2) + "\n")

    @classmethod
    def from_folder(cls, folder):
        """Return the classifier that `save_pretrained` wrote to a folder."""
        config = json.loads((Path(folder) / "config.json").read_text())
        config.pop("family")
        model = cls(config)
        model.shares = load_file(Path(folder) / "model.safetensors")["shares"]
        return model


def build(run, about):
    """Return an unfitted classifier for a run."""
    return MajorityClassifier({"classes": len(about["label_names"])})


def load(folder, precision):
    """Return the classifier in a folder. precision: has no effect."""
    return FittedClassifier(MajorityClassifier.from_folder(folder))
