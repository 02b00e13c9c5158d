"""The time of a run outside training: from process start to the first step, and from the last step to its files.

It is compared with a process that only imports torch.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

from harness import MODEL, ROOT, in_turn, row, seconds_of

LIMITS = {"lstm": 1, "bert": 3}  # seconds more than importing torch
EXAMPLES, STEPS = 1000, 5
ROUNDS = 5  # at least, as a start is short
FILES = {"model": "model.safetensors", "config": "config.json", "history": "history.parquet", "cost": "run.json"}


def recipe(family, max_length):
    """Return the recipe of the quickstart's arm of a family, cut to a few steps, on texts of `max_length` tokens."""
    import yaml

    from pretrain_or_not.config.check import check_config

    arms = check_config(yaml.safe_load((ROOT / "config.yaml").read_text()))["arms"]
    arm = arms[{"lstm": "lstm", "bert": "minilm"}[family]]
    return arm | {"min_steps": STEPS, "epochs": 0.001, "validations": 1, "max_length": max_length}


def cell(family, inputs, recipe, dataset, threads, started):
    """Train a run of STEPS steps; print the seconds from `started` to the first step, and those after the last."""
    from pretrain_or_not.arms import family_module
    from pretrain_or_not.training.neural_run import train_network
    from pretrain_or_not.training.progress import Progress
    from pretrain_or_not.training.run import Run

    done, step = [], Progress.step

    def noted(self, *arguments):
        step(self, *arguments)
        done.append(time.time())

    Progress.step = noted
    with tempfile.TemporaryDirectory() as folder:
        run = Run(
            cell={"dataset": dataset, "arm": family, "size": str(EXAMPLES), "seed": 0, "setting": "lr0.0001",
                  "selection": "validation"},
            recipe=recipe,
            value=1e-4,
            inputs=inputs,
            outputs={key: str(Path(folder) / name) for key, name in FILES.items()},
            pretrained={"path": MODEL} if family == "bert" else None,
            validation_max=100,
            threads=threads,
        )  # fmt: skip
        train_network(family_module(family).build, run)
        print(json.dumps([done[0] - started, time.time() - done[-1]]))


def measure(arguments):
    """Return two rows per family: process start to first step, and last step to files, against importing torch."""
    from pretrain_or_not.data.subsets import write_subset

    name, text = next(iter(arguments.texts.items()))
    subset = text.examples.parent / "subset.parquet"
    write_subset(text.examples, text.examples.parent / "dataset.json", str(EXAMPLES), 0, subset)
    inputs = {split: str(text.tokens[split]) for split in ("train", "validation")} | {"subset": str(subset)}

    def run(family):
        told = recipe(family, text.max_length)
        task = json.dumps([family, inputs, told, name, arguments.threads, time.time()])
        done = subprocess.run([sys.executable, __file__, task], capture_output=True, text=True, check=True)
        return json.loads(done.stdout.splitlines()[-1])

    def import_torch(_):
        return seconds_of(subprocess.run, [sys.executable, "-c", "import torch"], check=True)

    peer = "python -c 'import torch'"
    sides = {family: lambda _, family=family: run(family) for family in LIMITS}
    arguments = SimpleNamespace(**vars(arguments) | {"rounds": max(ROUNDS, arguments.rounds)})
    results = in_turn(sides | {peer: import_torch}, arguments.rounds)
    rows = []
    for family, limit in LIMITS.items():
        first, last = zip(*results[family], strict=True)
        rows.append(row("startup", f"{family}: process start to first step", "s", first, results[peer], peer, arguments,
                        target=f"at most {limit} s more"))  # fmt: skip
        rows.append(row("startup", f"{family}: last step to files written", "s", last, results[peer], peer, arguments))
    return rows


if __name__ == "__main__":
    cell(*json.loads(sys.argv[1]))
