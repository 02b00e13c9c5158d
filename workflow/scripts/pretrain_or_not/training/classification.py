"""Train a network to classify: the task of every neural arm."""

from __future__ import annotations

import torch
from torch.nn.functional import cross_entropy

from pretrain_or_not.compute.class_weights import class_weights
from pretrain_or_not.compute.flops import Work
from pretrain_or_not.compute.inference import tensors
from pretrain_or_not.compute.metrics import ACCURACY, Measure
from pretrain_or_not.data.batches import training_batches
from pretrain_or_not.data.examples import Examples
from pretrain_or_not.training.checkpoints import Checkpoints
from pretrain_or_not.training.loop import run_task
from pretrain_or_not.training.schedule import planned_steps
from pretrain_or_not.training.task import Step, Task
from pretrain_or_not.training.used_rows import keep_used_rows
from pretrain_or_not.training.validation import validation_score


def fit(
    model: torch.nn.Module,
    train: Examples,
    validation: Examples,
    recipe: dict,
    learning_rate: float,
    seed: int,
    checkpoints: Checkpoints,
    measure: Measure = ACCURACY,
) -> tuple[list[dict], dict, Work]:
    """Train `model` in place to classify; at the end it has the weights that were best on `validation`.

    model: maps input_ids and attention_mask to an output with `logits`. train, validation: Examples. recipe: the
    training keys of an arm in the config. measure: what is best. The other arguments and what is returned: see
    `loop.run_task`.
    """
    task = Classification(train, validation, recipe, seed, measure)
    return run_task(model, task, recipe, learning_rate, seed, checkpoints)


class Classification(Task):
    """Labelled examples, and those to validate on."""

    def __init__(self, train, validation, recipe, seed, measure):
        """See `fit`."""
        self.train, self.validation, self.seed, self.measure = train, validation, seed, measure
        self.batch_size = recipe["batch_size"]
        self.steps = planned_steps(len(train), self.batch_size, recipe["epochs"], recipe["min_steps"])
        self.validation_examples = len(validation)
        labels = train.labels[train.labels >= 0]  # a student's texts may have none
        self.weights = torch.from_numpy(class_weights(labels, len(train.about["label_names"]), recipe["class_weights"]))

    def prepare(self, model, device):
        """Take the rows of words that do not occur out of the token embeddings."""
        return keep_used_rows(model, [self.train, self.validation], device)

    def batches(self, done):
        """Yield the positions of each training batch."""
        return training_batches(self.train, self.batch_size, self.seed, done)

    def step(self, model, batch, accelerator):
        """Add the gradients of the mean cross-entropy of a batch. batch: positions of its examples."""
        loss, width = batch_loss(model, self.train, batch, accelerator, self.weights)
        accelerator.backward(loss)
        return Step(loss, len(batch), width)

    def validate(self, model, accelerator, between):
        """Return the score on the validation examples, and the temperature that calibrates the model on them."""
        return validation_score(model, self.validation, accelerator, self.measure, between)


def batch_loss(model, examples, rows, accelerator, weights):
    """Return the mean cross-entropy of a batch and its padded width; several processes share its rows.

    The mean is weighted as torch does: each example by the weight of its class, divided by the sum of these weights
    over all rows of the batch. Gradients are averaged over processes, so the sum over a share is multiplied by their
    number to give the mean over all rows. weights: of the classes, float32 (classes,).
    """
    share = rows[accelerator.process_index :: accelerator.num_processes]
    total = float(weights[torch.from_numpy(examples.labels[rows])].sum())
    factor = accelerator.num_processes / total if len(share) else 0.0
    batch = tensors(examples.padded(share if len(share) else rows[:1]), accelerator.device)
    labels = batch.pop("labels")
    with accelerator.autocast():
        logits = model(**batch).logits
    loss = cross_entropy(logits.float(), labels, weights.to(logits.device), reduction="sum")
    return factor * loss, batch["input_ids"].shape[1]
