"""Slurm jobs that outlived the Snakemake which sent them: cancelled before another one sends jobs of its own.

After `kill -9` or the loss of a login node, Snakemake's jobs run on, and a restarted Snakemake does not take them up
again: an old and a new job would write the same files. Each run therefore leaves a file, named as its Slurm jobs are,
which it locks for as long as it lives. The system drops the lock of a process that was killed.
"""

import fcntl
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from pretrain_or_not.errors import BadInput

RUNS = Path(".snakemake/slurm_runs")

SECONDS_TO_END = 600  # Slurm kills what does not end by itself after its KillWait, 30 s by default

held: dict[Path, IO] = {}  # path -> open file, whose lock tells others that this process lives


def register(run, folder=RUNS):
    """Note that this process is going to send Slurm jobs named `run`."""
    folder.mkdir(parents=True, exist_ok=True)
    hidden, path = folder / f".{run}", folder / run
    file = open(hidden, "w")  # noqa: SIM115  stays open, and so locked
    with suppress(OSError):  # a file system without locks: there every other run counts as dead
        fcntl.lockf(file, fcntl.LOCK_EX)
    hidden.rename(path)  # only now, so that nobody finds it without its lock
    held[path] = file


def forget(run, folder=RUNS):
    """Note that all jobs of a run have ended."""
    held.pop(folder / run, None)
    (folder / run).unlink(missing_ok=True)


def is_dead(path):
    """Whether the process that registered a run has ended."""
    if path in held:
        return False
    try:
        with open(path) as file:
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        pass  # gone meanwhile, or a file system without locks
    return True


def cancel_orphans(folder=RUNS, say=print):
    """Cancel the Slurm jobs of dead runs in this folder, and wait until they have ended.

    Live runs keep theirs: Snakemake's own lock sees to it that they write other files than this process. BadInput if
    Slurm does not answer, or a job is not this user's to cancel: then nothing may be started.
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
    """Cancel what waits or runs of this process's run, which ends before its jobs.

    Interrupted, Snakemake cancels its jobs, but for those that it is just asking after or sending. Where Slurm does not
    answer, the next run cancels them.
    """
    with suppress(BadInput):
        if jobs := queued(run, "--states=PENDING,CONFIGURING,RUNNING,SUSPENDED"):
            say(f"Cancelling Slurm jobs that are left: {', '.join(jobs)}")
            slurm("scancel", *jobs)


def queued(names, *options):
    """Ids of Slurm jobs so named that wait, run or are about to end."""
    return slurm("squeue", "--noheader", "--format=%i", f"--name={names}", *options).split()


def slurm(*command):
    """The output of a Slurm command."""
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
        f"Start again where and when Slurm answers; or, if surely none runs, after `rm -r {RUNS}`"
    )
