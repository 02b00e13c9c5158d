"""GPUs of this machine, each leased to one run at a time: Snakemake counts GPUs, but does not assign them."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import takewhile
from pathlib import Path

from pretrain_or_not.errors import BadInput
from pretrain_or_not.job import log

SECONDS_BETWEEN_TRIES = 1


def visible_gpus():
    """Return the names of the GPUs that this process may use, in the form of CUDA_VISIBLE_DEVICES."""
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        names = os.environ["CUDA_VISIBLE_DEVICES"].split(",")
        return [name for name in takewhile(lambda name: name.strip() != "-1", names) if name]  # as CUDA reads it
    if shutil.which("nvidia-smi") is None:
        return []
    listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True).stdout.splitlines()
    return [str(i) for i in range(sum(line.startswith("GPU ") for line in listed))]


@contextmanager
def lease_gpus(count: int, folder: Path | None = None) -> Iterator[None]:
    """Make `count` GPUs that no other run uses visible to this process; wait until they are free.

    Nothing is leased if `count` is 0, if there are no GPUs, or exactly `count` (as in a cluster's job). Raises BadInput
    if there are some, but fewer than `count`. Call it before CUDA is in use. A lease is a lock on a file in `folder`:
    it ends with the process, even if the process is killed.
    """
    gpus = visible_gpus() if count else []
    if 0 < len(gpus) < count:
        raise BadInput(f"arms: processes: {count} processes need a GPU each, and there are {len(gpus)}; lower it")
    if len(gpus) in (0, count):
        yield
        return
    folder = Path(folder or Path(tempfile.gettempdir()) / f"pretrain-or-not-{os.getuid()}")
    folder.mkdir(exist_ok=True)
    with ExitStack() as stack:
        leased = take(gpus, count, folder, stack)
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(leased)
        log.info("GPU %s", ", ".join(leased))
        yield


def take(gpus, count, folder, stack):
    """Lock `count` of `gpus`, all or none, so that two runs that need several never wait for each other.

    Returns the names of the locked GPUs; the ExitStack `stack` unlocks them.
    """
    while True:
        with ExitStack() as tried:
            leased = []
            for gpu in gpus:
                file = tried.enter_context(open(folder / f"gpu-{gpu.replace('/', '_')}.lock", "w"))
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                leased.append(gpu)
                if len(leased) == count:
                    stack.push(tried.pop_all())
                    return leased
        time.sleep(SECONDS_BETWEEN_TRIES)
