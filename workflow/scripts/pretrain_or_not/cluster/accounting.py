"""Slurm without accounting: there, Snakemake's plugin is kept from asking `sacct`, which has nothing to tell.

At every look at its jobs the plugin reads Slurm's settings first. When the controller does not answer, it takes `sacct`
for `squeue`, whatever the profile says, if only there is a program of that name. Without accounting that one fails even
when the controller is back, until the plugin drops its jobs, and Snakemake waits for ever.
"""

import shlex
import subprocess

import snakemake_executor_plugin_slurm as plugin
from snakemake_executor_plugin_slurm.job_status_query import query_job_status_sacct


def avoid_useless_sacct(run):
    """Tell the plugin that there is no `sacct`, if it does not answer the question after the jobs of `run`."""
    if not answers(shlex.split(query_job_status_sacct(run))):
        is_there = plugin.is_query_tool_available
        plugin.is_query_tool_available = lambda tool: tool != "sacct" and is_there(tool)


def answers(command):
    """Whether a command ends well within a minute."""
    try:
        return subprocess.run(command, capture_output=True, timeout=60).returncode == 0
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return False
