"""One training run of a neural arm: from its subset to the files it leaves."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import torch
from accelerate import PartialState

from pretrain_or_not.compute.devices import build_accelerator, device_facts
from pretrain_or_not.compute.parameters import parameter_counts
from pretrain_or_not.files.provenance import digest, versions
from pretrain_or_not.files.run_files import save_model, save_run
from pretrain_or_not.job import log
from pretrain_or_not.training.arrays_digest import arrays_digest
from pretrain_or_not.training.checkpoints import Checkpoints
from pretrain_or_not.training.classification import Classification
from pretrain_or_not.training.distillation import Distillation, read_taught
from pretrain_or_not.training.label_facts import label_facts
from pretrain_or_not.training.loop import run_task
from pretrain_or_not.training.run import Run
from pretrain_or_not.training.run_data import about_data, read_data

# Second phases, by the key of an arm. By name: the code of each counts for the arms that have it (plan/code.py).
SECOND_PHASES = {
    "reselect": "pretrain_or_not.training.reselection",
    "augment": "pretrain_or_not.training.augmentation",
}


def work(module: str, run: dict) -> None:
    """Train the network of a family. module: full name of its module. run: the fields of a Run."""
    train_network(importlib.import_module(module).build, Run(**run))


def train_network(build: Callable, run: Run) -> None:
    """Train what `build` makes on a run's subset and write its files.

    build: of a family's module. run: a `training.run.Run`.
    """
    assert run.value is not None, "neural families sweep over learning rates"
    seed = run.cell["seed"]
    torch.set_num_threads(run.threads)
    torch.manual_seed(seed)
    facts = device_facts(build_accelerator(run.recipe["precision"]))
    model, flops, tables, takes, finish = build(run, about_data(run))
    train, validation, length = read_data(run, takes)
    taught = read_taught(run, takes) if run.recipe.get("teacher") else None  # not every family has teachers
    counts = parameter_counts(model, tables)
    fingerprint = {
        "code": run.code,
        "recipe": run.recipe,
        "learning_rate": run.value,
        "metric": run.metric,
        "seed": seed,
        "computed on": facts,
        "data": [arrays_digest([e.ids, e.labels, e.tokens, e.offsets]) for e in (train, validation)],
        "taught": taught and arrays_digest([taught.examples.tokens, taught.logarithms]),
        "weights": arrays_digest(tensor.numpy() for tensor in model.state_dict().values()),
        "versions": versions("torch", "transformers", "accelerate"),
    }
    folder = Path(run.outputs["cost"]).parent / "checkpoint"
    checkpoints = Checkpoints(folder, digest(fingerprint), run.checkpoint_seconds)
    log.info("training on %d examples, validating on %d", len(train), len(validation))
    second = next((module for key, module in SECOND_PHASES.items() if run.recipe.get(key)), None)
    if second:
        history, cost = importlib.import_module(second).train(model, train, validation, run, checkpoints, flops)
    else:
        task = (
            Classification(train, validation, run.recipe, seed, run.measure)
            if taught is None
            else Distillation(taught, validation, run.recipe, seed, run.measure)
        )
        history, cost, work = run_task(model, task, run.recipe, run.value, seed, checkpoints)
        cost["training_flops"] = work.flops(flops.training)
    if not PartialState().is_main_process:
        return
    guessing = label_facts(train.labels, len(train.about["label_names"]), run.recipe["class_weights"])
    cost |= counts | length | guessing
    if taught is not None:
        cost |= {"teacher_flops": taught.teacher_flops, "unlabelled": len(taught.examples) - len(train)}
    whole = finish(model)
    cost["parameters"] = sum(weights.numel() for weights in whole.parameters())  # without what is merged away
    save_model(whole, run.outputs["model"], run.outputs["config"])
    save_run(history, cost, run.recipe, run.cell | {"n": len(train)}, run.outputs)
    checkpoints.delete()
