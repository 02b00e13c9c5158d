"""Measure validation accuracy during training."""

import numpy as np
import torch

from pretrain_or_not.compute.inference import infer, probabilities


def validation_accuracy(model, examples, accelerator, between=None):
    """Return the share of `examples` that the model gets right; the processes of a run share the work."""
    share = np.arange(accelerator.process_index, len(examples), accelerator.num_processes)
    right = torch.zeros((), dtype=torch.int64, device=accelerator.device)
    if len(share):
        predicted, _ = infer(model, examples, accelerator, probabilities, share, between)
        right += int((predicted.argmax(axis=1) == examples.labels[share]).sum())
    return int(accelerator.reduce(right, "sum")) / len(examples)
