"""GPUs of this machine, leased to one run at a time: Snakemake counts them, but says not which to use."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pretrain_or_not.errors import BadInput
from pretrain_or_not.job import log

SECONDS_BETWEEN_TRIES = 1


def visible_gpus():
    """Names of the GPUs that this process may use, as CUDA_VISIBLE_DEVICES wants them."""
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        return [name for name in os.environ["CUDA_VISIBLE_DEVICES"].split(",") if name]
    if shutil.which("nvidia-smi") is None:
        return []
    listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True).stdout.splitlines()
    return [str(i) for i in range(sum(line.startswith("GPU ") for line in listed))]


@contextmanager
def lease_gpus(count: int, folder: Path | None = None) -> Iterator[None]:
    """Let this process see `count` GPUs that no other run has, waiting until there are.

    Nothing is leased where there are none, or just as many (which is what a cluster gives a job). BadInput where there
    are some, but fewer. Call it before CUDA is in use. A lease is a lock on a file in `folder`: it ends with the
    process, however that ends.
    """
    gpus = visible_gpus()
    if 0 < len(gpus) < count:
        raise BadInput(f"arms: processes: {count} processes want a GPU each, and there are {len(gpus)}; lower it")
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
    """Lock `count` of `gpus`, all or none at a time, so that two runs that want several never wait for each other."""
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
