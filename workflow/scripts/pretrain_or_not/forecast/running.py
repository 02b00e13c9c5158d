"""Which jobs run now, by their logs."""

from __future__ import annotations

import os
import platform
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

FRESH_SECONDS = 60  # a job on another machine that has logged anything so recently is taken to run
SILENT_SECONDS = 900  # a training run on another machine may be silent for so long, while it validates
TAIL_BYTES = 4000

FIRST_LINE = re.compile(r"([\d:]{8}) (\w+) on (\S+), process (\d+)")
STEP_LINE = re.compile(r"step (\d+)/(\d+)\b(?:.*?(\d+):(\d\d) left)?")
END_LINE = re.compile(r"^[\d:]{8} (ERROR |stopped by |interrupted)", re.MULTILINE)


@dataclass(frozen=True)
class Job:
    """A job that runs.

    rule: its name. path: of its log below logs/{rule}, without the suffix. seconds: since it started. step, steps: of a
    training run, None for other jobs or before its first step. left: seconds to its last step, None if not known.
    silent: seconds since its last line.
    """

    rule: str
    path: str
    seconds: float
    step: int | None
    steps: int | None
    left: float | None
    silent: float

    @property
    def share(self) -> float:
        """Return the share of the steps that is done."""
        return self.step / self.steps if self.step and self.steps else 0.0


def running_jobs(logs: Path, since: float) -> list[Job]:
    """Return the jobs that run, the longest running first.

    logs: the folder of all logs. since: jobs that have logged nothing after this time are over, in seconds since 1970.
    """
    now = time.time()
    found = [job for path, changed in changed_logs(logs, since) if (job := job_of(path, logs, changed, now))]
    return sorted(found, key=lambda job: -job.seconds)


def changed_logs(folder: Path, since: float) -> Iterator[tuple[Path, float]]:
    """Yield the logs below a folder that changed after a time, each with the time of the change."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir():
                    yield from changed_logs(Path(entry.path), since)
                elif entry.name.endswith(".log") and (changed := entry.stat().st_mtime) >= since:
                    yield Path(entry.path), changed
    except OSError:
        return  # deleted meanwhile


def job_of(path: Path, logs: Path, changed: float, now: float) -> Job | None:
    """Return the job that writes a log, None if it has ended."""
    try:
        with open(path, "rb") as file:
            head = file.readline(500).decode(errors="replace")
            file.seek(max(0, path.stat().st_size - TAIL_BYTES))
            tail = file.read().decode(errors="replace")
    except OSError:
        return None
    first = FIRST_LINE.match(head)
    if not first or END_LINE.search(tail):
        return None
    clock, rule, host, process = first.groups()
    steps = STEP_LINE.findall(tail)
    silent = max(0.0, now - changed)
    if host == platform.node():
        if not is_alive(int(process), changed):
            return None
    elif silent > (SILENT_SECONDS if steps and steps[-1][0] != steps[-1][1] else FRESH_SECONDS):
        return None
    seconds = seconds_since(clock, changed) + silent
    step, total, left = None, None, None
    if steps:
        step, total = int(steps[-1][0]), int(steps[-1][1])
        if steps[-1][2]:
            left = max(0.0, 60 * int(steps[-1][2]) + int(steps[-1][3]) - silent)
        else:
            left = seconds * (total - step) / max(1, step)
    relative = path.relative_to(logs).with_suffix("")
    name = relative.relative_to(rule) if len(relative.parts) > 1 else relative
    return Job(rule, name.as_posix(), seconds, step, total, left, silent)


def is_alive(process: int, changed: float) -> bool:
    """Return whether a process of this machine runs, and is not a later one with the same number.

    changed: when its log was last changed, in seconds since 1970.
    """
    try:
        return psutil.Process(process).create_time() <= changed
    except psutil.Error:
        return False


def seconds_since(clock: str, changed: float) -> float:
    """Return the seconds from a time of day, HH:MM:SS, to a time at most a day later, in seconds since 1970.

    Longer jobs are shown as if they had started within the last day: their log has no dates.
    """
    hours, minutes, seconds = map(int, clock.split(":"))
    end = time.localtime(changed)
    passed = 3600 * (end.tm_hour - hours) + 60 * (end.tm_min - minutes) + end.tm_sec - seconds
    return float(passed % 86_400)
