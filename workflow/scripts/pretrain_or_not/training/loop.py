"""The one training loop, for whatever task."""

from __future__ import annotations

import math
import time

import torch

from pretrain_or_not.compute.devices import build_accelerator, device_facts
from pretrain_or_not.compute.flops import Work
from pretrain_or_not.compute.memory import peak_memory_mb
from pretrain_or_not.job import log
from pretrain_or_not.training.best import Best
from pretrain_or_not.training.checkpoints import Checkpoints
from pretrain_or_not.training.optimizer import build_optimizer
from pretrain_or_not.training.progress import Progress
from pretrain_or_not.training.schedule import multiplier, validation_steps
from pretrain_or_not.training.task import Task


def run_task(
    model: torch.nn.Module, task: Task, recipe: dict, learning_rate: float, seed: int, checkpoints: Checkpoints
) -> tuple[list[dict], dict, Work]:
    """Train `model` in place on a task.

    Training ends early where predictions are not finite; if no validation was finite, the score is None, and the model
    has its last weights.

    recipe: the training keys of an arm, or of a model that is pretrained, in the config. checkpoints: the run's
    Checkpoints; it goes on from the last one. Returns (history, cost, work): history has one dict per validation; cost
    is one dict with seconds, rates, peak memory, device and precision; work is what was computed on.
    """
    accelerator = build_accelerator(recipe["precision"])
    validate_after = set(validation_steps(task.steps, recipe["validations"]))
    if accelerator.num_processes > 1:
        torch.manual_seed(seed + accelerator.process_index)  # each process drops other activations
    undo = task.prepare(model, accelerator.device)
    adamw = build_optimizer(model, recipe["weight_decay"], recipe.get("layer_decay", 1.0))  # only transformers have it
    trained = [parameter for group in adamw.param_groups for parameter in group["params"]]
    # The optimizer has no state yet that would have to be moved to a device.
    bare, (model, optimizer) = model, accelerator.prepare(model, adamw, device_placement=[True, False])
    progress, best = Progress(task.steps, accelerator.num_processes), Best(recipe.get("patience"), task.measure.sign)

    def rate_of(step):
        return learning_rate * multiplier(step, task.steps, recipe["warmup"], recipe["schedule"])

    with checkpoints:
        checkpoints.resume(accelerator, progress, best, task)
        batches = task.batches(progress.done)
        while True:
            if progress.done in validate_after and not progress.validated:
                validate(bare, task, accelerator, progress, best, checkpoints)
            if progress.done == task.steps or progress.diverged or best.overdue():
                break
            model.train()
            step = task.step(model, next(batches), accelerator)
            if recipe["clip"]:
                torch.nn.utils.clip_grad_norm_(trained, recipe["clip"])
            rate = rate_of(progress.done)
            for group in optimizer.param_groups:
                group["lr"] = rate * group["scale"]
            optimizer.step()
            optimizer.zero_grad()
            progress.step(step.examples, step.width, step.loss, rate)
            progress.line_if_due()
            checkpoints.visit(accelerator, progress, best, task)

    if progress.diverged:
        log.warning("predictions are not finite after step %d of %d: stopped", progress.done, task.steps)
    elif best.overdue():
        log.info("no better for %d validations: stopped early", recipe["patience"])
    if best.weights:
        bare.load_state_dict(best.weights)
        log.info("best validation %s %.4f, after step %d", task.measure.name, best.score, best.step)
    slowest = min(group["scale"] for group in adamw.param_groups)  # that of the token embeddings
    undo(math.prod(1 - slowest * rate_of(step) * recipe["weight_decay"] for step in range(best.step)))
    cost = progress.cost() | device_facts(accelerator) | {
        "metric": task.measure.name,
        "validation_score": best.score if task.keeps_best and best.weights else last_score(progress, task),
        "temperature": best.temperature,
        "validation_examples": task.validation_examples,
        "best_step": best.step if best.weights else None,
        "peak_memory_mb": peak_memory_mb(accelerator.device),
    }  # fmt: skip
    return progress.history, cost, progress.work


def last_score(progress, task):
    """Return the score of the last validation of a run that does not keep the best weights; otherwise None."""
    return progress.history[-1]["validation_score"] if progress.history and not task.keeps_best else None


def validate(model, task, accelerator, progress, best, checkpoints):
    """Measure the validation score and, if the task asks for it, keep the weights if they are the best so far."""
    started = time.perf_counter()
    with progress.aside():
        score, temperature = task.validate(
            model, accelerator, lambda: checkpoints.visit(accelerator, progress, best, task, stepped=False)
        )
    if task.keeps_best:
        best.update(score, progress.done, model, temperature)
    progress.add_validation(score, time.perf_counter() - started, accelerator)
