"""Tell whether jobs go to a cluster; check that they can."""

import shutil
import subprocess

from pretrain_or_not.errors import BadInput

ELSEWHERE = "start on a login node of the cluster, or leave out `--profile slurm` to run on this machine"


def check_slurm():
    """Raise BadInput if there is no Slurm here, or it does not answer; then no job could be sent."""
    if shutil.which("sbatch") is None:
        raise BadInput(f"jobs are to go to Slurm, and this machine has no program `sbatch`; {ELSEWHERE}")
    try:
        asked = subprocess.run(["squeue", "--me", "--noheader"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = str(error)
    else:
        if asked.returncode == 0:
            return
        reason = (asked.stderr.strip().splitlines() or ["squeue fails"])[-1]
    raise BadInput(f"jobs are to go to Slurm, and it does not answer ({reason}); {ELSEWHERE}")


def runs_on_cluster(workflow) -> bool:
    """Return whether jobs are sent to a cluster, or this Snakemake runs inside such a job.

    workflow: the object of that name in a Snakefile.
    """
    plugin = workflow.executor_plugin
    return workflow.remote_exec or (plugin is not None and plugin.common_settings.non_local_exec)
