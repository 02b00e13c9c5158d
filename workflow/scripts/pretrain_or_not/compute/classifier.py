"""What models offer to the rest of the workflow."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class Classifier(Protocol):
    """A trained model. device: the name of what it computes on."""

    device: str

    def predict(self, examples) -> tuple[np.ndarray, int | None]:
        """Return class probabilities, float32 (n, classes), and the FLOPs it took, None where they are not counted.

        examples: what the family reads, `data.examples.Examples` or `data.features.Features`, of length n.
        """


class Fittable(Protocol):
    """A classifier that is fitted in one call, of a family that is no neural network.

    After `fit`: iterations, the passes over the training examples; parameters, how many numbers were fitted;
    training_flops, the operations that it took.
    """

    iterations: int
    parameters: int
    training_flops: int

    def fit(self, examples) -> Fittable:
        """Fit to labelled examples and return itself."""

    def predict(self, examples) -> np.ndarray:
        """Return class probabilities, float32 (n, classes)."""

    def save_pretrained(self, folder) -> None:
        """Write model.safetensors and config.json to a folder."""
