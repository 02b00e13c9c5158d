"""Add up what is left of an experiment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pretrain_or_not.forecast.estimate import STARTUP_SECONDS
from pretrain_or_not.forecast.forecast import JOBS_PER_CELL, Features, Row

SECONDS_PER_HOUR = 3600


class Task(NamedTuple):
    """Jobs that are alike: their seconds in all, threads of one, seconds of the longest one, GPUs of one.

    What has been done of them already is a Task with negative seconds.
    """

    seconds: float
    threads: int
    longest: float
    gpus: int = 0


class Machine(NamedTuple):
    """Where jobs run.

    at_once: CPU cores, or on a cluster, jobs at the same time. gpus: how many jobs of one GPU run at the same time;
    None for any number.
    """

    at_once: int
    on_cluster: bool
    gpus: int | None = None

    def seconds(self, tasks: Sequence[Task]) -> float:
        """Return the seconds that tasks take side by side, at least those of the longest."""
        threads = [1 if self.on_cluster else min(task.threads, self.at_once) for task in tasks]
        total = sum(task.seconds * count for task, count in zip(tasks, threads, strict=True)) / self.at_once
        on_gpus = sum(task.seconds * min(task.gpus, self.gpus) for task in tasks) / self.gpus if self.gpus else 0.0
        return max([total, on_gpus, *(task.longest for task in tasks)])


@dataclass(frozen=True)
class Total:
    """What is left of an experiment.

    jobs, runs: that are left; runs are of training. seconds: expected, until the last job is done. at_most: the same if
    no run is stopped early. gpu_hours: of all GPUs of the jobs that use some. cpu_hours: of the other jobs, one after
    another.
    disk_mb: of the models that will be kept. unknown: arms of which nothing is known, so that they are not in the
    seconds.
    """

    jobs: int
    runs: int
    seconds: float
    at_most: float
    gpu_hours: float
    cpu_hours: float
    disk_mb: float
    unknown: list[str]


def total(rows: list[Row], features: list[Features], machine: Machine, last_jobs: int, keep: str) -> Total:
    """Return the Total. last_jobs: after all cells. keep: `keep_models` of the config."""
    cells_left = sum(row.cells - row.cells_done for row in rows)
    runs_left = sum(row.runs_left for row in rows)
    last = last_jobs if cells_left else 0
    texts_left = [feature for feature in features if feature.texts_left]
    seconds = [(row.gpus, row.training_left()) for row in rows]
    seconds += [(int(row.on_gpu), row.testing_left()) for row in rows]
    seconds += [(feature.gpus, feature.seconds_left) for feature in features]
    gpus = sum(count * s for count, s in seconds) / SECONDS_PER_HOUR
    cpus = sum(s for count, s in seconds if not count) / SECONDS_PER_HOUR
    return Total(
        jobs=runs_left + JOBS_PER_CELL * cells_left + len(texts_left) + last,
        runs=runs_left,
        seconds=machine.seconds(tasks(rows, features, last, at_most=False)),
        at_most=machine.seconds(tasks(rows, features, last, at_most=True)),
        gpu_hours=gpus,
        cpu_hours=cpus,
        disk_mb=sum(kept_mb(row, keep) for row in rows),
        unknown=list(dict.fromkeys(row.arm for row in rows if row.one is None and row.runs_left)),
    )


def tasks(rows, features, last, at_most, running=()):
    """Return what is left, as a list of Task. running: one list per row, see `Row.longest`."""
    running = running or [()] * len(rows)
    found = []
    for row, shares in zip(rows, running, strict=True):
        if row.one and row.cells > row.cells_done:
            found.append(Task(row.training_left(at_most), row.threads, row.longest(at_most, shares), row.gpus))
            found.append(Task(row.testing_left(), row.threads, 0.0, int(row.on_gpu)))
    found += [Task(feature.seconds_left, feature.threads, feature.seconds_left, feature.gpus) for feature in features]
    return [*found, Task(last * STARTUP_SECONDS, 1, 0.0)]


def kept_mb(row: Row, keep: str) -> float:
    """Return the size of the models of a row's cells that stay on disk, in MB. keep: `keep_models` of the config."""
    if row.one is None:
        return 0.0
    return row.one.model_mb * {"all": row.runs, "selected": row.cells, "none": 0}[keep]
