"""Follow an experiment that runs anywhere, by the files in its folder of results."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from pretrain_or_not.config.families import FAMILIES
from pretrain_or_not.errors import BadInput
from pretrain_or_not.forecast.facts import Done
from pretrain_or_not.forecast.forecast import Features, Forecast, Row
from pretrain_or_not.forecast.running import FRESH_SECONDS, Job, running_jobs
from pretrain_or_not.forecast.total import Machine, Task, Total, tasks, total
from pretrain_or_not.plan.catalogue import Catalogue
from pretrain_or_not.plan.experiment import NOTE, noted_experiment
from pretrain_or_not.report.amounts import duration
from pretrain_or_not.report.wording import counted

SECONDS_ON_TERMINAL, SECONDS_IN_FILE = 3.0, 60.0  # between two looks
SHARE_OF_TIME = 0.05  # that looks take at most, so that what runs is not slowed down
BAR_WIDTH, SHORTEST_NAME = 12, 10
TRAINING = {family.rule for family in FAMILIES.values()}


@dataclass(frozen=True)
class Look:
    """What a look at the folder of results found.

    summary: how many runs are done, and the time that is left. jobs: (what it does, how far, share of it, time left) of
    each job that runs. finished: whether nothing is left.
    """

    summary: str
    jobs: list[tuple[str, str, float, str]]
    finished: bool

    def lines(self) -> list[str]:
        """Return the look as plain lines."""
        found = [self.summary]
        for name, step, share, left in self.jobs:
            progress = f": {100 * share:.0f} %, {step}" if step else ""
            found.append(f"  {name}{progress}, {left}")
        return found


class Watch:
    """Looks at a folder of results."""

    def __init__(self, results: Path):
        """Raise BadInput if no run was started in the folder."""
        self.results, self.note = results, results / NOTE
        self.read_note()

    def read_note(self) -> None:
        """Read which experiment runs."""
        content = noted_experiment(self.results)
        self.noted = self.note.stat().st_mtime
        self.catalogue = Catalogue(content["config"])
        self.machine = Machine(content["at_once"] or 1, content["on_cluster"], content.get("gpus"))
        self.forecast = Forecast(self.catalogue)

    def look(self) -> Look:
        """Return what is found now."""
        if self.note.stat().st_mtime != self.noted:
            self.read_note()
        jobs = running_jobs(self.results / "logs", self.noted)
        lines = [described(job, self.catalogue) for job in jobs]
        try:
            done = Done(self.catalogue, self.forecast.inputs, self.forecast.params)
            rows = self.forecast.rows(done)
        except BadInput:
            return Look("The data are not read yet.", lines, False)
        features = self.forecast.features(rows, done)
        left = total(rows, features, self.machine, 0, self.catalogue.experiment["keep_models"])
        answer = self.results / "answer.md"
        finished = not (left.jobs or jobs) and answer.is_file() and answer.stat().st_mtime >= self.noted
        return Look(summary(rows, features, left, jobs, self.machine), lines, finished)


def summary(rows: list[Row], features: list[Features], left: Total, jobs: list[Job], machine: Machine) -> str:
    """Return in words how many runs are done, and how much time is left for all."""
    runs = sum(row.runs for row in rows)
    now = f"{counted(len(jobs), 'job')} running" if jobs else "nothing runs now"
    found = [f"{runs - left.runs:,} of {counted(runs, 'training run')} done, {now}"]
    if not left.jobs:
        return f"{found[0]}; all models are trained and tested"
    # A run that is slower than planned shows it by its own steps.
    slowest = max((job.left for job in jobs if job.left is not None), default=0.0)
    shares = [shares_of(row, jobs) for row in rows]
    expected, most = (
        max(slowest, machine.seconds([*tasks(rows, features, 0, at_most, shares), *credit(rows, shares, at_most)]))
        for at_most in (False, True)
    )
    if left.unknown:
        found.append(
            f"at least {duration(max(0.0, expected))} left, without what is not known yet: {', '.join(left.unknown)}"
        )
    elif expected > 0:
        until = f", until {time.strftime('%a %H:%M', time.localtime(time.time() + expected))}" if jobs else ""
        found.append(f"about {duration(expected)} left{until}")
        found += [f"at most {duration(most)}"] if most > 1.05 * expected else []
    return "; ".join(found)


def shares_of(row: Row, jobs: list[Job]) -> list[float]:
    """Return the share that is done of each run of a row that runs now."""
    start = f"{row.dataset}/{row.arm}/n{row.size}/"
    return [job.share for job in jobs if job.rule in TRAINING and job.path.startswith(start)]


def credit(rows: list[Row], shares: list[list[float]], at_most: bool) -> list[Task]:
    """Return what has been done of runs that are not finished, with negative times."""
    return [
        Task(-share * (row.one.seconds if at_most else row.one.expected), row.threads, 0.0, row.gpus)
        for row, of_row in zip(rows, shares, strict=True)
        for share in of_row
        if row.one
    ]


def described(job: Job, catalogue: Catalogue) -> tuple[str, str, float, str]:
    """Return a job as a row of `Look.jobs`."""
    parts = job.path.split("/")
    name = f"{job.rule} {job.path}" if job.path != job.rule else job.rule
    if job.rule in TRAINING:
        dataset, arm, size, seed, setting = parts
        title = catalogue.titles_of([arm])[arm] if arm in catalogue.arms else arm
        labels = size.removeprefix("n").replace("pct", " %")
        name = f"{title}, {dataset}, {labels} labels, {seed.replace('seed', 'seed ')}, {setting}"
    step = f"step {job.step:,} of {job.steps:,}" if job.steps else ""
    time_left = f"{duration(job.left)} left" if job.left is not None else f"for {duration(job.seconds)}"
    if job.silent > FRESH_SECONDS and job.steps:
        time_left += f", silent for {duration(job.silent)}"
    return name, step, job.share, time_left


def drawn(look: Look, width: int) -> Group:
    """Return a look for a terminal of `width` columns: the summary, and a line with a bar per job.

    On a narrow terminal, names are cut.
    """
    grid = Table.grid(padding=(0, 1))
    room = width - BAR_WIDTH - 3 - sum(max((len(str(job[i])) for job in look.jobs), default=0) for i in (1, 3))
    for name, step, share, left in look.jobs:
        text = Text(name)
        text.truncate(max(room, SHORTEST_NAME), overflow="ellipsis")
        bar = ProgressBar(total=1.0, completed=share, width=BAR_WIDTH) if step else ""
        grid.add_row(text, Text(step), Text(left), bar)
    return Group(Text(look.summary), grid)


def follow(watch: Watch, console: Console, once: bool = False) -> None:
    """Show looks until everything is done: in place on a terminal, otherwise as lines, one look per minute."""
    every = SECONDS_ON_TERMINAL if console.is_terminal else SECONDS_IN_FILE
    with Live(console=console, auto_refresh=False, transient=False) if console.is_terminal else nullcontext() as live:
        while True:
            began = time.perf_counter()
            look = watch.look()
            if live:
                live.update(drawn(look, console.width), refresh=True)
            else:
                print(time.strftime("%H:%M:%S"), *look.lines(), sep="\n" if look.jobs else " ", flush=True)
            if look.finished or once:
                return
            time.sleep(max(every, (time.perf_counter() - began) / SHARE_OF_TIME))


def main(arguments: Sequence[str]) -> int:
    """Follow the run that a command line names; return its exit status."""
    parser = argparse.ArgumentParser(description="Follow a run of the workflow: one line per running job, time left.")
    parser.add_argument("results", nargs="?", default="results", type=Path, help="folder of results (default: results)")
    parser.add_argument("--once", action="store_true", help="look once, and end")
    options = parser.parse_args(arguments)
    try:
        follow(Watch(options.results), Console(), options.once)
    except BadInput as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0
