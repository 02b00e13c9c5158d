"""The linear probe: a logistic regression on the features of a frozen encoder."""

import numpy as np

from pretrain_or_not.compute.classifier import FittedClassifier
from pretrain_or_not.compute.logistic import LogisticClassifier


class ProbeClassifier(LogisticClassifier):
    """A logistic regression on features, each scaled to mean 0 and standard deviation 1 over the training subset."""

    family = "probe"

    def __init__(self, config):
        """config: C, class_weights, classes."""
        super().__init__(config)
        self.mean = self.scale = None

    def fit(self, examples):
        """Fit scaling and regression to Features; return self."""
        self.mean = examples.matrix.mean(axis=0, dtype=np.float64)
        deviation = examples.matrix.std(axis=0, dtype=np.float64)
        self.scale = np.where(deviation > 0, deviation, 1.0)
        self.stored_values = examples.matrix.size
        self.head.fit(self.scaled(examples), examples.labels, self.config["C"], self.config["class_weights"])
        return self

    def scaled(self, examples):
        """Return the scaled features, the input of the regression: float64 (n, width)."""
        return (examples.matrix - self.mean) / self.scale

    def predict(self, examples):
        """Return class probabilities, float32 (n, classes)."""
        return self.head.predict(self.scaled(examples))

    def arrays(self):
        """Return the arrays to save in a file, without those of the head: name -> array."""
        return {"mean": self.mean, "scale": self.scale}

    def restore(self, arrays):
        """Take over what `arrays` returned."""
        self.mean, self.scale = arrays["mean"], arrays["scale"]


def build(run, about):
    """Return an unfitted classifier for a run."""
    keys = {"C": run.value, "class_weights": run.recipe["class_weights"]}
    return ProbeClassifier(keys | {"classes": len(about["label_names"])})


def load(folder, precision):
    """Return the fitted probe in a folder. precision: has no effect."""
    return FittedClassifier(ProbeClassifier.from_folder(folder))
