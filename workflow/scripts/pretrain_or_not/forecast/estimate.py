"""What one run of an arm takes, estimated from what other runs of it took."""

from __future__ import annotations

import math
from collections.abc import Iterable
from statistics import mean, median
from typing import NamedTuple

from pretrain_or_not.config.families import Family
from pretrain_or_not.forecast.facts import Facts
from pretrain_or_not.forecast.work import Work

STARTUP_SECONDS = 4.0  # of a job: Python, its libraries and the data; measured runs replace it

# Operations of the forward pass, as a share of those of a training step.
FORWARD = 1 / 3


class Estimate(NamedTuple):
    """What one run takes.

    seconds: of the complete job, to its last planned step. expected: with as many steps as finished runs of the arm did
    before they were stopped early; the same as `seconds` where none is known; what they took, if all are done. flops:
    of training. predicting: seconds per text. rate: training FLOPs per second. cpu_share: the share of a CPU that the
    measured run got, see `forecast.speed.Clock`. source: "finished", "measured" or "given".
    """

    seconds: float
    expected: float
    flops: float
    predicting: float
    rate: float
    memory_mb: int
    model_mb: float
    device: str
    cpu_share: float
    source: str


def relevant(facts: Iterable[Facts], arm: str, dataset: str) -> list[Facts]:
    """Return the facts to estimate runs of an arm on a dataset from; an empty list if there are none.

    Finished runs go before measured ones, those on this dataset before those on others.
    """
    of_arm = [fact for fact in facts if fact.arm == arm]
    best = max((order(fact, dataset) for fact in of_arm), default=None)
    return [fact for fact in of_arm if order(fact, dataset) == best]


def order(fact, dataset):
    """Return how well a fact tells about runs on a dataset; more is better."""
    return fact.finished, fact.dataset == dataset


def nearest(facts: list[Facts], n: int) -> list[Facts]:
    """Return the facts with the number of training examples that is nearest to `n`, as a ratio."""
    distances = [abs(math.log(fact.n / n)) for fact in facts]
    return [fact for fact, distance in zip(facts, distances, strict=True) if distance == min(distances)]


def estimate(
    family: Family,
    facts: list[Facts],
    work: Work,
    validation_examples: int,
    share: float = 1.0,
    flops_per_second: float | None = None,
) -> Estimate | None:
    """Return the Estimate of a run; None without facts.

    facts: see `relevant`. work: that is planned. validation_examples: per validation. share: of the planned steps that
    runs do before they are stopped early. flops_per_second: the rate of the GPUs of a run, given by the user; it does
    not replace what runs on a GPU took. What a language model takes that is only asked is not known from it.
    """
    if not facts:
        return None
    # A fit in one call has parts that do not grow with the data, so the nearest sizes tell most.
    near = nearest(facts, work.n) if family.fitted else facts
    amount = getattr(work, work.unit)
    trained = family.neural and not family.language_model
    flops = amount * median(fact.flops / getattr(fact, work.unit) for fact in near)
    if given := flops_per_second if trained and near[0].device == "cpu" else None:
        training, predicting = flops / given, FORWARD * flops / work.examples / given
    else:
        training = amount * median(fact.seconds / getattr(fact, work.unit) for fact in near)
        predicting = median(fact.validation_seconds for fact in near)
    known = [fact.startup_seconds for fact in facts if fact.startup_seconds is not None]
    startup = median(known) if known else STARTUP_SECONDS
    moving = training + work.validations * validation_examples * predicting
    return Estimate(
        seconds=startup + moving,
        expected=startup + share * moving,
        flops=flops,
        predicting=predicting,
        rate=flops / training if training else 0.0,
        memory_mb=max(fact.memory_mb for fact in near),
        model_mb=median(fact.model_mb for fact in near),
        device="GPU" if given else near[0].device,
        cpu_share=1.0 if given else min(fact.cpu_share for fact in near),
        source="given" if given else "finished" if near[0].finished else "measured",
    )


def share_done(steps: list[tuple[int, int]]) -> float:
    """Return the mean share of the planned steps that runs did; 1 without any. steps: pairs (done, planned).

    A run never counts as more than what is planned: its steps may have been planned by another recipe.
    """
    return mean([min(done / planned, 1.0) for done, planned in steps if planned] or [1.0])
