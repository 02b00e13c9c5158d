"""The complete quickstart: wall-clock seconds against those of an earlier commit, and the share spent in training.

Both commits are checked out into temporary folders and run there with the packages of this environment.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import ROOT, in_turn, row, seconds_of

from pretrain_or_not.files.parquet import read_metadata


def check_out(commit, folder):
    """Write the files of a commit to a new `folder`."""
    folder.mkdir()
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x"], cwd=folder, input=archive, check=True)


def working_seconds(results):
    """Return the seconds of training, validation and testing below `results`, all jobs together."""
    costs = [json.loads(path.read_text()) for path in results.glob("*/runs/*/*/*/*/run.json")]
    tests = [read_metadata(path)["inference"]["seconds"] for path in results.glob("*/predictions/*/*/*.parquet")]
    return sum(cost["seconds"] + cost["validation_seconds"] for cost in costs) + sum(tests)


def measure(arguments):
    """Return one row; each round runs both quickstarts."""
    shares = []
    with tempfile.TemporaryDirectory() as folder:
        folders = {"HEAD": Path(folder) / "now", arguments.baseline: Path(folder) / "before"}
        for commit, place in folders.items():
            check_out(commit, place)

        def run(commit):
            place = folders[commit]
            command = [sys.executable, "-m", "snakemake", "--cores", str(arguments.threads), "--quiet", "all"]
            subprocess.run(["rm", "-rf", "results", ".snakemake"], cwd=place, check=True)
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            seconds = seconds_of(subprocess.run, command, cwd=place, check=True, env=os.environ, **quiet)
            if commit == "HEAD":
                shares.append(1 - working_seconds(place / "results") / (seconds * arguments.threads))
            return seconds

        results = in_turn({commit: lambda _, commit=commit: run(commit) for commit in folders}, arguments.rounds)
    outside = f"{statistics.median(shares):.0%} of the core time is spent outside training, validation and testing"
    return [
        row("quickstart", f"snakemake --cores {arguments.threads}", "s", results["HEAD"], results[arguments.baseline],
            f"commit {arguments.baseline}", arguments, note=outside)
    ]  # fmt: skip
