"""The one training loop of every neural arm."""

from __future__ import annotations

import math
import time

import torch
from torch.nn.functional import cross_entropy

from pretrain_or_not.compute.class_weights import class_weights
from pretrain_or_not.compute.devices import build_accelerator, device_facts
from pretrain_or_not.compute.flops import Work
from pretrain_or_not.compute.inference import tensors
from pretrain_or_not.compute.memory import peak_memory_mb
from pretrain_or_not.compute.metrics import ACCURACY, Measure
from pretrain_or_not.data.batches import shuffled_batches
from pretrain_or_not.data.examples import Examples
from pretrain_or_not.job import log
from pretrain_or_not.training.best import Best
from pretrain_or_not.training.checkpoints import Checkpoints
from pretrain_or_not.training.optimizer import build_optimizer
from pretrain_or_not.training.progress import Progress
from pretrain_or_not.training.schedule import batches_per_epoch, multiplier, planned_steps, validation_steps
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
    """Train `model` in place; at the end it has the weights that were best on `validation`.

    Training ends early where predictions are not finite; if no validation was finite, the score is None, and the model
    has its last weights.

    model: maps input_ids and attention_mask to an output with `logits`. train, validation: Examples. recipe: the
    training keys of an arm in the config. checkpoints: the run's Checkpoints; it goes on from the last one.
    measure: what is best. Returns
    (history, cost, work): history has one dict per validation; cost is one dict with seconds, rates, peak memory,
    device and precision; work is what was computed on.
    """
    accelerator = build_accelerator(recipe["precision"])
    steps = planned_steps(len(train), recipe["batch_size"], recipe["epochs"], recipe["min_steps"])
    weights = torch.from_numpy(class_weights(train.labels, len(train.about["label_names"]), recipe["class_weights"]))
    validate_after = set(validation_steps(steps, recipe["validations"]))
    if accelerator.num_processes > 1:
        torch.manual_seed(seed + accelerator.process_index)  # each process drops other activations
    put_rows_back = keep_used_rows(model, [train, validation], accelerator.device)
    adamw = build_optimizer(model, recipe["weight_decay"], recipe.get("layer_decay", 1.0))  # only transformers have it
    trained = [parameter for group in adamw.param_groups for parameter in group["params"]]
    # The optimizer has no state yet that would have to be moved to a device.
    bare, (model, optimizer) = model, accelerator.prepare(model, adamw, device_placement=[True, False])
    progress, best = Progress(steps, accelerator.num_processes), Best(recipe["patience"], measure.sign)

    def rate_of(step):
        return learning_rate * multiplier(step, steps, recipe["warmup"], recipe["schedule"])

    with checkpoints:
        checkpoints.resume(accelerator, progress, best)
        batches = training_batches(train, recipe["batch_size"], seed, progress.done)
        while True:
            if progress.done in validate_after and not progress.validated:
                validate(bare, validation, accelerator, progress, best, checkpoints, measure)
            if progress.done == steps or progress.diverged or best.overdue():
                break
            model.train()
            rows = next(batches)
            loss, width = batch_loss(model, train, rows, accelerator, weights)
            accelerator.backward(loss)
            if recipe["clip"]:
                torch.nn.utils.clip_grad_norm_(trained, recipe["clip"])
            rate = rate_of(progress.done)
            for group in optimizer.param_groups:
                group["lr"] = rate * group["scale"]
            optimizer.step()
            optimizer.zero_grad()
            progress.step(len(rows), width, loss, rate)
            progress.line_if_due()
            checkpoints.visit(accelerator, progress, best)

    if progress.diverged:
        log.warning("predictions are not finite after step %d of %d: stopped", progress.done, steps)
    elif best.overdue():
        log.info("no better for %d validations: stopped early", recipe["patience"])
    if best.weights:
        bare.load_state_dict(best.weights)
        log.info("best validation %s %.4f, after step %d", measure.name, best.score, best.step)
    slowest = min(group["scale"] for group in adamw.param_groups)  # that of the token embeddings
    put_rows_back(math.prod(1 - slowest * rate_of(step) * recipe["weight_decay"] for step in range(best.step)))
    cost = progress.cost() | device_facts(accelerator) | {
        "metric": measure.name,
        "validation_score": best.score if best.weights else None,
        "temperature": best.temperature,
        "validation_examples": len(validation),
        "best_step": best.step if best.weights else None,
        "peak_memory_mb": peak_memory_mb(accelerator.device),
    }  # fmt: skip
    return progress.history, cost, progress.work


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


def training_batches(examples, batch_size, seed, done):
    """Yield the positions of each training batch, epoch after epoch without end; the first `done` are skipped."""
    epoch, skipped = divmod(done, batches_per_epoch(len(examples), batch_size))
    while True:
        yield from shuffled_batches(examples, batch_size, seed, epoch)[skipped:]
        epoch, skipped = epoch + 1, 0


def validate(model, examples, accelerator, progress, best, checkpoints, measure):
    """Measure the validation score and keep the weights if they are the best so far."""
    started = time.perf_counter()
    with progress.aside():
        score, temperature = validation_score(
            model, examples, accelerator, measure, lambda: checkpoints.visit(accelerator, progress, best, stepped=False)
        )
    best.update(score, progress.done, model, temperature)
    progress.add_validation(score, time.perf_counter() - started, accelerator)
