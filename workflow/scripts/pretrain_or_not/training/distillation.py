"""Train a network on what a teacher says, beside the labels (Hinton et al. 2015)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from pretrain_or_not.compute.inference import tensors
from pretrain_or_not.data.examples import Examples, Takes, form_of_tokens, read_checked_metadata
from pretrain_or_not.files.parquet import open_parquet
from pretrain_or_not.training.classification import Classification
from pretrain_or_not.training.run import Run
from pretrain_or_not.training.task import Step


class Taught(NamedTuple):
    """What a student is trained on.

    examples: of the subset, then texts without labels, with label -1. logarithms: of the teacher's probabilities,
    float32 (n, classes). teacher_flops: operations of training the teacher and asking it, and of a
    language model that wrote examples for it.
    """

    examples: Examples
    logarithms: np.ndarray
    teacher_flops: int


def read_taught(run: Run, takes: Takes) -> Taught:
    """Read what the stage `teach` wrote for a run. takes: what the student can read."""
    path = run.inputs["taught"]
    about = read_checked_metadata(path, {"dataset": run.cell["dataset"], "tokenizer": run.tokenizer})
    with open_parquet(path) as file:
        table = file.read()
    logarithms = np.asarray(table["log_probabilities"].combine_chunks().flatten()).reshape(len(table), -1)
    examples = form_of_tokens(run.recipe["max_length"], takes)(table, about)
    return Taught(examples, logarithms, about["teacher_flops"])


class Distillation(Classification):
    """Labelled examples and texts without labels, with what a teacher says of them.

    The loss is (1 - weight) times the cross-entropy of the labels, plus weight times T² times the Kullback-Leibler
    divergence of the student's probabilities from the teacher's, both at temperature T (Hinton et al. 2015, section 2).
    """

    def __init__(self, taught: Taught, validation, recipe, seed, measure):
        """See `classification.fit`."""
        super().__init__(taught.examples, validation, recipe, seed, measure)
        self.logarithms = torch.tensor(taught.logarithms)  # a copy: those of the file cannot be written to
        self.weight, self.temperature = recipe["teacher"]["weight"], recipe["teacher"]["temperature"]

    def step(self, model, batch, accelerator):
        """Add the gradients of the loss of a batch. batch: positions of its examples."""
        share = batch[accelerator.process_index :: accelerator.num_processes]
        factor = accelerator.num_processes if len(share) else 0.0
        share = share if len(share) else batch[:1]
        given = tensors(self.train.padded(share), accelerator.device)
        labels = given.pop("labels")
        with accelerator.autocast():
            logits = model(**given).logits.float()
        labels_of_batch = self.train.labels[batch]
        total = float(self.weights[torch.from_numpy(labels_of_batch[labels_of_batch >= 0])].sum())
        weights = self.weights.to(logits.device)
        hard = cross_entropy(logits, labels, weights, ignore_index=-1, reduction="sum") / max(total, 1e-12)
        loss = (1 - self.weight) * hard
        if self.weight:
            said = self.logarithms[torch.from_numpy(share)].to(logits.device)
            soft = divergence(said, logits, self.temperature) / len(batch)
            loss = loss + self.weight * soft
        loss = factor * loss
        accelerator.backward(loss)
        return Step(loss, len(batch), given["input_ids"].shape[1])


def divergence(said: torch.Tensor, logits: torch.Tensor, temperature: float) -> torch.Tensor:
    """Return T² times the sum over rows of KL(teacher || student) at a temperature T.

    said: logarithms of the teacher's probabilities, (n, classes). logits: of the student, (n, classes).
    """
    teacher = (said / temperature).log_softmax(dim=1)
    student = (logits / temperature).log_softmax(dim=1)
    return temperature**2 * (teacher.exp() * (teacher - student)).sum()
