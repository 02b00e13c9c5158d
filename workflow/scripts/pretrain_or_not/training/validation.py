"""Measure a network on the validation data during training."""

from __future__ import annotations

import numpy as np
import torch

from pretrain_or_not.compute.inference import infer, probabilities
from pretrain_or_not.compute.metrics import Measure
from pretrain_or_not.compute.temperature import fit_temperature


def validation_score(model, examples, accelerator, measure: Measure, between=None) -> tuple[float | None, float | None]:
    """Return the score on `examples` and the temperature that calibrates the model on them.

    Both are None if a prediction is not finite. between: see `infer`.
    """
    predicted = validation_probabilities(model, examples, accelerator, between)
    return measure.score(examples.labels, predicted), fit_temperature(examples.labels, predicted)


def validation_probabilities(model, examples, accelerator, between=None) -> np.ndarray:
    """Return the class probabilities of all `examples`, float32 (n, classes), in every process of a run.

    The processes share the work. between: see `infer`.
    """
    share = np.arange(accelerator.process_index, len(examples), accelerator.num_processes)
    rows = torch.zeros(len(examples), len(examples.about["label_names"]), device=accelerator.device)
    if len(share):
        predicted = infer(model, examples, accelerator, probabilities, share, between)[0]
        rows[torch.from_numpy(share)] = torch.from_numpy(predicted).to(accelerator.device)
    return accelerator.reduce(rows, "sum").cpu().numpy()
