"""Measure how fast this machine trains an arm, by a run of a few steps."""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import psutil

from pretrain_or_not.arms import family_module, module_name
from pretrain_or_not.config.families import FAMILIES
from pretrain_or_not.files.json_files import read_json, write_json
from pretrain_or_not.files.parquet import read_metadata
from pretrain_or_not.files.paths import MODEL_FILES
from pretrain_or_not.files.provenance import digest
from pretrain_or_not.forecast.facts import FREE, MEGABYTE
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

    The content is that of run.json, with `startup_seconds`, what the job took besides, `model_mb`, of the files of the
    model, and `cpu_share`, see `Clock`, by which all seconds are corrected. log_file: of the job. only_flops: train the
    first few steps only, as their number of operations is all that is needed. A run that is one call of `fit` is fitted
    once, completely.
    """
    startup = since_start()
    facts, share = short_run(run, FIRST_STEPS, log_file)
    startup += facts["preparing"]  # libraries are loaded, which a second run finds there
    if not (only_flops or fits_at_once(run)):
        left = SECONDS * facts["steps"] / facts["seconds"]
        facts, share = short_run(run, round(min(max(left, FEWEST_STEPS), MOST_STEPS)), log_file)
    del facts["preparing"]
    write_json(output, facts | {"startup_seconds": startup, "cpu_share": share, "config_digest": digest(run.recipe)})
    log.info("%d steps, %.3g training FLOPs per second, %.1f s besides", facts["steps"],
             facts["training_flops"] / facts["seconds"], startup)  # fmt: skip
    say_if_busy(share)


class Clock:
    """Measures time as it would pass on a machine that is free: a process that waits for a CPU takes longer.

    On a CPU, seconds are multiplied by `share`, the CPU seconds per second of this process and its children, where that
    is below 1. With several threads, a busy machine is noticed only below one CPU.
    """

    def __init__(self):
        self.began, self.cpu = time.perf_counter(), cpu_seconds()

    def share(self) -> float:
        """Return the CPU seconds per second so far, at most 1."""
        return min(1.0, (cpu_seconds() - self.cpu) / max(1e-9, time.perf_counter() - self.began))


def cpu_seconds() -> float:
    """Return the CPU seconds of this process, and of its children that have ended."""
    return sum(os.times()[:4])


def since_start() -> float:
    """Return the seconds since this process started, as on a machine that is free."""
    return min(time.time() - psutil.Process().create_time(), cpu_seconds())


def say_if_busy(share: float) -> None:
    """Log that the machine was busy, if it was."""
    if share < FREE:
        log.warning("the job got %.0f %% of a CPU: seconds are corrected to a machine that is free", 100 * share)


def fits_at_once(run: Run) -> bool:
    """Return whether a run is one call without a number of steps."""
    return FAMILIES[run.recipe["family"]].fitted and "max_steps" not in run.recipe


def shortened(recipe: dict, steps: int) -> dict[str, Any]:
    """Return a recipe that trains for `steps` steps, with one validation at their end."""
    # The steps of a second phase are estimated from those of the first one.
    short = {"epochs": 0, "min_steps": steps, "max_steps": steps, "validations": 1, "patience": None, "reselect": None,
             "augment": None}  # fmt: skip
    return recipe | {key: value for key, value in short.items() if key in recipe}


def short_run(run: Run, steps: int, log_file: str) -> tuple[dict, float]:
    """Train a run for `steps` steps in a temporary folder.

    Returns its run.json, with `model_mb` and `preparing`, the seconds before and after the training, such as those that
    load the data; and the CPU share, by which seconds are corrected.
    """
    from pretrain_or_not.training.launch import launch

    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        outputs = {key: str(Path(folder) / name) for key, name in OUTPUTS.items()}
        short = replace(run, recipe=shortened(run.recipe, steps), outputs=outputs)
        if FAMILIES[run.recipe["family"]].fitted:
            from pretrain_or_not.training.fitted_run import fit_classifier

            fit_classifier(family_module(run.recipe["family"]).build, short)
        else:
            from pretrain_or_not.training import neural_run

            task = {"module": module_name(run.recipe["family"]), "run": asdict(short)}
            launch(neural_run.__name__, task, run.recipe["processes"], log_file)
        facts = read_json(outputs["cost"])
        size = sum((Path(folder) / name).stat().st_size for name in MODEL_FILES)
    facts["preparing"] = time.perf_counter() - clock.began - facts["seconds"] - facts["validation_seconds"]
    share = clock.share() if facts["device"] == "cpu" else 1.0
    corrected = {key: share * facts[key] for key in ("seconds", "validation_seconds", "preparing")}
    return facts | corrected | {"model_mb": size / MEGABYTE}, share


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
    startup, clock = since_start(), Clock()
    encoder.encode(tokens, rows[:TEXTS])
    share = clock.share() if accelerator.device.type == "cpu" else 1.0
    seconds, texts = share * encoder.cost["seconds"], encoder.cost["examples"]
    nothing = {"steps": 0, "validation_seconds": 0.0, "validation_examples": 0, "validations": 1, "model_mb": 0.0}
    write_json(
        output,
        {key: run.cell[key] for key in ("dataset", "arm")}
        | {"n": texts, "examples_seen": texts, "seconds": seconds, "feature_seconds": seconds}
        | {"training_flops": encoder.cost["flops"], "peak_memory_mb": peak_memory_mb(accelerator.device)}
        | {"startup_seconds": startup, "cpu_share": share, "config_digest": digest(run.recipe)}
        | encoder.facts
        | nothing,
    )
    say_if_busy(share)
    log.info("%d texts, %.0f texts/s", texts, texts / seconds)
