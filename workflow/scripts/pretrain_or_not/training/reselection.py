"""Train a network further on examples that are selected again: the arm key `reselect`."""

from __future__ import annotations

import math

import numpy as np

from pretrain_or_not.compute.flops import Flops, Work
from pretrain_or_not.compute.inference import infer
from pretrain_or_not.data.examples import Examples
from pretrain_or_not.data.part import part_of
from pretrain_or_not.errors import BadInput
from pretrain_or_not.job import log, warn
from pretrain_or_not.training.checkpoints import Checkpoints
from pretrain_or_not.training.classification import Classification, batch_loss
from pretrain_or_not.training.critic import (
    FEATURES,
    MOST_REWARDED,
    RANKINGS,
    Critic,
    chosen,
    features_of,
    mean_rarity,
    standardized,
)
from pretrain_or_not.training.loop import run_task
from pretrain_or_not.training.run import Run
from pretrain_or_not.training.second_phase import after, both, plus, train_again
from pretrain_or_not.training.task import Step
from pretrain_or_not.training.used_rows import keep_used_rows

FEW_REWARDED = 16  # validation examples for rewards, below which the critic learns little but noise

DRAWS = 2**31  # keeps the random numbers of candidates apart from those of batches


def train(
    model, train: Examples, validation: Examples, run: Run, checkpoints: Checkpoints, flops: Flops
) -> tuple[list[dict], dict]:
    """Train `model` in place as its arm says, then on examples that are selected again; keep the best weights of both.

    One half of the validation examples validates, the other one gives rewards: no test data are read. checkpoints: of
    the run; those of the second phase are below them. flops: of the model. Returns the history and the cost of both
    phases, with `training_flops`, to which the forward passes for features and rewards belong. Raises BadInput if there
    are too few validation examples.
    """
    assert run.value is not None, "neural families sweep over learning rates"
    selection, rewards = halves(validation, run.cell["arm"])
    log.info("reselect: %d of %d validation examples validate, %d are kept for rewards",
             len(selection), len(validation), len(rewards))  # fmt: skip
    first = Classification(train, selection, run.recipe, run.cell["seed"], run.measure)
    history, cost, work = run_task(model, first, run.recipe, run.value, run.cell["seed"], checkpoints)
    cost["training_flops"] = work.flops(flops.training)
    used = {"validation_examples": len(selection) + len(rewards)}  # labels that the arm needs
    facts = {"validated_on": len(selection), "rewarded_on": len(rewards), "score_before": cost["validation_score"]}
    if not run.recipe["reselect"]["steps"] or cost["validation_score"] is None:
        log.info("reselect: no second phase, as %s",
                 "the first one has failed" if run.recipe["reselect"]["steps"] else "it has no steps")  # fmt: skip
        return history, cost | used | {"reselection": facts | {"steps": 0}}
    task = Reselection(train, selection, rewards, run.recipe, run.cell["seed"], run.measure)
    rate = task.keys["learning_rate"]
    again = train_again("reselect", model, task, run, rate, checkpoints, cost["validation_score"])
    second = again.cost
    facts |= {
        "score_after": second["validation_score"],
        "steps": second["steps"],
        "better": again.better,
        "forward_flops": task.asked.flops(flops.forward),
    }
    if task.keys["choose"] == "critic":
        facts["critic"] = dict(zip(FEATURES, task.critic.weights.tolist(), strict=True))
    second["training_flops"] = again.work.flops(flops.training) + facts["forward_flops"]
    rows = after(again.history, cost, task.selected)
    return history + rows, both(cost, second, again.better) | used | {"reselection": facts}


def halves(validation: Examples, arm: str) -> tuple[Examples, Examples]:
    """Return the validation examples at even places, and at most MOST_REWARDED of those at odd ones.

    The rows of a dataset are in random order. arm: its name, for messages. Warns of few examples for rewards.
    """
    if len(validation) < 2:
        raise BadInput(
            f"arms: {arm}: reselect: the validation data are halved, and there is {len(validation)} example of them; "
            "leave small sizes out by `exclude`, or give more validation data"
        )
    places = np.arange(len(validation))
    selection, rewards = part_of(validation, places[::2]), part_of(validation, places[1::2][:MOST_REWARDED])
    if len(rewards) < FEW_REWARDED:
        warn(
            f"arms: {arm}: reselect: {len(rewards)} validation examples give rewards and {len(selection)} validate: so "
            "few teach the critic little but noise; take larger sizes, or a higher `validation_max`"
        )
    return selection, rewards


class Reselection(Classification):
    """Labelled examples of which each step selects a batch among random candidates, by what it is likely to gain.

    A step on the examples that were selected changes the loss on the examples for rewards; the critic learns from it.
    """

    def __init__(self, train, selection, rewards, recipe, seed, measure):
        """See `train`."""
        super().__init__(train, selection, recipe, seed, measure)
        self.rewards, self.keys = rewards, recipe["reselect"]
        self.steps, self.batch_size = self.keys["steps"], min(self.keys["batch"], len(train))
        uniform = self.keys["choose"] == "uniform"  # all candidates are taken
        self.candidates = self.batch_size if uniform else min(self.keys["candidates"], len(train))
        self.rarity, self.critic, self.asked = mean_rarity(train), Critic(), Work()
        self.seen = np.zeros(len(train), dtype=np.int64)  # the step after which each example was last selected
        self.pending: dict | None = None  # features of the last step and the loss before it; its reward is not known
        self.trace: list[dict] = []  # of each step: rows, mean features, reward

    def prepare(self, model, device):
        """Take the rows of words that do not occur out of the token embeddings."""
        return keep_used_rows(model, [self.train, self.validation, self.rewards], device)

    def batches(self, done):
        """Yield the number of each step."""
        yield from range(done, self.steps)

    def step(self, model, batch, accelerator):
        """Reward the step before, select examples, and add the gradients of their mean cross-entropy. batch: number."""
        random = np.random.default_rng([self.seed, DRAWS, batch])
        rows = random.choice(len(self.train), self.candidates, replace=False)
        now = self.loss_now(model, accelerator) if self.keys["choose"] == "critic" else None
        if self.pending:
            self.learn(self.pending, now)
        raw = self.features(model, rows, batch, accelerator)
        scaled = standardized(raw)
        places = chosen(self.values(scaled), self.batch_size, self.keys["epsilon"], random)
        taken = rows[places]
        self.seen[taken] = batch + 1
        self.trace.append({"rows": taken.tolist(), "features": raw[places].mean(axis=0).tolist(), "reward": None})
        self.pending = None if now is None else {"features": scaled[places].tolist(), "loss": now}
        model.train()
        loss, width = batch_loss(model, self.train, taken, accelerator, self.weights)
        accelerator.backward(loss)
        return Step(loss, len(taken), width)

    def loss_now(self, model, accelerator) -> float:
        """Return the mean cross-entropy on the examples for rewards."""
        found, work = infer(model, self.rewards, accelerator, log_probabilities)
        self.asked = plus(self.asked, work)
        return float(-found[np.arange(len(found)), self.rewards.labels].mean(dtype=np.float64))

    def learn(self, pending: dict, now: float) -> None:
        """Give the critic the reward of the step before. now: the loss after it."""
        reward = self.reward(pending["loss"], now)
        if math.isfinite(reward):  # otherwise the validation stops the run
            self.critic.learn(np.array(pending["features"]), reward)
            self.trace[-1]["reward"] = reward

    def reward(self, before: float, now: float) -> float:
        """Return the reward of a step: by how much the loss fell."""
        return before - now

    def features(self, model, rows, step, accelerator) -> np.ndarray:
        """Return the features of candidates, (k, features)."""
        found, work = infer(model, self.train, accelerator, log_probabilities, rows)
        self.asked = plus(self.asked, work)
        ages = step - self.seen[rows]
        return features_of(found, self.train.labels[rows], self.train.lengths[rows], self.rarity[rows], ages)

    def values(self, scaled: np.ndarray) -> np.ndarray:
        """Return what each candidate is ranked by, (k,)."""
        if self.keys["choose"] == "critic":
            return self.critic.values(scaled)
        return RANKINGS.get(self.keys["choose"], 0.0) * scaled[:, FEATURES.index("loss")]

    def selected(self, start: int, stop: int) -> dict:
        """Return mean features, mean reward and the share of each class of what was selected between two steps."""
        steps = self.trace[start:stop]
        means = np.mean([step["features"] for step in steps], axis=0).tolist()
        rewards = [step["reward"] for step in steps if step["reward"] is not None]
        names = self.train.about["label_names"]
        labels = self.train.labels[np.concatenate([step["rows"] for step in steps]).astype(np.int64)]
        shares = (np.bincount(labels, minlength=len(names)) / len(labels)).tolist()
        return (
            {f"selected_{name}": mean for name, mean in zip(FEATURES, means, strict=True)}
            | {"reward": float(np.mean(rewards)) if rewards else None}
            | {f"selected_class_{name}": share for name, share in zip(names, shares, strict=True)}
        )

    def state(self):
        """Return the critic, what was selected, and what it took."""
        return {"critic": self.critic.state(), "pending": self.pending, "trace": self.trace, "asked": vars(self.asked)}

    def restore(self, state):
        """Go on from what `state` returned."""
        self.critic.restore(state["critic"])
        self.pending, self.trace, self.asked = state["pending"], state["trace"], Work(**state["asked"])
        for i, step in enumerate(self.trace):
            self.seen[step["rows"]] = i + 1


def log_probabilities(output, attention_mask):
    """Return the logarithms of class probabilities, float32 (batch, classes), of a classifier's output."""
    return output.logits.float().log_softmax(dim=1)
