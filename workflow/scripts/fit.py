"""The one training loop of every neural arm."""

import math
import time

import torch
from torch.nn.functional import cross_entropy

from batches import shuffled_batches
from devices import build_accelerator, device_facts, peak_memory_mb
from inference import tensors
from progress import Progress
from rowwise_adamw import RowwiseAdamW
from schedule import batches_per_epoch, multiplier, planned_steps, validation_steps
from stage import log
from validation import validation_accuracy


def build_optimizer(model, recipe, accelerator):
    """Fused AdamW (Adam where weight_decay is 0); biases and normalization weights are not decayed.

    On a CPU, the token embeddings are trained row by row (see `rowwise_adamw`).
    """
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": recipe["weight_decay"]},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    alone = accelerator.device.type == "cpu" and accelerator.num_processes == 1  # the gradients of several are averaged
    return RowwiseAdamW([group for group in groups if group["params"]], own_table(model) if alone else None)


def own_table(model):
    """The embedding table of the tokens, if it is trained and no other part of `model` uses its weight; else None."""
    table = model.get_input_embeddings()
    uses = sum(p is table.weight for _, p in model.named_parameters(remove_duplicate=False))
    return table if type(table) is torch.nn.Embedding and table.weight.requires_grad and uses == 1 else None


def fit(model, train, validation, recipe, learning_rate, seed, checkpoints):
    """Train `model` in place; at the end it has the weights that were best on `validation`.

    model: maps input_ids and attention_mask to an output with `logits`. train, validation: Examples. recipe: the
    training keys of an arm in the config. checkpoints: the run's Checkpoints; it goes on from the last one. Returns
    (history, cost, work): history has one dict a validation; cost is one dict with seconds, rates, peak memory, device
    and precision; work is what was computed on.
    """
    accelerator = build_accelerator(recipe["precision"])
    steps = planned_steps(len(train), recipe["batch_size"], recipe["epochs"], recipe["min_steps"])
    validate_after = set(validation_steps(steps, recipe["validations"]))
    if accelerator.num_processes > 1:
        torch.manual_seed(seed + accelerator.process_index)  # each process drops other activations
    adamw = build_optimizer(model, recipe, accelerator)
    # The optimizer has no state yet that would have to be moved to a device.
    bare, (model, optimizer) = model, accelerator.prepare(model, adamw, device_placement=[True, False])
    progress, best = Progress(steps, accelerator.num_processes), Best(recipe["patience"])

    with checkpoints:
        checkpoints.resume(accelerator, progress, best)
        batches = training_batches(train, recipe["batch_size"], seed, progress.done)
        while True:
            if progress.done in validate_after and not progress.validated:
                validate(bare, validation, accelerator, progress, best, checkpoints)
            if progress.done == steps or best.overdue():
                break
            model.train()
            rows = next(batches)
            loss, width = batch_loss(model, train, rows, accelerator)
            accelerator.backward(loss)
            if recipe["clip"]:
                torch.nn.utils.clip_grad_norm_(adamw.trained(), recipe["clip"])
            rate = learning_rate * multiplier(progress.done, steps, recipe["warmup"], recipe["schedule"])
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.step()
            optimizer.zero_grad()
            progress.step(len(rows), width, loss, rate)
            progress.line_if_due()
            checkpoints.visit(accelerator, progress, best)

    if best.overdue():
        log.info("no better for %d validations: stopped early", recipe["patience"])
    bare.load_state_dict(best.weights)
    log.info("best validation accuracy %.2f %%, after step %d", 100 * best.accuracy, best.step)
    cost = progress.cost() | device_facts(accelerator) | {
        "validation_accuracy": best.accuracy,
        "validation_examples": len(validation),
        "best_step": best.step,
        "peak_memory_mb": peak_memory_mb(accelerator.device),
    }  # fmt: skip
    return progress.history, cost, progress.work


def batch_loss(model, examples, rows, accelerator):
    """(mean cross-entropy of a batch, its padded width); with several processes, each has its share of the rows.

    Gradients are averaged over processes, so the sum over a share is weighted to give the mean over all rows.
    """
    share = rows[accelerator.process_index :: accelerator.num_processes]
    weight = accelerator.num_processes / len(rows) if len(share) else 0.0
    batch = tensors(examples.padded(share if len(share) else rows[:1]), accelerator.device)
    labels = batch.pop("labels")
    with accelerator.autocast():
        logits = model(**batch).logits
    return weight * cross_entropy(logits.float(), labels, reduction="sum"), batch["input_ids"].shape[1]


def training_batches(examples, batch_size, seed, done):
    """Positions of training batches without end, epoch after epoch, from after the first `done` on."""
    epoch, skipped = divmod(done, batches_per_epoch(len(examples), batch_size))
    while True:
        yield from shuffled_batches(examples, batch_size, seed, epoch)[skipped:]
        epoch, skipped = epoch + 1, 0


def validate(model, examples, accelerator, progress, best, checkpoints):
    """Measure validation accuracy and keep the weights if they are the best so far."""
    started = time.perf_counter()
    with progress.aside():
        accuracy = validation_accuracy(
            model, examples, accelerator, lambda: checkpoints.visit(accelerator, progress, best, stepped=False)
        )
    best.update(accuracy, progress.done, model)
    progress.add_validation(accuracy, time.perf_counter() - started, accelerator)


class Best:
    """The weights of the best validation so far, the earliest of equals, and when to stop for lack of better ones."""

    def __init__(self, patience):
        self.patience, self.since, self.accuracy, self.step, self.weights = patience, 0, -math.inf, 0, None

    def update(self, accuracy, step, model):
        """Keep the weights if `accuracy` beats all earlier ones."""
        self.since += 1
        if accuracy > self.accuracy:
            self.since, self.accuracy, self.step = 0, accuracy, step
            self.weights = {name: copy_on_cpu(weights) for name, weights in model.state_dict().items()}

    def overdue(self):
        """Whether patience has run out."""
        return self.patience is not None and self.since >= self.patience

    def state(self):
        """All but the weights, as JSON-able values."""
        return {"since": self.since, "accuracy": self.accuracy if self.weights else None, "step": self.step}

    def restore(self, state, weights):
        """Go on from what `state` returned, and the weights of then."""
        if weights:
            self.since, self.accuracy, self.step = (state[key] for key in ("since", "accuracy", "step"))
            self.weights = weights


def copy_on_cpu(tensor):
    """A copy that training does not touch, laid out as files want it."""
    return tensor.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
