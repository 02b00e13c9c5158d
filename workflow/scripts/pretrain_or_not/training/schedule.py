"""How the learning rate moves over a training run."""

from __future__ import annotations

import math


def multiplier(step: int, steps: int, warmup: float, schedule: str) -> float:
    """Return the factor of the learning rate at optimizer step `step` (0-based) of `steps`.

    It rises linearly over the first ``round(warmup * steps)`` steps. Then it stays (`schedule` "constant"), or falls to
    reach 0 after the last step: linearly ("linear"), as in the fine-tuning recipe of BERT (Devlin et al. 2019), or
    along half a period of a cosine ("cosine", Loshchilov and Hutter 2017, without restarts).
    """
    rising = round(warmup * steps)
    if step < rising:
        return (step + 1) / (rising + 1)
    if schedule == "constant":
        return 1.0
    left = (steps - step) / max(1, steps - rising)
    return left if schedule == "linear" else (1 - math.cos(math.pi * left)) / 2


def batches_per_epoch(examples, batch_size):
    """Return the optimizer steps of one pass over `examples`; the last batch may be smaller."""
    return -(-examples // batch_size)


def planned_steps(examples, batch_size, epochs, min_steps):
    """Return the optimizer steps of a run: at least `min_steps`, and `epochs` (may be fractional) over `examples`."""
    return max(1, min_steps, round(epochs * batches_per_epoch(examples, batch_size)))


def validation_steps(steps, validations):
    """Return the steps (1-based) after which a run is validated: evenly spaced, with the last step."""
    k = min(validations, steps)
    return sorted({round(steps * (i + 1) / k) for i in range(k)})
