"""Start processes that are forked from one which has imported what is slow to import.

That one has no other threads. A fork of the tests' own process could wait for ever for a lock that a thread of
onnxruntime, say, held at that moment.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

from helpers import forked_jobs
from helpers.paths import SCRIPTS

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([
    "snakemake.cli", "snakemake.report.html_reporter", "requests", "torch", "transformers",
    "transformers.models.bert.modeling_bert", "pandas", "pyarrow.parquet", "pyarrow.compute", "duckdb", "scipy.stats",
    "scipy.optimize", "sklearn.linear_model", "matplotlib.pyplot", "seaborn",
])  # fmt: skip


def process(target, *arguments):
    """Return a process, not started, that calls `target` in the environment of this one."""
    return FORKS.Process(target=call, args=(dict(os.environ), target, arguments))


def call(environment, target, arguments):
    """Call `target` in this process, with these environment variables."""
    os.environ.clear()
    os.environ.update(environment)
    target(*arguments)


def snakemake(folder, arguments, fork_jobs=True):
    """Run Snakemake in a folder; return the finished process, its output in one text as `stdout`.

    fork_jobs: whether its jobs are forks, too; libraries that are imported already do not read the environment again.
    """
    with tempfile.TemporaryDirectory() as place:
        output = Path(place) / "output"
        child = process(run, str(folder), list(arguments), str(output), fork_jobs)
        child.start()
        child.join()
        return subprocess.CompletedProcess(arguments, child.exitcode, stdout=output.read_text())


def run(folder, arguments, output, fork_jobs):
    """Run Snakemake in this process."""
    from snakemake.cli import main

    file = os.open(output, os.O_WRONLY | os.O_CREAT)
    for standard in (1, 2):
        os.dup2(file, standard)
    sys.path[:] = [path for path in sys.path if path != str(SCRIPTS)]  # the package of `folder` is to be imported
    os.chdir(folder)
    with forked_jobs.served(Path(output).parent) if fork_jobs else nullcontext():
        main(arguments)
