"""Write the plan: what an experiment takes, for a person to read."""

from __future__ import annotations

import shutil
import textwrap
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import psutil
import pyarrow as pa

from pretrain_or_not.files.atomic import atomic_write
from pretrain_or_not.files.parquet import write_table
from pretrain_or_not.forecast.facts import FREE, MEGABYTE, Done
from pretrain_or_not.forecast.forecast import Features, Forecast, Row
from pretrain_or_not.forecast.next_steps import next_steps
from pretrain_or_not.forecast.total import SECONDS_PER_HOUR, Machine, Total, kept_mb, total
from pretrain_or_not.job import log
from pretrain_or_not.plan.catalogue import Catalogue
from pretrain_or_not.report.amounts import duration, size, speed
from pretrain_or_not.report.markup import markdown, prose
from pretrain_or_not.report.wording import counted, listed

WIDTH = 100  # of the lines, in characters

# A checkpoint holds the weights, and twice as many numbers of the optimizer.
CHECKPOINT = 3

MORE = 1.05  # times as long, from which a time counts as longer

COLUMNS = ["Arm", "Labels", "Runs", "Done", "Time of a run", "Time left", "Memory", "Disk"]
SOURCES = {
    "finished": "by its finished runs",
    "measured": "by a short run on this machine",
    "given": "as `plan.flops_per_second` says",
}


def write_plan(catalogue: Catalogue, machine: Machine, last_jobs: int) -> None:
    """Write plan.parquet, one row per dataset, arm and size, and plan.md in the folder of results.

    last_jobs: jobs after all cells. Raises BadInput for a size that is too large.
    """
    forecast = Forecast(catalogue)
    done = Done(catalogue, forecast.inputs, forecast.params)
    rows = forecast.rows(done)
    features = forecast.features(rows, done)
    left = total(rows, features, machine, last_jobs, catalogue.experiment["keep_models"])
    table = pa.Table.from_pylist([tidy(row, catalogue) for row in rows])
    write_table(catalogue.results / "plan.parquet", table, machine=machine._asdict(), total=asdict(left))
    lines = [
        *sentences(catalogue, rows, left, machine),
        *speeds(rows, catalogue),
        *few_labels_words(rows, catalogue),
        *next_steps(forecast, rows, done, machine),
        *data_words(forecast),
    ]
    tables = [grid_of(name, title, rows, features, catalogue) for name, title in catalogue.titles()["dataset"].items()]
    with atomic_write(catalogue.results / "plan.md") as partial:
        text = "\n\n".join(["# What the experiment takes", *tables, "\n".join(map(wrapped, lines))])
        partial.write_text(text + "\n", encoding="utf-8")
    log.info("%d jobs left, %s", left.jobs, duration(left.seconds))


def data_words(forecast: Forecast) -> list[str]:
    """Return what ingest has warned of and guessed, as Markdown: time to notice it before hours are spent."""
    return [
        f"The data, {markdown(title)}: {prose(warning)}"
        for name, title in forecast.catalogue.titles()["dataset"].items()
        for warning in forecast.summary(name).get("warnings", [])
    ]


def wrapped(line: str) -> str:
    """Return a line as an item of a list, broken so that it fits a terminal."""
    return textwrap.fill(f"- {line}", WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def grid_of(name: str, title: str, rows: list[Row], features: list[Features], catalogue: Catalogue) -> str:
    """Return the table of a dataset in Markdown that is aligned, so that it can be read on a terminal too."""
    titles = catalogue.titles()["arm"]
    cells = [COLUMNS]
    for row in rows:
        if row.dataset == name:
            one = row.one
            known = (
                [duration(one.expected), duration(row.seconds_left()), size(one.memory_mb),
                 size(kept_mb(row, catalogue.experiment["keep_models"]))] if one else ["?"] * 4
            )  # fmt: skip
            cells.append([markdown(titles[row.arm]), f"{row.n:,}", f"{row.runs:,}", f"{row.runs_done:,}", *known])
    for feature in features:
        if feature.dataset == name:
            left = "?" if feature.per_text is None else duration(feature.seconds_left)
            what = f"features of {markdown(feature.model)}, {feature.texts:,} texts"
            cells.append([what, "", "", "", "", left, "", ""])
    widths = [max(len(row[i]) for row in cells) for i in range(len(COLUMNS))]
    marks = ["-" * widths[0], *(f"{'-' * (width - 1)}:" for width in widths[1:])]
    lines = [
        " | ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                   for i, (cell, width) in enumerate(zip(row, widths, strict=True)))
        for row in (cells[0], marks, *cells[1:])
    ]  # fmt: skip
    return f"## {markdown(title)}\n\n" + "\n".join(f"| {line} |" for line in lines)


def sentences(catalogue: Catalogue, rows: list[Row], left: Total, machine: Machine) -> list[str]:
    """Return what is left, in words: time, memory, disk, price."""
    where = f"{machine.at_once:,} jobs at once" if machine.on_cluster else counted(machine.at_once, "core")
    if machine.gpus and left.gpu_hours:
        where += f" and {counted(machine.gpus, 'GPU')}"
    if not left.jobs:
        return ["Everything is done."]
    runs, all_runs = left.runs, sum(row.runs for row in rows)
    most = f", at most {duration(left.at_most)} if no run is stopped early" if left.at_most > left.seconds else ""
    found = [
        f"**Left: {runs:,} of {counted(all_runs, 'training run')}, {counted(left.jobs, 'job')} in all: about "
        f"{duration(left.seconds)} on {where}{most}**, if nothing else runs there.",
        *memory_words(rows, machine),
        disk_words(catalogue, rows, left, machine),
    ]
    if left.unknown:
        found.append(f"Not known, and not counted: {', '.join(map(markdown, left.unknown))}.")
    if made := [name for name in catalogue.made_models() if not (catalogue.made_folder(name) / "run.json").exists()]:
        found.append(f"The pretraining of these models is not counted: {', '.join(map(markdown, made))}.")
    if further := [arm for arm in catalogue.trained_arms() if arm not in catalogue.experiment["arms"]]:
        titles = map(markdown, catalogue.titles_of(further).values())
        found.append(f"The training of these teachers, which are not in `arms`, is not counted: {', '.join(titles)}.")
    helped = {"teacher": "in which teachers answer", "augment": "that write examples"}
    found += [
        f"The jobs {what} are not counted: {listed(list(map(markdown, arms)))}."
        for key, what in helped.items()
        if (arms := [arm for arm in dict.fromkeys(row.arm for row in rows) if catalogue.arms[arm].get(key)])
    ]
    price = catalogue.config["costs"]["hour"]
    if left.gpu_hours:
        found.append(f"GPU: {left.gpu_hours:,.2f} hours{cost_words(left.gpu_hours, price)}.")
    elif price is not None:
        found.append(
            f"Jobs, one after another on their CPU cores: {left.cpu_hours:,.2f} hours"
            f"{cost_words(left.cpu_hours, price)}; for those on a "
            "GPU, give its speed, `plan: {flops_per_second: …}`."
        )
    return found


def cost_words(hours: float, price: float | None) -> str:
    """Return in words what hours cost; nothing without a price."""
    return "" if price is None else f", which cost {hours * price:,.2f} at {price:g} per hour"


def side_by_side(rows: list[Row], machine: Machine) -> int:
    """Return how many of the largest runs that are left run at the same time on one machine."""
    threads = max((row.threads for row in rows if row.one and row.runs_left), default=1)
    return max(1, machine.at_once // threads)


def memory_words(rows: list[Row], machine: Machine) -> list[str]:
    """Return how much memory the runs need at the same time on this machine; nothing on a cluster or for GPUs."""
    largest = max(
        (row.one.memory_mb * row.processes for row in rows if row.one and row.runs_left and not row.on_gpu),
        default=None,
    )
    if machine.on_cluster or largest is None:
        return []
    runs = side_by_side(rows, machine)
    together, there = largest * runs, psutil.virtual_memory().total / MEGABYTE
    short = "; **that is too little: give fewer `--cores`**" if together > there else ""
    return [
        f"Memory: up to {size(together)} for {counted(runs, 'run')}{' side by side' * (runs > 1)}; this machine has "
        f"{size(there)}{short}."
    ]


def disk_words(catalogue: Catalogue, rows: list[Row], left: Total, machine: Machine) -> str:
    """Return how much disk the models need, at the end and while runs are trained."""
    with_sweep = [row.one.model_mb * (row.runs // row.cells + CHECKPOINT) for row in rows if row.one and row.runs_left]
    working = max(with_sweep, default=0.0) * side_by_side(rows, machine)
    free = shutil.disk_usage(existing(catalogue.results)).free / MEGABYTE
    short = "; **that is too little**" if left.disk_mb + working > free else ""
    return (
        f"Disk: {size(left.disk_mb)} for the models that are kept, and up to {size(working)} while they are trained; "
        f"{size(free)} are free{short}."
    )


def existing(folder: Path) -> Path:
    """Return a folder, or the nearest one above it that exists."""
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())


def speeds(rows: list[Row], catalogue: Catalogue) -> list[str]:
    """Return in words how fast each neural arm is trained, and how that is known."""
    found = []
    for arm in dict.fromkeys(row.arm for row in rows if catalogue.family(row.arm).neural):
        if known := [row.one for row in rows if row.arm == arm and row.one]:
            title = markdown(catalogue.titles()["arm"][arm])
            share = known[-1].cpu_share
            busy = f", which got {100 * share:.0f} % of a CPU, and is corrected for that" if share < FREE else ""
            found.append(f"Speed of {title}: {speed(known[-1].rate)}, {SOURCES[known[-1].source]}{busy}.")
    return found


def few_labels_words(rows: list[Row], catalogue: Catalogue) -> list[str]:
    """Return why runs with fewer labels take longer, in a list; empty if there are none for which it is told.

    It is told of neural arms: what fits in one call take is hardly more than the start of a job.
    """
    arms = []
    for arm in dict.fromkeys(row.arm for row in rows if catalogue.family(row.arm).neural):
        for dataset in dict.fromkeys(row.dataset for row in rows):
            own = sorted(
                (row.n, row.one.expected) for row in rows if (row.arm, row.dataset) == (arm, dataset) and row.one
            )
            if any(seconds > MORE * later for (_, seconds), (_, later) in pairwise(own)):
                arms.append(markdown(catalogue.titles()["arm"][arm]))
    if not arms:
        return []
    return [
        f"Runs of {', '.join(dict.fromkeys(arms))} with fewer labels can take longer: each run has at least "
        "`min_steps` steps, however few the texts; batches of few texts have more padding; and some runs are stopped "
        "sooner (`patience`)."
    ]


def tidy(row: Row, catalogue: Catalogue) -> dict:
    """Return a row of plan.parquet."""
    one, keep = row.one, catalogue.experiment["keep_models"]
    facts = {key: getattr(row, key) for key in ("dataset", "arm", "size", "n", "cells", "cells_done", "runs",
                                                "runs_done", "threads")}  # fmt: skip
    return facts | {
        "steps": row.work.steps,
        "examples": row.work.examples,
        "tokens": row.work.tokens,
        "flops": one.flops if one else None,
        "flops_per_second": one.rate if one else None,
        "known_from": one.source if one else None,
        "device": one.device if one else None,
        "seconds_per_run": one.expected if one else None,
        "seconds_per_run_at_most": one.seconds if one else None,
        "hours_left": row.seconds_left() / SECONDS_PER_HOUR if one else None,
        "hours_left_at_most": row.seconds_left(at_most=True) / SECONDS_PER_HOUR if one else None,
        "hours_done": row.seconds_taken / SECONDS_PER_HOUR,
        "memory_mb": one.memory_mb if one else None,
        "disk_mb": kept_mb(row, keep) if one else None,
    }
