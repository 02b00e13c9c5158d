"""The linear probe: a logistic regression on the features of a frozen encoder."""

import json
from pathlib import Path

from pretrain_or_not.compute.classifier import FittedClassifier
from pretrain_or_not.compute.logistic import ScaledLogisticClassifier
from pretrain_or_not.compute.weighted_layers import WeightedLayersClassifier


class ProbeClassifier(ScaledLogisticClassifier):
    """A logistic regression on scaled features. config: C, class_weights, classes; `states` if not the usual ones."""

    family = "probe"

    def features(self, examples):
        """Return the features of `data.features.Features`, float32 (n, width)."""
        return examples.matrix


def build(run, about):
    """Return an unfitted classifier for a run."""
    keys = {"C": run.value, "class_weights": run.recipe["class_weights"]}
    keys |= {"classes": len(about["label_names"])}
    keys |= {"states": about["states"]} if "states" in about else {}  # see `compute.states`
    if run.recipe.get("layers") == "weighted":
        return WeightedLayersClassifier(keys | {"layers": about["layers"]})
    return ProbeClassifier(keys)


def load(folder, precision):
    """Return the fitted probe in a folder. precision: has no effect."""
    weighted = "layers" in json.loads((Path(folder) / "config.json").read_text())
    return FittedClassifier((WeightedLayersClassifier if weighted else ProbeClassifier).from_folder(folder))
