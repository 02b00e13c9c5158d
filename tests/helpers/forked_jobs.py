"""Run the scripts of Snakemake's jobs in forks of a process that has imported what is slow to import.

A job's process needs seconds for its imports, and jobs on tiny data little else. Where a test starts Snakemake itself,
as `test_elsewhere.py`, `test_kills.py` and the tests on Slurm do, each job has a new process, as it has for users.
"""

import json
import multiprocessing
import os
import runpy
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from socketserver import ForkingMixIn, StreamRequestHandler, UnixStreamServer

from snakemake.script import PythonScript
from threadpoolctl import threadpool_limits

FORKS = multiprocessing.get_context("fork")


class Server(ForkingMixIn, UnixStreamServer):
    """A process without threads, which forks a process per job: threads do not survive a fork, but their locks do."""


class Job(StreamRequestHandler):
    """Run the script that is asked for; answer with its exit status, in the convention of `subprocess`."""

    def handle(self):
        """Answer one request."""
        job = FORKS.Process(target=run, args=json.loads(self.rfile.readline()))
        job.start()
        job.join()
        self.wfile.write(b"%d\n" % job.exitcode)


def run(path, threads, environment):
    """Run a script as Python does at its start, with the threads that Snakemake gives to the job."""
    os.environ.clear()
    os.environ.update(environment | {"OMP_NUM_THREADS": str(threads)})
    threadpool_limits(threads)  # the libraries, which are loaded already, do not read the variable again
    sys.argv = [path]
    sys.path.insert(0, str(Path(path).parent))
    runpy.run_path(path, run_name="__main__")


@contextmanager
def served(place):
    """Run the scripts of this process's jobs in forks of a new process during the block; place: a folder.

    To be called before this process has threads.
    """
    address = str(Path(place) / "jobs")
    with Server(address, Job) as server:
        process = FORKS.Process(target=server.serve_forever)
        process.start()

    def execute_script(script, path, edit=False):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(address)
            connection.sendall(json.dumps([path, script.threads, dict(os.environ)]).encode() + b"\n")
            status = int(connection.makefile().readline() or 1)
        if status:
            raise subprocess.CalledProcessError(status, f"{sys.executable} {path}")

    PythonScript.execute_script = execute_script
    try:
        yield
    finally:
        process.terminate()
        process.join()
