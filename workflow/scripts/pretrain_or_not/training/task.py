"""What the training loop needs to know of what a network is trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch

from pretrain_or_not.compute.metrics import Measure


class Step(NamedTuple):
    """What one step has computed: the loss, a scalar tensor; the examples, padded to so many tokens each."""

    loss: torch.Tensor
    examples: int
    width: int


class Task:
    """What a network is trained on, and how it is validated.

    steps: optimizer steps of a whole run. measure: what a validation measures, on so many `validation_examples`.
    keeps_best: whether a run ends with the weights that were best on the validation data, or with its last ones.
    """

    steps: int
    measure: Measure
    validation_examples: int
    keeps_best = True

    def prepare(self, model: torch.nn.Module, device: torch.device) -> Callable[[float], None]:
        """Change `model` for training; return what undoes this, see `used_rows.keep_used_rows`."""
        return lambda factor: None

    def batches(self, done: int) -> Iterator[Any]:
        """Yield what each step is given, without end; the first `done` steps are skipped."""
        raise NotImplementedError

    def step(self, model: torch.nn.Module, batch: Any, accelerator) -> Step:
        """Add the gradients of a batch, of which several processes share the rows, to those of `model`."""
        raise NotImplementedError

    def validate(self, model: torch.nn.Module, accelerator, between: Callable) -> tuple[float | None, float | None]:
        """Return score and temperature on the validation data; None if predictions are not finite.

        between: called between two batches.
        """
        raise NotImplementedError

    def state(self) -> dict:
        """Return what a checkpoint has to hold of the task itself, as JSON-able values."""
        return {}

    def restore(self, state: dict) -> None:
        """Go on from what `state` returned."""
