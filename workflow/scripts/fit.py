"""The one training loop of every neural arm, and the prediction loop beside it."""

import math
import time
from contextlib import contextmanager

import numpy as np
import psutil
import torch
from accelerate import Accelerator
from torch.nn.functional import cross_entropy

from batches import ordered_batches, shuffled_batches
from run_files import process_peak_memory_mb
from schedule import multiplier, planned_steps, validation_steps
from stage import log

SECONDS_BETWEEN_LINES = 10
TOKENS_PER_INFERENCE_BATCH = 4096


def computes_in_bf16():
    """Whether this machine's device multiplies bf16 matrices in hardware, so that bf16 is faster than fp32."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.cpu._is_avx512_bf16_supported()


def build_accelerator(precision):
    """An Accelerator for the config's `precision`: fp32, bf16, or auto (bf16 where the hardware has it)."""
    if precision == "auto":
        precision = "bf16" if computes_in_bf16() else "fp32"
    return Accelerator(mixed_precision={"fp32": "no", "bf16": "bf16"}[precision])


def build_optimizer(model, recipe, learning_rate):
    """Fused AdamW (Adam where weight_decay is 0); biases and normalization weights are not decayed."""
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": recipe["weight_decay"]},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=learning_rate, fused=True)


def fit(model, train, validation, recipe, learning_rate, seed):
    """Train `model` in place; at the end it has the weights that were best on `validation`.

    model: maps input_ids and attention_mask to an output with `logits`. train, validation: Examples. recipe: the
    training keys of an arm in the config. Returns (history, cost): history has one dict a validation; cost one dict
    with seconds, rates, peak memory, device and precision.
    """
    accelerator = build_accelerator(recipe["precision"])
    steps = planned_steps(len(train), recipe["batch_size"], recipe["epochs"], recipe["min_steps"])
    optimizer = build_optimizer(model, recipe, learning_rate)
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: multiplier(step, steps, recipe["warmup"], recipe["schedule"])
    )
    model, optimizer = accelerator.prepare(model, optimizer)
    validate_after = set(validation_steps(steps, recipe["validations"]))
    progress = Progress(steps)
    best = Best(recipe["patience"])

    for step, rows in enumerate(training_batches(train, recipe["batch_size"], seed, steps), start=1):
        model.train()
        batch = tensors(train.padded(rows), accelerator.device)
        labels = batch.pop("labels")
        with accelerator.autocast():
            loss = cross_entropy(model(**batch).logits.float(), labels)
        accelerator.backward(loss)
        if recipe["clip"]:
            accelerator.clip_grad_norm_(model.parameters(), recipe["clip"])
        optimizer.step()
        rate = scheduler.get_last_lr()[0]
        scheduler.step()
        optimizer.zero_grad()
        progress.step(len(rows), int(batch["input_ids"].numel()), loss)

        if step in validate_after:
            with progress.validating():
                accuracy = validation_accuracy(accelerator.unwrap_model(model), validation, accelerator)
                stop = best.update(accuracy, step, accelerator.unwrap_model(model))
            progress.validated(step, accuracy, rate)
            if stop:
                log.info("no better for %d validations: stopped early", recipe["patience"])
                break
        progress.line(step)

    best.restore(accelerator.unwrap_model(model))
    log.info("best validation accuracy %.2f %%, after step %d", 100 * best.accuracy, best.step)
    cost = progress.cost() | {
        "validation_accuracy": best.accuracy,
        "validation_examples": len(validation),
        "best_step": best.step,
        "device": torch.cuda.get_device_name() if accelerator.device.type == "cuda" else accelerator.device.type,
        "precision": {"no": "fp32"}.get(accelerator.mixed_precision, accelerator.mixed_precision),
        "threads": torch.get_num_threads(),
        "peak_memory_mb": peak_memory_mb(accelerator.device),
    }
    return progress.history, cost


def tensors(batch, device):
    """A batch of NumPy arrays as tensors on `device`."""
    return {key: torch.from_numpy(value).to(device, non_blocking=True) for key, value in batch.items()}


def training_batches(examples, batch_size, seed, steps):
    """Positions of the training batches of `steps` optimizer steps, epoch after epoch."""
    done, epoch = 0, 0
    while done < steps:
        batches = shuffled_batches(examples, batch_size, seed, epoch)[: steps - done]
        yield from batches
        done, epoch = done + len(batches), epoch + 1


def validation_accuracy(model, examples, accelerator):
    """Share of `examples` that the model gets right."""
    return float((predict(model, examples, accelerator).argmax(axis=1) == examples.labels).mean())


@torch.inference_mode()
def predict(model, examples, accelerator):
    """Class probabilities of all examples, in their order: float32 array (n, classes)."""
    model.eval()
    probabilities = None
    for rows in ordered_batches(examples, TOKENS_PER_INFERENCE_BATCH):
        batch = tensors(examples.padded(rows), accelerator.device)
        batch.pop("labels")
        with accelerator.autocast():
            logits = model(**batch).logits
        if probabilities is None:
            probabilities = np.empty((len(examples), logits.shape[1]), dtype=np.float32)
        probabilities[rows] = logits.float().softmax(dim=1).cpu().numpy()
    return probabilities


def peak_memory_mb(device):
    """Largest memory held so far: of the GPU's allocator, or of this process on CPU."""
    if device.type == "cuda":
        return round(torch.cuda.max_memory_allocated() / 2**20)
    return process_peak_memory_mb()


class Best:
    """The weights of the best validation so far, the earliest of equals, and when to stop for lack of better ones."""

    def __init__(self, patience):
        self.patience, self.since, self.accuracy, self.step, self.weights = patience, 0, -math.inf, 0, None

    def update(self, accuracy, step, model):
        """Keep the weights if `accuracy` beats all earlier ones; tell whether patience has run out."""
        self.since += 1
        if accuracy > self.accuracy:
            self.since, self.accuracy, self.step = 0, accuracy, step
            self.weights = {k: v.detach().to("cpu", copy=True) for k, v in model.state_dict().items()}
        return self.patience is not None and self.since >= self.patience

    def restore(self, model):
        """Load the best weights into `model`."""
        model.load_state_dict(self.weights)


class Progress:
    """Counts, times and the lines in the log a person can follow."""

    def __init__(self, steps):
        self.steps, self.done, self.examples, self.tokens = steps, 0, 0, 0
        self.started = self.last_line = time.perf_counter()
        self.validation_seconds, self.history = 0.0, []
        self.losses, self.accuracy = [], None

    def step(self, examples, tokens, loss):
        """Count one optimizer step; `loss` stays on its device, so that nothing waits for it here."""
        if self.done == 0:
            log.info("first step done %.1f s after the process started", time.time() - psutil.Process().create_time())
        self.done += 1
        self.examples += examples
        self.tokens += tokens
        self.losses.append(loss.detach())

    def training_seconds(self):
        """Seconds in the loop so far, validation left out."""
        return time.perf_counter() - self.started - self.validation_seconds

    @contextmanager
    def validating(self):
        """Count the time of a block as validation, not as training."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()  # training steps may still be queued
        started = time.perf_counter()
        yield
        self.validation_seconds += time.perf_counter() - started

    def validated(self, step, accuracy, learning_rate):
        """Add a row to the history, and say so in the log."""
        loss = float(torch.stack(self.losses).mean())
        if not math.isfinite(loss):
            log.info("the training loss is %s: the learning rate is too high for this arm", loss)
        self.accuracy, self.losses = accuracy, []
        self.history.append(
            {
                "step": step,
                "examples": self.examples,
                "loss": loss,
                "validation_accuracy": accuracy,
                "learning_rate": learning_rate,
                "seconds": self.training_seconds(),
            }
        )
        self.line(step, loss, force=True)

    def line(self, step, loss=None, force=False):
        """Log a line of progress, at most every few seconds unless forced."""
        now = time.perf_counter()
        if not force and now - self.last_line < SECONDS_BETWEEN_LINES:
            return
        self.last_line = now
        loss = float(torch.stack(self.losses).mean()) if loss is None else loss
        left = (now - self.started) / step * (self.steps - step)
        log.info(
            "step %d/%d %3.0f %% | %.0f examples/s | loss %.4f | validation %s | %d:%02d left",
            step,
            self.steps,
            100 * step / self.steps,
            self.examples / self.training_seconds(),
            loss,
            "-" if self.accuracy is None else f"{100 * self.accuracy:.2f} %",
            *divmod(round(left), 60),
        )

    def cost(self):
        """What the run took so far."""
        seconds = self.training_seconds()
        return {
            "steps": self.done,
            "examples_seen": self.examples,
            "tokens_seen": self.tokens,
            "seconds": seconds,
            "validation_seconds": self.validation_seconds,
            "examples_per_second": self.examples / seconds,
        }
