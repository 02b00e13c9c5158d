"""The complete quickstart: its seconds against those that its models train, validate and test, spread over the cores.

The last commit is checked out into a temporary folder and runs there once, with the packages of this environment.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import ROOT, row, seconds_of

from pretrain_or_not.files.parquet import read_metadata


def check_out(commit, folder):
    """Write the files of a commit to `folder`."""
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x"], cwd=folder, input=archive, check=True)


def working_seconds(results):
    """Return the seconds of training, validation and testing below `results`, all jobs together."""
    costs = [json.loads(path.read_text()) for path in results.glob("*/runs/*/*/*/*/run.json")]
    tests = [read_metadata(path)["inference"]["seconds"] for path in results.glob("*/predictions/*/*/*.parquet")]
    return sum(cost["seconds"] + cost["validation_seconds"] for cost in costs) + sum(tests)


def measure(arguments):
    """Return one row of one round, as it takes minutes; its ratio is the share of the core time that models use."""
    cores = arguments.threads
    with tempfile.TemporaryDirectory() as folder:
        check_out("HEAD", folder)
        command = [sys.executable, "-m", "snakemake", "--cores", str(cores), "--quiet", "all"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        seconds = seconds_of(subprocess.run, command, cwd=folder, check=True, **quiet)
        working = working_seconds(Path(folder) / "results") / cores
    peer = "training, validation and testing alone, on all cores at once"
    note = f"{1 - working / seconds:.0%} of the core time is spent outside training, validation and testing"
    case = f"snakemake --cores {cores}"
    return [row("quickstart", case, "s", [seconds], [working], peer, arguments, rounds=1, note=note)]
