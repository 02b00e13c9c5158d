"""What the objectives that read packed rows have in common."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch

from pretrain_or_not.compute.metrics import Measure
from pretrain_or_not.data.batches import training_batches
from pretrain_or_not.data.examples import Examples
from pretrain_or_not.pretraining.masking import Masked, Masker
from pretrain_or_not.training.task import Task

LOSS = Measure("loss", -1)

HELD_OUT_SEED = 2**31  # of the masks of held-out rows: the same in every model and at every validation


class PackedRows(Task):
    """Packed rows with hidden tokens. rows: to train on. held_out: to measure the loss on. masker: hides tokens."""

    measure, keeps_best = LOSS, False

    def __init__(self, rows: Examples, held_out: Examples, masker: Masker, recipe: dict, steps: int):
        self.rows, self.held_out, self.masker, self.steps = rows, held_out, masker, steps
        self.batch_size, self.seed = recipe["batch_size"], recipe["seed"]
        self.validation_examples = len(held_out)

    def batches(self, done):
        """Yield the number of each step, and the positions of its rows."""
        return enumerate(training_batches(self.rows, self.batch_size, self.seed, done), done)

    def hidden(self, masker: Masker, batch: dict, step: int) -> Masked:
        """Return a batch with hidden tokens. step: each has its own."""
        return masker(batch, step)

    def held_out_loss(self, model, batch: dict, hidden: Masked, accelerator, step: int) -> tuple[torch.Tensor, int]:
        """Return the mean loss of a held-out batch, whose rows processes share, and over how many tokens it is."""
        raise NotImplementedError

    def guessing_loss(self) -> float:
        """Return the held-out loss of a model that has learnt how frequent the answers are, and nothing else."""
        raise NotImplementedError

    def held_out_batches(self) -> Iterator[tuple[dict, Masked]]:
        """Yield the batches of held-out rows, each with its hidden tokens: the same at every validation."""
        masker = replace(self.masker, seed=HELD_OUT_SEED)
        for i, start in enumerate(range(0, len(self.held_out), self.batch_size)):
            batch = self.held_out.padded(np.arange(start, min(start + self.batch_size, len(self.held_out))))
            yield batch, self.hidden(masker, batch, i)

    def measures_something(self) -> bool:
        """Return whether a token of the held-out rows is hidden, so that there is a loss on them."""
        return any(len(hidden.targets) for _, hidden in self.held_out_batches())

    @torch.inference_mode()
    def validate(self, model, accelerator, between):
        """Return the mean loss over the tokens of the held-out rows; None if it is not finite."""
        model.eval()
        total = torch.zeros(2, dtype=torch.float64, device=accelerator.device)
        for i, (batch, hidden) in enumerate(self.held_out_batches()):
            loss, n = self.held_out_loss(model, batch, hidden, accelerator, i)
            total += torch.tensor([float(loss) * n, n]).to(total) / accelerator.num_processes
            between()
        total = accelerator.reduce(total, "sum")
        score = float(total[0] / total[1])
        return (score if math.isfinite(score) else None), None
