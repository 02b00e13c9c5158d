"""The linear probe: a logistic regression on the features of a frozen encoder."""

from pretrain_or_not.compute.classifier import FittedClassifier
from pretrain_or_not.compute.logistic import ScaledLogisticClassifier


class ProbeClassifier(ScaledLogisticClassifier):
    """A logistic regression on scaled features. config: C, class_weights, classes."""

    family = "probe"

    def features(self, examples):
        """Return the features of `data.features.Features`, float32 (n, width)."""
        return examples.matrix


def build(run, about):
    """Return an unfitted classifier for a run."""
    keys = {"C": run.value, "class_weights": run.recipe["class_weights"]}
    return ProbeClassifier(keys | {"classes": len(about["label_names"])})


def load(folder, precision):
    """Return the fitted probe in a folder. precision: has no effect."""
    return FittedClassifier(ProbeClassifier.from_folder(folder))
