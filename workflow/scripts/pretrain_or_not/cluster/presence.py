"""Check that jobs can be sent to Slurm from this machine."""

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
