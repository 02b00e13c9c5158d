"""The work of a training run, as its recipe plans it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pretrain_or_not.config.families import Family
from pretrain_or_not.config.pairs import pair_count
from pretrain_or_not.data.batches import shuffled_batches
from pretrain_or_not.data.examples import Examples
from pretrain_or_not.training.critic import MOST_REWARDED
from pretrain_or_not.training.schedule import batches_per_epoch, planned_steps, validation_steps

SAMPLE = 20_000  # texts of which the padding is computed
FEWEST_BATCHES = 20  # that are drawn to know how much padding they hold


class Work(NamedTuple):
    """The work of a run that is not stopped early.

    n: training examples. steps: optimizer steps, 0 for a fit in one call. examples: texts that are computed on,
    repetitions included. tokens: theirs, with padding; None if the lengths of the texts are not known. validations: how
    often the validation data are predicted. unit: in which of these the time of a run is measured.
    """

    n: int
    steps: int
    examples: int
    tokens: float | None
    validations: int
    unit: str


def planned_work(family: Family, arm: dict, n: int, lengths: np.ndarray | None, unlabelled: int = 0) -> Work:
    """Return the Work of a run on `n` examples.

    arm: its keys. lengths: tokens of texts of the data set as the arm reads them, (k,); None if they are not known.
    unlabelled: further texts, of which only a teacher has said something.
    """
    if family.fitted and "pairs_per_example" not in arm:
        return Work(n, 0, n, None, 1, "n")
    if family.fitted:
        pairs = pair_count(arm, n)[0]
        # Both texts of each pair, and each example once more for the classifier on top.
        return Work(n, -(-pairs // arm["batch_size"]), n + 2 * pairs, None, 1, "examples")
    read = n + unlabelled
    steps = planned_steps(read, arm["batch_size"], arm["epochs"], arm["min_steps"])
    examples, validations = (
        examples_in(steps, read, arm["batch_size"]),
        len(validation_steps(steps, arm["validations"])),
    )
    if second := arm.get("reselect") or arm.get("augment"):
        again = second["steps"]
        steps, validations = steps + again, validations + len(validation_steps(again, arm["validations"]))
        per_step = examples_per_reselection(second, n) if arm.get("reselect") else second["batch_size"]
        examples += round(again * per_step)
    if lengths is None:
        return Work(n, steps, examples, None, validations, "examples")
    tokens = examples * padded_length(lengths, read, arm["batch_size"])
    return Work(n, steps, examples, tokens, validations, "tokens")


def examples_per_reselection(keys: dict, n: int) -> float:
    """Return how many training examples a step of `reselect` takes as long as; a forward pass is a third of training.

    keys: of `reselect`. n: training examples, of which there are no fewer than validation examples.
    """
    batch = min(keys["batch"], n)
    asked = batch if keys["choose"] == "uniform" else min(keys["candidates"], n)
    return batch + (asked + (min(MOST_REWARDED, n // 2) if keys["choose"] == "critic" else 0)) / 3


def examples_in(steps: int, n: int, batch_size: int) -> int:
    """Return how many examples `steps` batches have on average; one batch of each pass over `n` may be smaller."""
    return round(steps * n / batches_per_epoch(n, batch_size))


def padded_length(lengths: np.ndarray, n: int, batch_size: int) -> float:
    """Return the mean number of tokens per example, padding included, in the batches of passes over `n` examples.

    Few batches are drawn several times, as one of them has texts of any length. lengths: see `planned_work`; a sample
    of them stands for the examples of the run.
    """
    count = min(n, SAMPLE)
    batch_size = min(batch_size, count)
    sample = np.random.default_rng(0).choice(lengths, count, replace=count > len(lengths))
    empty = np.zeros(count, dtype=np.int64)
    examples = Examples(empty, empty, empty[:0], np.concatenate([[0], np.cumsum(sample)]), {})
    passes = range(-(-FEWEST_BATCHES * batch_size // count) if count > batch_size else 1)
    batches = [rows for epoch in passes for rows in shuffled_batches(examples, batch_size, seed=0, epoch=epoch)]
    return sum(len(rows) * int(sample[rows].max()) for rows in batches) / (len(passes) * count)
