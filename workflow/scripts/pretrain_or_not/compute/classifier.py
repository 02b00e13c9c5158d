"""The interfaces of models: what the other parts of the workflow may call."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np

from pretrain_or_not.data.examples import Takes


class Output(NamedTuple):
    """The output of the project's own networks; it has `logits`, a tensor, like an output of transformers."""

    logits: Any


class Classifier(Protocol):
    """A trained model. device: the name of the device that it computes on. takes: what it can read of tokens.

    One that cuts texts itself also has `truncated`, how many texts the last `predict` has cut.
    """

    device: str
    takes: Takes

    def predict(self, examples) -> tuple[np.ndarray, int | None]:
        """Return class probabilities, float32 (n, classes), and the FLOPs used, None if they are not counted.

        examples: of length n, as the family reads: `data.examples.Examples` (tokens), `data.texts.Texts` or
        `data.features.Features`.
        """


class Fittable(Protocol):
    """A classifier that is not a neural network and is fitted in one call.

    After `fit`: iterations, the number of passes over the training examples; parameters, the number of fitted numbers;
    training_flops, the operations used. If the fit is iterative, converged: whether it ended by itself. It may also
    have `facts`, a dict of entries of run.json that are otherwise than those of a model that is fitted on the CPU and
    has no other numbers.
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


class FittedClassifier:
    """A fitted `Fittable` as a `Classifier`; it computes on the CPU."""

    device = "cpu"
    takes = Takes()

    def __init__(self, model: Fittable):
        self.model = model

    def predict(self, examples) -> tuple[np.ndarray, None]:
        """Return class probabilities, float32 (n, classes), and None: the FLOPs are not counted."""
        return self.model.predict(examples), None
