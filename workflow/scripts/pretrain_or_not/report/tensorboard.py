"""Write the history of training runs for TensorBoard."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.files.parquet import open_parquet
from pretrain_or_not.report.wording import counted

EVENTS = "events.out.tfevents.*"  # the files that TensorBoard reads


def export(results: Path, folder: Path) -> int:
    """Write an event file per finished run in `results` below `folder`, and return how many there are.

    What an earlier call has written for the same run is replaced. Raises BadInput without TensorBoard, or if there is
    no finished run.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise BadInput(
            "TensorBoard is not installed; run `make tensorboard`, or `pip install -r envs/tensorboard.txt`"
        ) from error
    runs = sorted(results.glob("*/runs/*/*/*/*/history.parquet"))
    runs = [path.parent for path in runs if (path.parent / "run.json").is_file()]
    if not runs:
        raise BadInput(f"{results}: there is no finished run; name the folder of your results")
    for run in runs:
        dataset, _, *rest = run.relative_to(results).parts
        target = folder.joinpath(dataset, *rest)
        for old in target.glob(EVENTS):
            old.unlink()
        with SummaryWriter(str(target)) as writer:
            write_history(writer, run)
    return len(runs)


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
    parser = argparse.ArgumentParser(description="Write the history of all finished runs for TensorBoard.")
    parser.add_argument("results", nargs="?", default="results", type=Path, help="folder of results (default: results)")
    parser.add_argument("folder", nargs="?", default="tensorboard", type=Path, help="to write (default: tensorboard)")
    options = parser.parse_args(arguments)
    try:
        count = export(options.results, options.folder)
    except BadInput as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{counted(count, 'run')} in {options.folder}; to look at it: tensorboard --logdir {options.folder}")
    return 0
