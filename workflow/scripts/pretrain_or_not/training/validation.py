"""Measure validation accuracy during training."""

import numpy as np
import torch

from pretrain_or_not.compute.hits import NO_CLASS, predicted_classes
from pretrain_or_not.compute.inference import infer, probabilities


def validation_accuracy(model, examples, accelerator, between=None):
    """Return the share of `examples` that the model gets right, or None if one of its predictions is not finite.

    The processes of a run share the work.
    """
    share = np.arange(accelerator.process_index, len(examples), accelerator.num_processes)
    counts = torch.zeros(2, dtype=torch.int64, device=accelerator.device)  # right ones, and those that are not finite
    if len(share):
        predicted = predicted_classes(infer(model, examples, accelerator, probabilities, share, between)[0])
        counts[0], counts[1] = int((predicted == examples.labels[share]).sum()), int((predicted == NO_CLASS).sum())
    right, not_finite = accelerator.reduce(counts, "sum").tolist()
    return None if not_finite else right / len(examples)
