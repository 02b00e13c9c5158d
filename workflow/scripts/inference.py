"""Forward passes over many examples, in batches of similar length."""

import numpy as np
import torch

from batches import ordered_batches
from flops import Work

TOKENS_PER_BATCH = 4096


def tensors(batch, device):
    """A batch of NumPy arrays as tensors on `device`."""
    return {key: torch.from_numpy(value).to(device, non_blocking=True) for key, value in batch.items()}


@torch.inference_mode()
def infer(model, examples, accelerator, result, rows=None, between=None):
    """What `result` makes of the model's output, for all examples in their order.

    model: maps input_ids and attention_mask to an output. result: (output, attention_mask) -> float tensor (batch, k).
    rows: positions of the examples wanted (default all). between: called after each batch, for instance to be told to
    stop. Returns (float32 array (n, k), Work).
    """
    model.eval()
    rows = np.arange(len(examples)) if rows is None else rows
    results, work = None, Work()
    for places in ordered_batches(examples.lengths[rows], TOKENS_PER_BATCH):
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
    return results, work


def probabilities(output, attention_mask):
    """Class probabilities (batch, classes) of a classifier's output."""
    return output.logits.float().softmax(dim=1)
