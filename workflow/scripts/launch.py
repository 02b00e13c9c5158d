"""Start a training run: in this process, or in several that torchrun starts, one a GPU."""

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

from gpus import lease_gpus, visible_gpus
from run_files import run_arguments
from stage import BadInput, log, log_to, overhear

SECONDS_A_MINUTE = 60
SECONDS_BETWEEN_LOOKS = 0.2


def launch_run(train, snakemake, **extra):
    """Call `train`, a function of the module of its own name, for the run that a rule's `snakemake` object describes.

    extra: further JSON-able arguments.
    """
    processes = snakemake.params.recipe["processes"]
    arguments = run_arguments(snakemake) | {
        "seed": int(snakemake.wildcards.seed),
        "threads": max(1, snakemake.threads // processes),
        "checkpointing": {
            # Not a param: how often a run is saved does not change it.
            "seconds": SECONDS_A_MINUTE * snakemake.config["experiment"]["checkpoint_minutes"],
            "code": snakemake.params.code,
        },
    } | extra  # fmt: skip
    with lease_gpus(processes):
        if processes == 1:
            train(**arguments)
        else:
            launch(train.__name__, processes, arguments, snakemake.log[0])


def launch(name, processes, arguments, log_file):
    """Call function `name` of module `name` with `arguments` in `processes` processes of one torch process group.

    The first of them logs to `log_file`. Signals are passed on. Raises what the first process to fail raised.
    """
    with tempfile.TemporaryDirectory() as folder:
        task = Path(folder) / "task.json"
        task.write_text(json.dumps({"name": name, "arguments": arguments, "log": log_file}))
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}",
                   __file__, str(task)]  # fmt: skip
        # Without GPUs, accelerate has to be told that the processes share a run on CPU.
        environment = os.environ | ({} if visible_gpus() else {"ACCELERATE_USE_CPU": "true"})
        with open(Path(folder) / "output", "w+") as output, signals_noted() as told:
            child = subprocess.Popen(command, stdout=output, stderr=output, env=environment, start_new_session=True)
            status = end_of(child, told, lambda: len(list(Path(folder).glob("begun*"))) == processes)
            if status and (ends := [number for number in told if number != signal.SIGUSR1]):
                raise SystemExit(128 + ends[-1])
            if status:
                output.seek(0)
                log.error("%s", output.read())
                raise failure(Path(folder))


@contextmanager
def signals_noted():
    """Note what this process is told, instead of obeying; gives the list of signals, which grows as they come."""
    told, handlers = [], {}
    for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT):
        if signal.getsignal(number) is not signal.SIG_IGN:
            handlers[number] = signal.signal(number, lambda number, _frame: told.append(number))
    try:
        yield told
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def end_of(child, told, workers_have_begun):
    """Wait for `child`, and pass on to its workers what is `told`, as soon as they can obey; the exit status."""
    import psutil

    passed_on = 0
    while True:
        with suppress(subprocess.TimeoutExpired):
            return child.wait(SECONDS_BETWEEN_LOOKS)
        if passed_on < len(told) and workers_have_begun():
            for worker in psutil.Process(child.pid).children():
                with suppress(psutil.NoSuchProcess):
                    worker.send_signal(told[passed_on])
            passed_on += 1


def failure(folder):
    """The exception that a worker left word of."""
    left = sorted(folder.glob("error*.json"), key=lambda path: path.stat().st_mtime)
    if not left:
        return RuntimeError("a process of the run died without a word; see the log")
    error = json.loads(left[0].read_text())
    return (BadInput if error["bad_input"] else RuntimeError)(error["text"])


def work(task):
    """What a worker does: call the function; leave word beside the task when it begins, and of an exception."""
    task, rank = Path(task), int(os.environ["RANK"])
    signal.signal(signal.SIGUSR1, overhear)  # until training obeys it; it would end the process
    (task.parent / f"begun{rank}").touch()
    what = json.loads(task.read_text())
    if rank == 0:
        log_to(what["log"], mode="a")
    try:
        getattr(importlib.import_module(what["name"]), what["name"])(**what["arguments"])
    except Exception as error:
        text = str(error) if isinstance(error, BadInput) else f"{type(error).__name__}: {error}"
        word = {"bad_input": isinstance(error, BadInput), "text": text}
        (task.parent / f"error{rank}.json").write_text(json.dumps(word))
        raise


if __name__ == "__main__":
    work(sys.argv[1])
