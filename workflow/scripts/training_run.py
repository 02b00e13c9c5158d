"""One training run of a neural arm: from its subset to the files it leaves."""

import hashlib
from pathlib import Path

import numpy as np
import torch
from accelerate import PartialState

from batches import read_cell
from checkpoint import Checkpoints
from devices import build_accelerator, device_facts
from fit import fit
from provenance import digest, versions
from run_files import parameter_counts, save_model, save_run
from stage import log


def training_run(build, paths, recipe, learning_rate, seed, threads, cell, outputs, checkpointing):
    """Train what `build` makes on the subset and write the run.

    build: token metadata -> (model, Flops, embedding tables). paths: train, validation, subset, and validation_max (see
    `validation_count`). cell: which run it is. outputs: see `run_files`. checkpointing: `seconds` between checkpoints,
    and the digest of the `code` that trains.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    facts = device_facts(build_accelerator(recipe["precision"]))
    train, validation = read_cell(paths, cell, recipe.get("tokenizer") or recipe["model"])
    model, flops, tables = build(train.about)
    counts = parameter_counts(model, tables)
    fingerprint = {
        "code": checkpointing["code"],
        "recipe": recipe,
        "learning_rate": learning_rate,
        "seed": seed,
        "computed on": facts,
        "data": [arrays_digest([e.ids, e.labels, e.tokens, e.offsets]) for e in (train, validation)],
        "weights": arrays_digest(tensor.numpy() for tensor in model.state_dict().values()),
        "versions": versions("torch", "transformers", "accelerate"),
    }
    folder = Path(outputs["cost"]).parent / "checkpoint"
    checkpoints = Checkpoints(folder, digest(fingerprint), checkpointing["seconds"])
    log.info("training on %d examples, validating on %d", len(train), len(validation))
    history, cost, work = fit(model, train, validation, recipe, learning_rate, seed, checkpoints)
    if not PartialState().is_main_process:
        return
    cost |= counts | {"training_flops": work.flops(flops.training)}
    save_model(model, outputs["model"], outputs["config"])
    save_run(history, cost, recipe, cell | {"n": len(train)}, outputs)
    checkpoints.delete()


def arrays_digest(arrays):
    """16 hex digits that change with any number in the arrays, or their order."""
    content = hashlib.blake2b(digest_size=8)
    for array in arrays:
        content.update(np.ascontiguousarray(array).data)
    return content.hexdigest()
