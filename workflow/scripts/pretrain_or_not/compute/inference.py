"""Forward passes over many examples, in batches of similar length."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from accelerate import Accelerator

from pretrain_or_not.compute.devices import InferenceDevice, device_facts
from pretrain_or_not.compute.flops import Work
from pretrain_or_not.data.batches import ordered_batches
from pretrain_or_not.data.examples import Examples, Takes

TOKENS_PER_BATCH = 4096


class NetworkClassifier:
    """A trained network as a `compute.classifier.Classifier`. tokens_per_batch: see `infer`."""

    tokens_per_batch: float = TOKENS_PER_BATCH

    def __init__(self, model, flops, precision, takes=None):
        """flops: its Flops. precision: that of the training run, so that a model is used as it was validated.

        takes: what the model can read, None for anything.
        """
        self.takes = takes or Takes()
        self.accelerator = InferenceDevice(precision)
        self.model, self.flops = model.to(self.accelerator.device), flops
        self.device = device_facts(self.accelerator)["device"]

    def predict(self, examples):
        """Return class probabilities, float32 (n, classes), and the FLOPs used."""
        predicted, work = infer(
            self.model, examples, self.accelerator, probabilities, tokens_per_batch=self.tokens_per_batch
        )
        return predicted, work.flops(self.flops.forward)


def tensors(batch, device):
    """Return a batch of NumPy arrays as tensors on `device`."""
    return {key: torch.from_numpy(value).to(device, non_blocking=True) for key, value in batch.items()}


@torch.inference_mode()
def infer(
    model,
    examples: Examples,
    accelerator: Accelerator | InferenceDevice,
    result: Callable,
    rows=None,
    between: Callable | None = None,
    tokens_per_batch: float = TOKENS_PER_BATCH,
) -> tuple[np.ndarray, Work]:
    """Return `result` of the model's output for all examples, in their order: float32 (n, k), and the Work done.

    model: maps input_ids and attention_mask to an output. result: (output, attention_mask) -> float tensor (batch, k).
    rows: positions of the examples to use (default: all). between: called after each batch, for example to check
    whether to stop. tokens_per_batch: the most tokens of a batch, padding included.
    """
    model.eval()
    rows = np.arange(len(examples)) if rows is None else rows
    work = Work()
    results: np.ndarray | None = None
    for places in ordered_batches(examples.lengths[rows], tokens_per_batch):
        batch = tensors(examples.padded(rows[places]), accelerator.device)
        batch.pop("labels")
        with accelerator.autocast():
            output = model(**batch)
        values = result(output, batch["attention_mask"]).float()
        if results is None:
            results = np.empty((len(rows), values.shape[1]), dtype=np.float32)
        results[places] = values.cpu().numpy()
        work.add(*batch["input_ids"].shape)
        if between:
            between()
    return np.empty((0, 0), dtype=np.float32) if results is None else results, work


def probabilities(output, attention_mask):
    """Return the class probabilities, float32 (batch, classes), of a classifier's output."""
    return output.logits.float().softmax(dim=1)
