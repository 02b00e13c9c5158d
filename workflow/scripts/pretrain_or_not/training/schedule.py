"""How the learning rate moves over a training run."""

from __future__ import annotations


def multiplier(step: int, steps: int, warmup: float, schedule: str) -> float:
    """What the learning rate is multiplied by at optimizer step `step` (0-based) of `steps`.

    It rises linearly over the first ``round(warmup * steps)`` steps; then it stays (`schedule` "constant") or falls
    linearly, to reach 0 after the last step ("linear"), as in the fine-tuning recipe of BERT (Devlin et al. 2019).
    """
    rising = round(warmup * steps)
    if step < rising:
        return (step + 1) / (rising + 1)
    if schedule == "constant":
        return 1.0
    return (steps - step) / max(1, steps - rising)


def batches_per_epoch(examples, batch_size):
    """Optimizer steps of one pass over `examples`; the last batch may be smaller."""
    return -(-examples // batch_size)


def planned_steps(examples, batch_size, epochs, min_steps):
    """Optimizer steps of a run: `epochs` (may be fractional) passes over `examples`, but at least `min_steps`."""
    return max(1, min_steps, round(epochs * batches_per_epoch(examples, batch_size)))


def validation_steps(steps, validations):
    """After which steps (1-based) validation accuracy is measured: evenly spaced, the last step among them."""
    k = min(validations, steps)
    return sorted({round(steps * (i + 1) / k) for i in range(k)})
