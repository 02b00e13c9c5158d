"""Train a network further, in a second phase that follows the ordinary one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pretrain_or_not.compute.flops import Work
from pretrain_or_not.job import log
from pretrain_or_not.training.arrays_digest import arrays_digest
from pretrain_or_not.training.best import copy_on_cpu
from pretrain_or_not.training.checkpoints import Checkpoints
from pretrain_or_not.training.loop import run_task
from pretrain_or_not.training.run import Run
from pretrain_or_not.training.task import Task

# What is added up over both phases.
SUMS = ("steps", "examples_seen", "tokens_seen", "seconds", "cpu_seconds", "validation_seconds", "training_flops")


class Second(NamedTuple):
    """What a second phase has done.

    history: one row per validation. cost: as `loop.run_task` returns it. work: what was computed on. better: whether it
    found better weights than the first phase, which the model then has.
    """

    history: list[dict]
    cost: dict
    work: Work
    better: bool


def train_again(
    key: str, model, task: Task, run: Run, learning_rate: float, checkpoints: Checkpoints, score_before: float,
    data: str = "",
) -> Second:  # fmt: skip
    """Do the second phase of an arm with a `key`; `model` keeps its weights unless better ones are found.

    Its learning rate is constant, and it is not stopped early. checkpoints: of the run; those of this phase are below
    them. score_before: of the first phase. data: digest of what only the second phase reads.
    """
    kept = {name: copy_on_cpu(weights) for name, weights in model.state_dict().items()}
    fingerprint = f"{checkpoints.fingerprint} {arrays_digest(tensor.numpy() for tensor in kept.values())} {data}"
    own = Checkpoints(Path(checkpoints.folder) / key, fingerprint, checkpoints.seconds)
    recipe = run.recipe | {"warmup": 0.0, "schedule": "constant", "patience": None}
    rows, cost, work = run_task(model, task, recipe, learning_rate, run.cell["seed"], own)
    score, sign = cost["validation_score"], run.measure.sign
    better = score is not None and sign * score > sign * score_before
    if not better:
        model.load_state_dict(kept)
    log.info("%s: validation %s %.4f before, %s after: %s", key, run.measure.name, score_before,
             "not finite" if score is None else f"{score:.4f}",
             "better" if better else "not better, so the weights from before are kept")  # fmt: skip
    return Second(rows, cost, work, better)


def both(first: dict, second: dict, better: bool) -> dict:
    """Return the cost of both phases together. better: whether the weights are those of the second one."""
    sums = {key: None if first[key] is None else first[key] + second[key] for key in SUMS}
    found = (first | second if better else second | first) | sums
    found["examples_per_second"] = found["examples_seen"] / found["seconds"]
    found["peak_memory_mb"] = max(first["peak_memory_mb"], second["peak_memory_mb"])
    if better:
        found["best_step"] = first["steps"] + second["best_step"]
    return found


def after(rows: list[dict], first: dict, facts: Callable[[int, int], dict]) -> list[dict]:
    """Return the history of the second phase as it goes on from that of the first one.

    facts: function of two steps that returns what else is told of those between them.
    """
    found, start = [], 0
    for row in rows:
        found.append(
            row
            | {"step": first["steps"] + row["step"], "examples": first["examples_seen"] + row["examples"]}
            | {"seconds": first["seconds"] + row["seconds"]}
            | facts(start, row["step"])
        )
        start = row["step"]
    return found


def plus(first: Work, second: Work) -> Work:
    """Return two amounts of work together."""
    return Work(*(a + b for a, b in zip(vars(first).values(), vars(second).values(), strict=True)))
