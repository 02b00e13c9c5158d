"""Start a training: in this process, or in several that torchrun starts, one per GPU."""

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

from pretrain_or_not.compute.gpus import lease_gpus, visible_gpus
from pretrain_or_not.errors import BadInput
from pretrain_or_not.job import log, log_to, note_signal
from pretrain_or_not.training import worker

SECONDS_BETWEEN_LOOKS = 0.2
WORKER = worker.__file__  # imported, so that its code counts among that of training


def launch(module: str, task: dict, processes: int, log_file: str) -> None:
    """Call ``work(**task)`` of a module in so many processes, each with a GPU of its own where there are GPUs.

    module: its full name. task: JSON-able. log_file: where the first of several processes goes on logging.
    """
    with lease_gpus(processes):
        if processes == 1:
            importlib.import_module(module).work(**task)
        else:
            launch_workers(module, task, processes, log_file)


def launch_workers(module: str, task: dict, processes: int, log_file: str) -> None:
    """Call ``work(**task)`` of a module in several processes of one torch process group.

    Signals are passed on to them. Raises what the first process to fail raised.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "task.json"
        file.write_text(json.dumps({"module": module, "task": task, "log": log_file}))
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}",
                   WORKER, str(file)]  # fmt: skip
        # The folder of the worker must not come first among the places where Python looks for modules.
        environment = os.environ | {"PYTHONSAFEPATH": "1"}
        if not visible_gpus():  # accelerate has to be told that the processes share a run on CPU
            environment |= {"ACCELERATE_USE_CPU": "true"}
        with open(Path(folder) / "output", "w+") as output, collected_signals() as received:
            child = subprocess.Popen(command, stdout=output, stderr=output, env=environment, start_new_session=True)
            status = wait_for(child, received, lambda: len(list(Path(folder).glob("started*"))) == processes)
            if status and (ends := [number for number in received if number != signal.SIGUSR1]):
                raise SystemExit(128 + ends[-1])
            if status:
                output.seek(0)
                log.error("%s", output.read())
                raise worker_error(Path(folder))


@contextmanager
def collected_signals():
    """Collect the signals that this process gets, instead of obeying them; give a list that grows as they come."""
    received, handlers = [], {}
    for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT):
        if signal.getsignal(number) is not signal.SIG_IGN:
            handlers[number] = signal.signal(number, lambda number, _frame: received.append(number))
    try:
        yield received
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def wait_for(child, received, workers_started):
    """Wait for `child` and return its exit status; pass the signals `received` on to its workers once they can obey."""
    import psutil

    passed_on = 0
    while True:
        with suppress(subprocess.TimeoutExpired):
            return child.wait(SECONDS_BETWEEN_LOOKS)
        if passed_on < len(received) and workers_started():
            for worker in psutil.Process(child.pid).children():
                with suppress(psutil.NoSuchProcess):
                    worker.send_signal(received[passed_on])
            passed_on += 1


def worker_error(folder):
    """Return the exception that a worker wrote down in its error file."""
    files = sorted(folder.glob("error*.json"), key=lambda path: path.stat().st_mtime)
    if not files:
        return RuntimeError("a process of the run ended without an error message; see the log")
    error = json.loads(files[0].read_text())
    return (BadInput if error["bad_input"] else RuntimeError)(error["text"])


def work(task):
    """Run the task in a worker; write a file next to the task file when it starts, and one about an exception."""
    task, rank = Path(task), int(os.environ["RANK"])
    signal.signal(signal.SIGUSR1, note_signal)  # until training obeys it; it would end the process
    (task.parent / f"started{rank}").touch()
    content = json.loads(task.read_text())
    if rank == 0:
        log_to(content["log"], mode="a")
    try:
        importlib.import_module(content["module"]).work(**content["task"])
    except Exception as error:
        text = str(error) if isinstance(error, BadInput) else f"{type(error).__name__}: {error}"
        message = {"bad_input": isinstance(error, BadInput), "text": text}
        (task.parent / f"error{rank}.json").write_text(json.dumps(message))
        raise
