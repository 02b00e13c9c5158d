"""Run Snakemake in a process that is forked from one which has imported it: a dry run takes a third of the time."""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from helpers.paths import SCRIPTS

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["snakemake.cli", "snakemake.report.html_reporter", "requests"])


def snakemake(folder, arguments):
    """Run Snakemake in a folder; return the finished process, its output in one text as `stdout`."""
    with tempfile.TemporaryDirectory() as place:
        output = Path(place) / "output"
        child = FORKS.Process(target=run, args=(str(folder), list(arguments), str(output), dict(os.environ)))
        child.start()
        child.join()
        return subprocess.CompletedProcess(arguments, child.exitcode, stdout=output.read_text())


def run(folder, arguments, output, environment):
    """Run Snakemake in this process."""
    from snakemake.cli import main

    file = os.open(output, os.O_WRONLY | os.O_CREAT)
    for standard in (1, 2):
        os.dup2(file, standard)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:] = [path for path in sys.path if path != str(SCRIPTS)]  # the package of `folder` is to be imported
    os.chdir(folder)
    main(arguments)
