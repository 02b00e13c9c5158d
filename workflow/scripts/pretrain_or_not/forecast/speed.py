"""Measure how fast this machine trains an arm, by a run of a few steps."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from pretrain_or_not.arms import family_module, module_name
from pretrain_or_not.config.families import FAMILIES
from pretrain_or_not.files.json_files import read_json, write_json
from pretrain_or_not.files.parquet import read_metadata
from pretrain_or_not.files.paths import MODEL_FILES
from pretrain_or_not.forecast.facts import MEGABYTE
from pretrain_or_not.job import log
from pretrain_or_not.training.run import Run

FIRST_STEPS = 3  # whose time says how many steps follow, and which are slow: memory is asked for, code is loaded
SECONDS = 20.0  # of the steps that count
FEWEST_STEPS, MOST_STEPS = 3, 500
FIRST_TEXTS, TEXTS = 16, 256  # of which the features are computed: first without timing, then with it

OUTPUTS = {"model": MODEL_FILES[0], "config": MODEL_FILES[1], "history": "history.parquet", "cost": "run.json"}


def measure(run: Run, log_file: str, output: str, only_flops: bool) -> None:
    """Measure what a run takes of the time of this machine; the arguments: see `measure_speed`."""
    if run.reads == "features":
        measure_features(run, output)
    else:
        measure_speed(run, log_file, output, only_flops)


def measure_speed(run: Run, log_file: str, output: str, only_flops: bool) -> None:
    """Train a run for some 20 seconds, and write what it took, as JSON.

    The content is that of run.json, with `startup_seconds`, what the job took besides, and `model_mb`, of the files of
    the model. log_file: of the job. only_flops: train the first few steps only, as their number of operations is all
    that is needed. A run that is one call of `fit` is fitted once, completely.
    """
    started = time.time() - psutil.Process().create_time()
    facts = short_run(run, FIRST_STEPS, log_file)
    if not (only_flops or fits_at_once(run)):
        left = SECONDS * facts["steps"] / facts["seconds"]
        facts = short_run(run, round(min(max(left, FEWEST_STEPS), MOST_STEPS)), log_file)
    facts |= {"startup_seconds": started + facts.pop("preparing")}
    write_json(output, facts)
    log.info(
        "%d steps, %.3g training FLOPs per second, %.1f s before the first step",
        facts["steps"], facts["training_flops"] / facts["seconds"], facts["startup_seconds"],
    )  # fmt: skip


def fits_at_once(run: Run) -> bool:
    """Return whether a run is one call without a number of steps."""
    family = FAMILIES[run.recipe["family"]]
    return family.fitted and not family.neural


def shortened(recipe: dict, steps: int) -> dict[str, Any]:
    """Return a recipe that trains for `steps` steps, with one validation at their end."""
    short = {"epochs": 0, "min_steps": steps, "max_steps": steps, "validations": 1, "patience": None}
    return recipe | {key: value for key, value in short.items() if key in recipe}


def short_run(run: Run, steps: int, log_file: str) -> dict:
    """Train a run for `steps` steps in a temporary folder; return its run.json, with `model_mb` and `preparing`.

    preparing: seconds before and after the training, such as those that load the data.
    """
    from pretrain_or_not.training.launch import launch_run

    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        outputs = {key: str(Path(folder) / name) for key, name in OUTPUTS.items()}
        short = replace(run, recipe=shortened(run.recipe, steps), outputs=outputs)
        if FAMILIES[run.recipe["family"]].fitted:
            from pretrain_or_not.training.fitted_run import fit_classifier

            fit_classifier(family_module(run.recipe["family"]).build, short)
        else:
            launch_run(module_name(run.recipe["family"]), short, log_file)
        facts = read_json(outputs["cost"])
        size = sum((Path(folder) / name).stat().st_size for name in MODEL_FILES)
    preparing = time.perf_counter() - began - facts["seconds"] - facts["validation_seconds"]
    return facts | {"model_mb": size / MEGABYTE, "preparing": preparing}


def measure_features(run: Run, output: str) -> None:
    """Compute the features of a few texts, and write what it took, as JSON like `measure_speed`.

    run: of an arm that reads features; its `train` is the file of the training tokens.
    """
    import torch

    from pretrain_or_not.compute.devices import build_accelerator
    from pretrain_or_not.compute.extract_features import FrozenEncoder, all_rows
    from pretrain_or_not.compute.memory import peak_memory_mb

    torch.set_num_threads(run.threads)
    accelerator = build_accelerator("auto")
    tokens = run.inputs["train"]
    about = read_metadata(tokens) | {"max_length": run.recipe["max_length"]}
    encoder = FrozenEncoder(run.pretrained, run.recipe["model"], about, accelerator)
    rows = all_rows(tokens)
    encoder.encode(tokens, rows[:FIRST_TEXTS])
    encoder.cost = dict.fromkeys(encoder.cost, 0)
    startup = time.time() - psutil.Process().create_time()
    encoder.encode(tokens, rows[:TEXTS])
    seconds, texts = encoder.cost["seconds"], encoder.cost["examples"]
    nothing = {"steps": 0, "validation_seconds": 0.0, "validation_examples": 0, "validations": 1, "model_mb": 0.0}
    write_json(
        output,
        {key: run.cell[key] for key in ("dataset", "arm")}
        | {"n": texts, "examples_seen": texts, "seconds": seconds, "feature_seconds": seconds}
        | {"training_flops": encoder.cost["flops"], "peak_memory_mb": peak_memory_mb(accelerator.device)}
        | {"startup_seconds": startup, **encoder.facts, **nothing},
    )
    log.info("%d texts, %.0f texts/s", texts, texts / seconds)
