"""One training run of a neural arm: from its subset to the files it leaves."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from accelerate import PartialState

from pretrain_or_not.compute.devices import build_accelerator, device_facts
from pretrain_or_not.compute.parameters import parameter_counts
from pretrain_or_not.files.provenance import digest, versions
from pretrain_or_not.files.run_files import save_model, save_run
from pretrain_or_not.job import log
from pretrain_or_not.training.checkpoints import Checkpoints
from pretrain_or_not.training.label_facts import label_facts
from pretrain_or_not.training.loop import fit
from pretrain_or_not.training.run import Run
from pretrain_or_not.training.run_data import about_data, read_data


def train_network(build: Callable, run: Run) -> None:
    """Train what `build` makes on a run's subset and write its files.

    build: of a family's module. run: a `training.run.Run`.
    """
    assert run.value is not None, "neural families sweep over learning rates"
    seed = run.cell["seed"]
    torch.set_num_threads(run.threads)
    torch.manual_seed(seed)
    facts = device_facts(build_accelerator(run.recipe["precision"]))
    model, flops, tables, takes = build(run, about_data(run))
    train, validation, length = read_data(run, takes)
    counts = parameter_counts(model, tables)
    fingerprint = {
        "code": run.code,
        "recipe": run.recipe,
        "learning_rate": run.value,
        "metric": run.metric,
        "seed": seed,
        "computed on": facts,
        "data": [arrays_digest([e.ids, e.labels, e.tokens, e.offsets]) for e in (train, validation)],
        "weights": arrays_digest(tensor.numpy() for tensor in model.state_dict().values()),
        "versions": versions("torch", "transformers", "accelerate"),
    }
    folder = Path(run.outputs["cost"]).parent / "checkpoint"
    checkpoints = Checkpoints(folder, digest(fingerprint), run.checkpoint_seconds)
    log.info("training on %d examples, validating on %d", len(train), len(validation))
    history, cost, work = fit(model, train, validation, run.recipe, run.value, seed, checkpoints, run.measure)
    if not PartialState().is_main_process:
        return
    guessing = label_facts(train.labels, len(train.about["label_names"]), run.recipe["class_weights"])
    cost |= counts | length | {"training_flops": work.flops(flops.training)} | guessing
    save_model(model, run.outputs["model"], run.outputs["config"])
    save_run(history, cost, run.recipe, run.cell | {"n": len(train)}, run.outputs)
    checkpoints.delete()


def arrays_digest(arrays):
    """Return 16 hex digits that change with any number in the arrays, or their order."""
    content = hashlib.blake2b(digest_size=8)
    for array in arrays:
        content.update(np.ascontiguousarray(array).data)
    return content.hexdigest()
