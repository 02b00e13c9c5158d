"""Run code in another Python process."""

import os
import subprocess
import sys

from helpers.paths import SCRIPTS


def environment():
    """Return the environment of a process that can import the package."""
    return os.environ | {"PYTHONPATH": str(SCRIPTS)}


def run_python(code, *arguments, check=True, **options):
    """Run Python code to its end; return the finished process, with its output as text.

    check: whether to raise an error if it fails. options: see `subprocess.run`.
    """
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, check=check, env=environment(), capture_output=True, text=True, **options)
