"""Keep Snakemake's plugin from asking `sacct` on a Slurm without accounting, where `sacct` knows no jobs.

Whenever the plugin checks its jobs, it reads Slurm's settings first. If the controller does not answer, it uses `sacct`
instead of `squeue`, whatever the profile says, provided that a program `sacct` exists. Without accounting, `sacct`
fails even when the controller is back. Finally the plugin drops its jobs, and Snakemake waits for ever.
"""

import shlex
import subprocess

import snakemake_executor_plugin_slurm as plugin
from snakemake_executor_plugin_slurm.job_status_query import query_job_status_sacct


def avoid_useless_sacct(run):
    """Make the plugin believe that there is no `sacct`, if `sacct` does not answer a query about the jobs of `run`."""
    if not answers(shlex.split(query_job_status_sacct(run))):
        is_available = plugin.is_query_tool_available
        plugin.is_query_tool_available = lambda tool: tool != "sacct" and is_available(tool)


def answers(command):
    """Return whether a command succeeds within a minute."""
    try:
        return subprocess.run(command, capture_output=True, timeout=60).returncode == 0
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return False
