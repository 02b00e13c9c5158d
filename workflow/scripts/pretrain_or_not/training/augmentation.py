"""Train a network further on examples that a language model wrote: the arm key `augment` (after FewGen)."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn.functional import cross_entropy, kl_div

from pretrain_or_not.compute.flops import Flops, Work
from pretrain_or_not.compute.inference import infer, probabilities, tensors
from pretrain_or_not.data.examples import Examples, examples_from_table, read_checked_metadata
from pretrain_or_not.files.parquet import open_parquet
from pretrain_or_not.job import log
from pretrain_or_not.training.arrays_digest import arrays_digest
from pretrain_or_not.training.checkpoints import Checkpoints
from pretrain_or_not.training.classification import Classification
from pretrain_or_not.training.loop import run_task
from pretrain_or_not.training.run import Run
from pretrain_or_not.training.second_phase import after, both, plus, train_again
from pretrain_or_not.training.task import Step

DRAWS = 2**30  # keeps the random numbers of batches apart from others

FEWEST = 16  # of a class; where fewer are left, the more confident half of them is taken


def train(
    model, train: Examples, validation: Examples, run: Run, checkpoints: Checkpoints, flops: Flops
) -> tuple[list[dict], dict]:
    """Train `model` in place on labelled examples, then on generated ones; keep the best weights of both phases.

    checkpoints: of the run; those of the second phase are below them. flops: of the model. Returns the history and the
    cost of both phases, with `generator_flops`, the operations of the language model.
    """
    assert run.value is not None, "neural families sweep over learning rates"
    seed, keys = run.cell["seed"], run.recipe["augment"]
    first = Classification(train, validation, run.recipe, seed, run.measure)
    history, cost, work = run_task(model, first, run.recipe, run.value, seed, checkpoints)
    cost["training_flops"] = work.flops(flops.training)
    generated = read_generated(run, train)
    facts = {"generated": len(generated), "score_before": cost["validation_score"], "steps": 0}
    facts["left_out"] = generated.about["left_out"]
    cost["generator_flops"] = generated.about["generator_flops"]
    if not keys["steps"] or not len(generated) or cost["validation_score"] is None:
        reason = "the first one has failed" if cost["validation_score"] is None else "there is nothing to train on"
        log.info("augment: no second phase, as %s", reason)
        return history, cost | {"augmentation": facts}
    task = Augmentation(generated, validation, run.recipe, seed, run.measure)
    again = train_again(
        "augment", model, task, run, keys["learning_rate"], checkpoints, cost["validation_score"],
        arrays_digest([generated.labels, generated.tokens, generated.offsets]),
    )  # fmt: skip
    facts |= {
        "score_after": again.cost["validation_score"],
        "steps": again.cost["steps"],
        "better": again.better,
        "kept": task.kept_counts,
        "forward_flops": task.asked.flops(flops.forward),
    }
    again.cost["training_flops"] = again.work.flops(flops.training) + facts["forward_flops"]
    again.cost["generator_flops"] = cost["generator_flops"]
    history += after(again.history, cost, task.facts)
    return history, both(cost, again.cost, again.better) | {"augmentation": facts}


def read_generated(run: Run, train: Examples) -> Examples:
    """Return the examples that the stage `generate` wrote for a run, cut as its training examples `train` are."""
    path = run.inputs["generated"]
    about = read_checked_metadata(path, {"dataset": run.cell["dataset"], "tokenizer": run.tokenizer})
    with open_parquet(path) as file:
        table = file.read()
    if not len(table):
        nothing = np.zeros(0, dtype=np.int64)
        return Examples(nothing, nothing, nothing, np.zeros(1, dtype=np.int64), about)
    return examples_from_table(table, about, train.about["max_length"], train.type_1 is not None)


class Ensemble:
    """A moving average of predictions, without the bias of its start (temporal ensembling, Laine and Aila 2017)."""

    def __init__(self, momentum: float):
        """momentum: weight of the average so far."""
        self.momentum, self.times, self.total = momentum, 0, np.zeros(0)

    def add(self, predicted: np.ndarray) -> None:
        """Add predictions, (n, classes)."""
        before = self.total if self.times else np.zeros_like(predicted, dtype=np.float64)
        self.total = self.momentum * before + (1 - self.momentum) * predicted
        self.times += 1

    @property
    def mean(self) -> np.ndarray:
        """Return the average, (n, classes); divided by 1 - momentum^t after t predictions."""
        return self.total / (1 - self.momentum**self.times)


def kept_rows(mean: np.ndarray, labels: np.ndarray, threshold: float) -> np.ndarray:
    """Return the rows whose label is the most likely class, with a probability above a threshold.

    Where fewer than `FEWEST` of a class are left, the half of its rows that is most sure of the label is taken instead.
    mean: probabilities (n, classes). labels: (n,).
    """
    sure = mean[np.arange(len(labels)), labels]
    right = (mean.argmax(axis=1) == labels) & (sure > threshold)
    rows = []
    for label in np.unique(labels):
        of_class = np.flatnonzero(labels == label)
        found = of_class[right[of_class]]
        if len(found) < FEWEST:
            found = of_class[np.argsort(-sure[of_class], kind="stable")[: -(-len(of_class) // 2)]]
        rows.append(found)
    return np.sort(np.concatenate(rows))


class Augmentation(Classification):
    """Generated examples, of which those are trained on that the network itself takes for right.

    The loss is the cross-entropy of smoothed labels, plus `consistency` times the Kullback-Leibler divergence of the
    predictions from their moving average (Meng et al. 2023, section 3.3). asked: what the predictions for this average
    took. kept_counts: how many examples were trained on after each look at all of them.
    """

    def __init__(self, generated, validation, recipe, seed, measure):
        """See `train`."""
        super().__init__(generated, validation, recipe, seed, measure)
        self.keys = recipe["augment"]
        self.steps, self.batch_size = self.keys["steps"], min(self.keys["batch_size"], len(generated))
        self.ensemble, self.asked = Ensemble(self.keys["momentum"]), Work()
        self.kept, self.kept_counts = np.arange(len(generated)), []

    def batches(self, done):
        """Yield the number of each step."""
        yield from range(done, self.steps)

    def step(self, model, batch, accelerator):
        """Add the gradients of the loss of random examples among those that are kept. batch: number of the step."""
        if batch % self.keys["refresh"] == 0:
            self.refresh(model, accelerator)
        random = np.random.default_rng([self.seed, DRAWS, batch])
        rows = random.choice(self.kept, min(self.batch_size, len(self.kept)), replace=False)
        given = tensors(self.train.padded(rows), accelerator.device)
        labels = given.pop("labels")
        model.train()
        with accelerator.autocast():
            logits = model(**given).logits.float()
        smoothing = self.keys["label_smoothing"]
        loss = cross_entropy(logits, labels, self.weights.to(logits.device), label_smoothing=smoothing)
        if self.keys["consistency"]:
            mean = torch.from_numpy(self.ensemble.mean[rows]).float().to(logits.device)
            loss = loss + self.keys["consistency"] * kl_div(logits.log_softmax(dim=1), mean, reduction="batchmean")
        accelerator.backward(loss)
        return Step(loss, len(rows), given["input_ids"].shape[1])

    def refresh(self, model, accelerator):
        """Look at all examples again, and choose those that are trained on."""
        predicted, work = infer(model, self.train, accelerator, probabilities)
        self.asked = plus(self.asked, work)
        self.ensemble.add(predicted)
        self.kept = kept_rows(self.ensemble.mean, self.train.labels, self.keys["threshold"])
        self.kept_counts.append(len(self.kept))
        log.info("augment: %d of %d generated texts are trained on", len(self.kept), len(self.train))

    def facts(self, start: int, stop: int) -> dict:
        """Return how many examples were trained on at the end of some steps."""
        return {"kept": self.kept_counts[(stop - 1) // self.keys["refresh"]]}

    def state(self):
        """Return the average, which examples are kept, and what it took."""
        return {
            "total": self.ensemble.total.tolist(),
            "times": self.ensemble.times,
            "kept": self.kept.tolist(),
            "kept_counts": self.kept_counts,
            "asked": vars(self.asked),
        }

    def restore(self, state):
        """Go on from what `state` returned."""
        self.ensemble.total, self.ensemble.times = np.array(state["total"]), state["times"]
        self.kept, self.kept_counts = np.array(state["kept"], dtype=np.int64), state["kept_counts"]
        self.asked = Work(**state["asked"])
