"""Plan with Snakemake in a process that is forked from one which has imported it: that saves half of the time."""

import multiprocessing
import os
import sys
import tempfile
from pathlib import Path

from helpers.paths import ROOT

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["snakemake.cli", "snakemake.report.html_reporter", "requests"])  # what it loads later too


def plan(folder, arguments):
    """Run Snakemake in `folder`; return its exit status and output. It must be a dry run, which starts no job."""
    assert "--dry-run" in arguments
    with tempfile.TemporaryDirectory() as place:
        output = Path(place) / "output"
        child = FORKS.Process(target=run, args=(str(folder), list(arguments), str(output), dict(os.environ)))
        child.start()
        child.join()
        return child.exitcode, output.read_text()


def run(folder, arguments, output, environment):
    """Run Snakemake in this process."""
    from snakemake.cli import main

    file = os.open(output, os.O_WRONLY | os.O_CREAT)
    for standard in (1, 2):
        os.dup2(file, standard)
    os.environ.clear()
    os.environ.update(environment)
    sys.path.remove(str(ROOT / "workflow" / "scripts"))  # the package of `folder` is to be imported
    os.chdir(folder)
    main(arguments)
