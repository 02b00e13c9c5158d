"""Write the history of training runs for TensorBoard."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.files.parquet import open_parquet
from pretrain_or_not.forecast.facts import Done
from pretrain_or_not.plan.catalogue import Catalogue
from pretrain_or_not.plan.experiment import noted_experiment
from pretrain_or_not.plan.inputs import JobInputs
from pretrain_or_not.plan.params import JobParams
from pretrain_or_not.report.wording import counted

EVENTS = "events.out.tfevents.*"  # the files that TensorBoard reads


def export(results: Path, folder: Path) -> tuple[int, int]:
    """Write an event file per finished run of the experiment in `results` below `folder`.

    Returns how many there are, and how many other runs are in `results`: those that the experiment, as it was last
    started, has no more or will train again. What an earlier call has written for any of them is replaced or deleted.
    Raises BadInput without TensorBoard, or if there is no finished run.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise BadInput(
            "TensorBoard is not installed; run `make tensorboard`, or `pip install -r envs/tensorboard.txt`"
        ) from error
    found = sorted(results.glob("*/runs/*/*/*/*/history.parquet"))
    found = [path.parent for path in found if (path.parent / "run.json").is_file()]
    runs = runs_of_experiment(results)
    if not runs & {*found}:
        raise BadInput(f"{results}: there is no finished run of the experiment; name the folder of your results")
    for run in found:
        dataset, _, *rest = run.relative_to(results).parts
        target = folder.joinpath(dataset, *rest)
        for old in target.glob(EVENTS):
            old.unlink()
        if run in runs:
            with SummaryWriter(str(target)) as writer:
                write_history(writer, run)
    return len(runs & {*found}), len({*found} - runs)


def runs_of_experiment(results: Path) -> set[Path]:
    """Return the folders of the finished runs of the experiment that was last started in a folder of results."""
    catalogue = Catalogue(noted_experiment(results)["config"])
    inputs = JobInputs(catalogue)
    done = Done(catalogue, inputs, JobParams(catalogue))
    names = ("dataset", "arm", "size", "seed")
    return {inputs.folder(dict(zip(names, cell, strict=True))) / setting for *cell, setting in done.runs}


def write_history(writer, run: Path) -> None:
    """Write the rows of a run's history: loss, validation score, learning rate over steps; missing values are left out.

    writer: a SummaryWriter. run: the folder of the run.
    """
    facts = read_json(run / "run.json")
    began = (run / "run.json").stat().st_mtime - facts["seconds"]
    tags = {
        "loss": "training loss",
        "validation_score": f"validation {facts['metric']}",
        "learning_rate": "learning rate",
    }
    with open_parquet(run / "history.parquet") as file:
        rows = file.read().to_pylist()
    for row in rows:
        for column, tag in tags.items():
            if row[column] is not None and row[column] == row[column]:
                writer.add_scalar(tag, row[column], row["step"], walltime=began + row["seconds"])


def main(arguments: Sequence[str]) -> int:
    """Export what a command line names; return its exit status."""
    parser = argparse.ArgumentParser(description="Write the history of an experiment's runs for TensorBoard.")
    parser.add_argument("results", nargs="?", default="results", type=Path, help="folder of results (default: results)")
    parser.add_argument("folder", nargs="?", default="tensorboard", type=Path, help="to write (default: tensorboard)")
    options = parser.parse_args(arguments)
    try:
        count, others = export(options.results, options.folder)
    except BadInput as error:
        print(error, file=sys.stderr)
        return 1
    left = f"; {counted(others, 'run')} of an earlier config or earlier data left out" if others else ""
    program = os.path.relpath(Path(sys.executable).with_name("tensorboard"))
    program = program if not program.startswith("..") else str(Path(sys.executable).with_name("tensorboard"))
    print(f"{counted(count, 'run')} in {options.folder}{left}; to look at it: {program} --logdir {options.folder}")
    return 0
