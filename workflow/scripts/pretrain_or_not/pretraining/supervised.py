"""The objective `supervised`: learn the labels of other datasets, each with a head of its own on one encoder."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from pretrain_or_not.compute.flops import Flops
from pretrain_or_not.compute.inference import tensors
from pretrain_or_not.data.batches import training_batches
from pretrain_or_not.data.examples import Examples
from pretrain_or_not.data.part import part_of
from pretrain_or_not.pretraining.flops import encoder_flops
from pretrain_or_not.pretraining.packed_rows import LOSS
from pretrain_or_not.training.task import Step, Task

MOST_VALIDATED = 1000  # examples of each task


class Heads(nn.Module):
    """A classifier whose outputs are the classes of all tasks, one task after another: a head for each.

    model: of transformers. classes: the number of classes of each task.
    """

    def __init__(self, model, classes: list[int]):
        super().__init__()
        self.model = model
        self.bounds = np.concatenate([[0], np.cumsum(classes)]).tolist()

    @property
    def encoder(self):
        """Return the transformer without the heads."""
        return self.model.base_model

    def forward(self, task, **batch):
        """Return logits of one task, (batch, its classes). task: its number."""
        return self.model(**batch).logits[:, self.bounds[task] : self.bounds[task + 1]]

    def save_pretrained(self, folder):
        """Write the encoder alone: none of the heads."""
        self.encoder.save_pretrained(folder)

    def flops(self, share: float, sparsity: float) -> Flops:
        """Return the Flops of a training step, without the small head."""
        return encoder_flops(self.encoder, sparsity)


class Labels(Task):
    """Labelled examples of several tasks; each batch is of one task, drawn with equal chances."""

    measure, keeps_best = LOSS, False

    def __init__(self, tasks: list[Examples], validation: list[Examples], recipe: dict, steps: int):
        self.tasks, self.validation, self.steps = tasks, validation, steps
        self.batch_size, self.seed = recipe["batch_size"], recipe["seed"]
        self.validation_examples = sum(map(len, validation))

    def batches(self, done):
        """Yield the task of each step, and the positions of its examples."""
        drawn = np.random.default_rng(self.seed).integers(len(self.tasks), size=max(1, self.steps))
        streams = [
            training_batches(examples, self.batch_size, self.seed + i, int((drawn[:done] == i).sum()))
            for i, examples in enumerate(self.tasks)
        ]
        for task in drawn[done:]:
            yield int(task), next(streams[task])

    def step(self, model, batch, accelerator):
        """Add the gradients of the mean cross-entropy of a batch."""
        task, rows = batch
        mine = rows[accelerator.process_index :: accelerator.num_processes]
        factor = accelerator.num_processes / len(rows) if len(mine) else 0.0
        given = tensors(self.tasks[task].padded(mine if len(mine) else rows[:1]), accelerator.device)
        labels = given.pop("labels")
        with accelerator.autocast():
            logits = model(task, **given)
        loss = factor * cross_entropy(logits.float(), labels, reduction="sum")
        accelerator.backward(loss)
        return Step(loss, len(rows), given["input_ids"].shape[1])

    def guessing_loss(self):
        """Return the mean cross-entropy, each task alike, of giving each class its share of the training examples."""
        means = []
        for train, held_out in zip(self.tasks, self.validation, strict=True):
            classes = len(train.about["label_names"])
            counts = np.bincount(train.labels, minlength=classes) + 1.0  # none has a chance of 0
            means.append(-np.log(counts[held_out.labels] / counts.sum()).mean())
        return float(np.mean(means))

    @torch.inference_mode()
    def validate(self, model, accelerator, between):
        """Return the mean cross-entropy on the validation examples, each task alike."""
        model.eval()
        means = []
        for task, examples in enumerate(self.validation):
            total = 0.0
            for start in range(0, len(examples), self.batch_size):
                rows = np.arange(start, min(start + self.batch_size, len(examples)))
                given = tensors(examples.padded(rows), accelerator.device)
                labels = given.pop("labels")
                with accelerator.autocast():
                    logits = model(task, **given)
                total += float(cross_entropy(logits.float(), labels, reduction="sum"))
                between()
            means.append(total / len(examples))
        score = float(np.mean(means))
        return (score if math.isfinite(score) else None), None


def share_of(examples: Examples, n: int | None) -> Examples:
    """Return the first `n` examples, or all if there are no more."""
    return part_of(examples, np.arange(len(examples) if n is None else min(n, len(examples))))
