"""Add up what is left of an experiment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pretrain_or_not.forecast.estimate import STARTUP_SECONDS
from pretrain_or_not.forecast.forecast import JOBS_PER_CELL, Features, Row

SECONDS_PER_HOUR = 3600


class Machine(NamedTuple):
    """Where jobs run. at_once: CPU cores, or on a cluster, jobs at the same time."""

    at_once: int
    on_cluster: bool

    def seconds(self, tasks: Sequence[tuple[float, int, float]]) -> float:
        """Return the seconds that tasks take side by side, at least those of the longest.

        tasks: (seconds in all, threads of one, seconds of the longest one).
        """
        threads = [1 if self.on_cluster else min(count, self.at_once) for _, count, _ in tasks]
        total = sum(seconds * count for (seconds, _, _), count in zip(tasks, threads, strict=True)) / self.at_once
        return max([total, *(longest for _, _, longest in tasks)])


@dataclass(frozen=True)
class Total:
    """What is left of an experiment.

    jobs, runs: that are left; runs are of training. seconds: expected, until the last job is done. at_most: the same if
    no run is stopped early. gpu_hours, cpu_hours: of the jobs that use a GPU and of the others, one after another.
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
    seconds = [(row.on_gpu, row.seconds_left()) for row in rows]
    seconds += [(feature.on_gpu, feature.seconds_left) for feature in features]
    gpus, cpus = (sum(s for gpu, s in seconds if gpu == on_gpu) / SECONDS_PER_HOUR for on_gpu in (True, False))
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
    """Return what is left, as `Machine.seconds` takes it. running: one list per row, see `Row.longest`."""
    running = running or [()] * len(rows)
    found = [
        (row.seconds_left(at_most), row.threads, row.longest(at_most, shares))
        for row, shares in zip(rows, running, strict=True)
        if row.one and row.cells > row.cells_done
    ]
    found += [(feature.seconds_left, feature.threads, feature.seconds_left) for feature in features]
    return [*found, (last * STARTUP_SECONDS, 1, 0.0)]


def kept_mb(row: Row, keep: str) -> float:
    """Return the size of the models of a row's cells that stay on disk, in MB. keep: `keep_models` of the config."""
    if row.one is None:
        return 0.0
    return row.one.model_mb * {"all": row.runs, "selected": row.cells, "none": 0}[keep]
