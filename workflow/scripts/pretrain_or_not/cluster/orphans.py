"""Cancel Slurm jobs whose Snakemake was killed, before a new Snakemake sends its own jobs.

After `kill -9` or the loss of a login node, Snakemake's jobs continue, and a restarted Snakemake does not adopt them:
an old and a new job would write the same files. So each run of Snakemake writes a file with the name of its Slurm jobs,
and locks it while it runs. The system removes the lock of a killed process.
"""

import fcntl
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from pretrain_or_not.errors import BadInput

RUNS = Path(".snakemake/slurm_runs")

SECONDS_TO_END = 600  # Slurm kills a job that does not end by itself after its KillWait, 30 s by default

held: dict[Path, IO] = {}  # path -> open file, whose lock shows others that this process is alive


def register(run, folder=RUNS):
    """Record that this process is going to send Slurm jobs named `run`."""
    folder.mkdir(parents=True, exist_ok=True)
    hidden, path = folder / f".{run}", folder / run
    file = open(hidden, "w")  # noqa: SIM115  stays open, and therefore locked
    with suppress(OSError):  # a file system without locks, where every other run counts as dead
        fcntl.lockf(file, fcntl.LOCK_EX)
    hidden.rename(path)  # only now, so that nobody finds the file without its lock
    held[path] = file


def forget(run, folder=RUNS):
    """Record that all jobs of a run have ended."""
    held.pop(folder / run, None)
    (folder / run).unlink(missing_ok=True)


def is_dead(path):
    """Return whether the process that registered a run has ended. path: the file of the run."""
    if path in held:
        return False
    try:
        with open(path) as file:
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        pass  # the file is deleted meanwhile, or the file system has no locks
    return True


def cancel_orphans(folder=RUNS, say=print):
    """Cancel the Slurm jobs of dead runs in this folder, and wait until they have ended.

    Jobs of live runs continue: Snakemake's own lock ensures that they write other files than this process. Raises
    BadInput if Slurm does not answer, if this user may not cancel a job, or if jobs do not end: then nothing may start.
    """
    dead = [path for path in sorted(folder.glob("[!.]*")) if is_dead(path)]
    if not dead:
        return
    names = ",".join(path.name for path in dead)
    if jobs := queued(names):
        say(f"Cancelling Slurm jobs of an earlier run that was killed: {', '.join(jobs)}")
        slurm("scancel", *jobs)
        patience = time.monotonic() + SECONDS_TO_END
        while jobs := queued(names):
            if time.monotonic() > patience:
                raise BadInput(
                    f"Slurm jobs of an earlier run do not end: {', '.join(jobs)}; start again when they have"
                )
            time.sleep(1)
    for path in dead:
        path.unlink(missing_ok=True)


def cancel_rest(run, say=print):
    """Cancel the waiting and running jobs of this process's run, which ends before they do.

    An interrupted Snakemake cancels its jobs, except those that it is checking or sending at that moment. If Slurm does
    not answer, the next run cancels them.
    """
    with suppress(BadInput):
        if jobs := queued(run, "--states=PENDING,CONFIGURING,RUNNING,SUSPENDED"):
            say(f"Cancelling Slurm jobs that are left: {', '.join(jobs)}")
            slurm("scancel", *jobs)


def queued(names, *options):
    """Return the ids of Slurm jobs of these names (joined by commas) that wait, run or are about to end."""
    return slurm("squeue", "--noheader", "--format=%i", f"--name={names}", *options).split()


def slurm(*command):
    """Return the output of a Slurm command; raise BadInput if it fails or does not answer."""
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    except FileNotFoundError:
        reason = f"there is no {command[0]} on this machine"
    except subprocess.TimeoutExpired:
        reason = f"{command[0]} does not answer"
    except subprocess.CalledProcessError as error:
        reason = f"{command[0]}: {error.stderr.strip()}"
    raise BadInput(
        f"Slurm jobs of an earlier run that was killed may still write results, and {reason}. "
        f"Start again where and when Slurm answers; or, if you are sure that none runs, after `rm -r {RUNS}`"
    )
