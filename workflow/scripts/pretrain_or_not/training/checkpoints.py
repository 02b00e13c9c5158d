"""Checkpoints of a training run, from which a killed run goes on where it was.

A checkpoint holds model, optimizer and random state as accelerate saves them, the best weights, the progress, and what
the task asks for. It is
written under a temporary name and renamed when all of it is on disk; a manifest with a checksum of each file tells
whether it is whole, and of which run. The order of batches follows from seed and step alone (see `batches`).
"""

import logging
import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

from safetensors.torch import load, save_file

from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.atomic import full_disk_reason, sync_to_disk, use_umask
from pretrain_or_not.files.json_files import read_json, write_json
from pretrain_or_not.files.provenance import sha256_of
from pretrain_or_not.job import log, say

STEPS_BETWEEN_AGREEMENTS = 10

# Tensors that two modules share are saved once and shared again when they are loaded; a warning about it says nothing.
logging.getLogger("accelerate.utils.other").addFilter(lambda record: "Removed shared tensor" not in record.getMessage())


class Checkpoints:
    """The checkpoints of one run, in `folder`; a context manager, which handles signals while it is open.

    SIGUSR1 (a cluster's warning before a time limit) asks for a checkpoint; SIGTERM and SIGINT ask for one and end the
    run.
    fingerprint: text that identifies the run; a checkpoint with another one is not used. seconds: between checkpoints.
    """

    def __init__(self, folder, fingerprint, seconds):
        self.folder, self.fingerprint, self.seconds = Path(folder), fingerprint, seconds
        self.last, self.asked, self.ending = time.monotonic(), False, None
        self.saved = None  # the step of the checkpoint that is there
        self.handlers = {}

    def __enter__(self):
        for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT):
            if signal.getsignal(number) is not signal.SIG_IGN:  # a shell's background job ignores SIGINT
                self.handlers[number] = signal.signal(number, self.obey)
        return self

    def __exit__(self, *_):
        for number, handler in self.handlers.items():
            signal.signal(number, handler)

    def obey(self, number, _frame):
        """Note what a signal asks for; it is done between two steps."""
        self.asked = True
        if number != signal.SIGUSR1:
            self.ending = number

    def visit(self, accelerator, progress, best, task, stepped=True):
        """Write a checkpoint if it is time or asked for, and end the process if asked. Call it between two steps.

        stepped: whether a step has just been done, rather than a part of a validation.
        """
        wanted = (self.asked, time.monotonic() - self.last >= self.seconds, self.ending is not None)
        if accelerator.num_processes > 1:
            # All processes must come to the same decision at the same step.
            if not stepped or progress.done % STEPS_BETWEEN_AGREEMENTS:
                return
            wanted = agree(wanted, accelerator)
        if any(wanted):
            with progress.aside():
                self.save(accelerator, progress, best, task)
            self.asked, self.last = False, time.monotonic()
        if wanted[2]:
            number = self.ending or signal.SIGTERM
            text = f"ended by {signal.Signals(number).name} after step {progress.done}; run again to go on from there"
            say(text)
            raise SystemExit(128 + number)

    def save(self, accelerator, progress, best, task):
        """Write the checkpoint of this moment, then delete the one before; where the disk is full, keep that one."""
        if self.saved == progress.done:  # during a validation: nothing has changed
            return
        started = time.perf_counter()
        partial, whole = self.folder / "partial", self.folder / f"step{progress.done}"
        if accelerator.is_main_process:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
        accelerator.wait_for_everyone()
        failed = self.write(partial, accelerator, progress, best, task)
        if accelerator.num_processes > 1:  # all go on from the same checkpoint, or none
            failed = agree([failed], accelerator)[0]
        if accelerator.is_main_process and failed:
            shutil.rmtree(partial, ignore_errors=True)
        elif accelerator.is_main_process:
            self.complete(partial, whole)
            log.info("checkpoint after step %d, in %.1f s", progress.done, time.perf_counter() - started)
        if not failed:
            self.saved = progress.done
        accelerator.wait_for_everyone()

    def write(self, partial, accelerator, progress, best, task):
        """Write all but the manifest; return whether the disk was too full for it."""
        loss_sum = progress.mean_loss_sum(accelerator)
        try:
            accelerator.save_state(str(partial))
            if accelerator.is_main_process:
                if best.weights:
                    save_file(best.weights, partial / "best.safetensors")
                state = progress.state(loss_sum) | {"best": best.state(), "task": task.state()}
                write_json(partial / "progress.json", state)
        except Exception as error:
            if not full_disk_reason(error):
                raise
            log.warning("no checkpoint after step %d: %s", progress.done, full_disk_reason(error))
            return True
        return False

    def complete(self, partial, whole):
        """Replace the checkpoint before with a written one: add its manifest, sync it to disk, give it its name."""
        files = {path.name: sha256_of(path) for path in sorted(partial.iterdir())}
        write_json(partial / "manifest.json", {"fingerprint": self.fingerprint, "files": files})
        for path in partial.iterdir():
            use_umask(path)
            sync_to_disk(path)
        shutil.rmtree(whole, ignore_errors=True)  # one that was not taken up
        os.rename(partial, whole)
        with suppress(OSError):  # a few network file systems cannot sync a folder
            sync_to_disk(self.folder)
        for old in self.folder.glob("step*"):
            if old != whole:
                shutil.rmtree(old, ignore_errors=True)  # NFS keeps a file that is open

    def resume(self, accelerator, progress, best, task):
        """Restore the state of the last checkpoint, if there is a whole one of this run."""
        found = self.last_whole()
        if found is None:
            return
        accelerator.load_state(str(found))
        state = read_json(found / "progress.json")
        progress.restore(state, accelerator.device)
        best_file = found / "best.safetensors"
        # Read, not mapped into memory: a mapped file cannot be deleted on NFS, and the next checkpoint deletes it.
        weights = load(best_file.read_bytes()) if best_file.exists() else None
        best.restore(state["best"], weights)
        task.restore(state["task"])
        self.saved = progress.done
        log.info("going on from the checkpoint after step %d", progress.done)

    def last_whole(self):
        """Return the folder of the checkpoint to go on from, or None; log why one is not used."""
        found = sorted(self.folder.glob("step*"), key=lambda path: int(path.name.removeprefix("step")), reverse=True)
        for path in found:
            try:
                manifest = read_json(path / "manifest.json")
                damaged = [name for name, sum_ in manifest["files"].items() if sha256_of(path / name) != sum_]
            except (OSError, BadInput, KeyError, TypeError) as error:
                damaged, manifest = [f"manifest.json ({error})"], None
            if damaged:
                log.info("checkpoint %s is damaged (%s): not used", path, ", ".join(damaged))
            elif manifest["fingerprint"] != self.fingerprint:
                log.info("checkpoint %s is of another recipe, data, code or device: not used", path)
            else:
                return path
        return None

    def delete(self):
        """Remove all of them: the run is done."""
        shutil.rmtree(self.folder, ignore_errors=True)


def agree(wanted, accelerator):
    """Return each of `wanted` (booleans), true where it is true in any process."""
    import torch

    votes = torch.tensor(wanted, dtype=torch.int64, device=accelerator.device)
    return [bool(vote) for vote in accelerator.reduce(votes, "sum").tolist()]
