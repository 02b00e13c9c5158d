"""Progress of a training run, in lines of the log that a person can follow."""

import math
import time
from contextlib import contextmanager
from dataclasses import asdict

import numpy as np
import psutil
import torch

from pretrain_or_not.compute.clock import clock
from pretrain_or_not.compute.flops import Work
from pretrain_or_not.job import log

SECONDS_BETWEEN_LINES = 10


class Progress:
    """What a run has done so far, in `processes` that share it; `state` and `restore` carry it over an interruption."""

    def __init__(self, steps, processes):
        self.steps, self.processes, self.done, self.work = steps, processes, 0, Work()
        self.last_line = time.perf_counter()
        self.started_with = 0  # steps done before this process
        self.before, self.started, self.set_aside = np.zeros(2), clock(), np.zeros(2)  # see `clock`
        self.paused = None  # what the clock showed when it was stopped
        self.validation_seconds = 0.0
        self.history, self.rate = [], 0.0
        self.loss_sum, self.losses = None, 0  # of the steps since the last validation

    def step(self, examples, width, loss, rate):
        """Count an optimizer step at learning rate `rate`; nothing waits here for `loss`.

        examples: of all processes together, padded to `width` tokens.
        """
        if self.done == self.started_with:
            log.info("first step done %.0f s after the process started", time.time() - psutil.Process().create_time())
        self.done += 1
        self.work.add(examples, width, batches=self.processes)
        self.loss_sum = loss.detach() if self.loss_sum is None else self.loss_sum + loss.detach()
        self.losses += 1
        self.rate = rate

    def times(self):
        """Return `seconds` in the loop so far, without those of validation and checkpoints, and `cpu_seconds` of it."""
        now = clock() if self.paused is None else self.paused
        seconds, computing = (self.before + now - self.started - self.set_aside).tolist()
        return {"seconds": seconds, "cpu_seconds": computing}

    def training_seconds(self):
        """Return the seconds in the loop so far, without those of validation and checkpoints."""
        return self.times()["seconds"]

    @contextmanager
    def aside(self):
        """Leave the time of a block out of the training time; blocks may be nested."""
        if self.paused is not None:
            yield
            return
        if torch.cuda.is_available():
            torch.cuda.synchronize()  # training steps may still be queued
        self.paused = clock()
        yield
        self.set_aside += clock() - self.paused
        self.paused = None

    @property
    def validated(self):
        """Return whether the weights as they are now have been validated."""
        return bool(self.history) and self.history[-1]["step"] == self.done

    @property
    def diverged(self):
        """Return whether the last validation had predictions that are not finite: AdamW does not recover from that."""
        return bool(self.history) and self.history[-1]["validation_score"] is None

    def mean_loss_sum(self, accelerator):
        """Return the sum of the losses since the last validation, the mean over processes; None if there are none."""
        return float(accelerator.reduce(self.loss_sum, "mean")) if self.losses else None

    def add_validation(self, score, seconds, accelerator):
        """Add a row to the history, and say so in the log. score: None if predictions are not finite."""
        loss = self.mean_loss_sum(accelerator) / self.losses
        if score is None or not math.isfinite(loss):
            more = ", and predictions are not finite" if score is None else ""
            log.warning("the training loss is %s%s: the learning rate is too high for this arm", loss, more)
        self.loss_sum, self.losses = None, 0
        self.validation_seconds += seconds
        self.history.append(
            {
                "step": self.done,
                "examples": self.work.examples,
                "loss": loss,
                "validation_score": score,
                "learning_rate": self.rate,
                "seconds": self.training_seconds(),
            }
        )
        self.line(loss)

    def line_if_due(self):
        """Log a line of progress, at most every few seconds."""
        if time.perf_counter() - self.last_line >= SECONDS_BETWEEN_LINES:
            self.line(float(self.loss_sum) / self.losses if self.losses else math.nan)

    def line(self, loss):
        """Log a line of progress."""
        self.last_line = now = time.perf_counter()
        left = (now - self.started[0]) / max(1, self.done - self.started_with) * (self.steps - self.done)
        log.info(
            "step %d/%d %3.0f %% | %.0f examples/s | loss %.4f | validation %s | %d:%02d left",
            self.done,
            self.steps,
            100 * self.done / self.steps,
            self.work.examples / self.training_seconds(),
            loss,
            "-" if not self.history or self.diverged else f"{self.history[-1]['validation_score']:.4f}",
            *divmod(round(left), 60),
        )

    def cost(self):
        """Return the cost of the run so far."""
        times = self.times()
        if self.processes > 1:
            times["cpu_seconds"] = None  # a process also waits for the others
        return {
            "steps": self.done,
            "examples_seen": self.work.examples,
            "tokens_seen": self.work.tokens,
            **times,
            "validation_seconds": self.validation_seconds,
            "examples_per_second": self.work.examples / times["seconds"],
        }

    def state(self, loss_sum):
        """Return everything as JSON-able values. loss_sum: what `mean_loss_sum` returns."""
        return {
            "done": self.done,
            "work": asdict(self.work),
            **self.times(),
            "validation_seconds": self.validation_seconds,
            "history": self.history,
            "loss_sum": loss_sum,
            "losses": self.losses,
            "rate": self.rate,
        }

    def restore(self, state, device):
        """Go on from what `state` returned."""
        self.done = self.started_with = state["done"]
        self.work = Work(**state["work"])
        self.before = np.array([state["seconds"], state["cpu_seconds"]])
        self.started, self.set_aside, self.validation_seconds = clock(), np.zeros(2), state["validation_seconds"]
        self.history, self.rate = state["history"], state["rate"]
        self.losses = state["losses"]
        self.loss_sum = torch.tensor(state["loss_sum"], device=device) if self.losses else None
