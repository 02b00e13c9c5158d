"""Diagnose cells of which something went wrong, from their rows in scores.parquet."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pandas as pd

from pretrain_or_not.compute.clock import BUSY
from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.data.unknown_tokens import MOST_UNKNOWN
from pretrain_or_not.evaluation.guessing import guessing_sizes, is_guessing, predicts_one_class
from pretrain_or_not.evaluation.predictions import MANY_TRUNCATED
from pretrain_or_not.pretraining.recipe import BY_HEART, FREQUENCIES

# The loss of a network that learns nothing varies by less than this share of the loss of guessing.
NOTHING_LEARNT = 0.98

SECONDS = 1.0  # training time below which it is not said that the machine was busy


def guesses(rows: pd.DataFrame) -> pd.Series:
    """Return whether each row of scores.parquet, at least one, is no better than guessing by their metric.

    One fold has few test examples, so with folds it is said of all cells of a size or none: see `guessing_sizes`.
    """
    metric = METRICS[rows["metric"].iloc[0]]
    if not rows["folds"].any():
        return is_guessing(rows, metric)
    cells = pd.MultiIndex.from_frame(rows[["dataset", "arm", "n"]])
    return pd.Series(cells.isin(list(guessing_sizes(rows, metric))), index=rows.index)


def waited(seconds: pd.Series, cpu_seconds: pd.Series) -> pd.Series:
    """Return whether training waited for a processor for a good part of its time; not where it is short or unknown."""
    return (seconds >= SECONDS) & (cpu_seconds < BUSY * seconds).fillna(False).astype(bool)


class Finding(NamedTuple):
    """One row of the table of findings.

    holds: maps rows of scores.parquet to whether each has the finding. says: what was found, the start of a sentence,
    as a template of `metric` and `guessing` (what an arm does that has learnt nothing). advice: sentences on what to do
    about it, as a template of `sweeps` (the keys of the arms that hold the values of their sweeps); may be empty.
    cells: which cells of an arm have it, as a template of `cells` (how many of how many), `which` (their names),
    `sizes`, `settings`, `classes` (those that are never predicted) and `cut` (the largest share of texts).
    """

    holds: Callable[[pd.DataFrame], pd.Series]
    says: str
    advice: str = ""
    cells: str = "{cells}"


FINDINGS = {
    "unknown": Finding(
        lambda rows: rows["unknown_tokens"] > MOST_UNKNOWN,
        "More than 5 % of the tokens are unknown to the tokenizer",
        "Take another tokenizer.",
    ),
    "truncated": Finding(
        lambda rows: rows["truncated"] > MANY_TRUNCATED,
        "More than 5 % of the test texts are cut at `max_length`",
        "Raise it, of the data set or the arm, if the model can read more.",
        "{cells}, up to {cut} of the texts",
    ),
    "not finite": Finding(
        lambda rows: rows["status"] == "not finite",
        "No score, because predictions are not finite (NaN)",
        "Lower the learning rate.",
        "{cells}: {which}",
    ),
    "subset": Finding(
        lambda rows: (rows["subset_classes"] < rows["classes"]) & (rows["n"] > 0),
        "No training example of some of the classes",
        "Take more labels.",
        "{cells}: {which}",
    ),
    "one class": Finding(
        predicts_one_class,
        "One class is predicted for all test examples",
    ),
    "never predicted": Finding(
        lambda rows: (
            (rows["never_predicted"] > 0).fillna(False).astype(bool)
            & (rows["folds"] == 0)  # a class has few test rows in one of them
            & ~predicts_one_class(rows)
        ),
        "A class of the test examples is never predicted",
        "The recalls are in scores_by_class.parquet.",
        "{cells}, with {sizes}: {classes}",
    ),
    "guessing": Finding(
        lambda rows: guesses(rows) & ~predicts_one_class(rows),
        "No better by {metric} than {guessing}",
    ),
    "loss": Finding(
        lambda rows: (
            guesses(rows)
            & rows["best_step"].notna()  # a network
            & (rows["subset_classes"] > 1)
            & (rows["lowest_loss"] >= NOTHING_LEARNT * rows["guessing_loss"])
        ),
        "The training loss never fell below that of guessing",
        "Change the learning rate, or train longer.",
    ),
    "pretraining": Finding(
        lambda rows: rows["pretraining_learnt"] == FREQUENCIES,
        "Pretraining here taught the model little more than how frequent words or labels are",
        "Give its `pretrain` more `steps`, or another `learning_rate`.",
    ),
    "by heart": Finding(
        lambda rows: rows["pretraining_learnt"] == BY_HEART,
        "The model was pretrained here, and learnt its texts by heart",
        "Give its `pretrain` more texts, fewer `steps`, or `dropout`.",
    ),
    "not converged": Finding(
        lambda rows: rows["converged"].eq(False).fillna(False).astype(bool),
        "The fit stopped before it converged, so that scores are not those of `C`",
        "Lower `C`.",
        "{cells}: {settings}",
    ),
    "last step": Finding(
        # With a rate that falls to 0, the last step is usually the best one.
        lambda rows: (
            (rows["best_step"] == rows["steps"]).fillna(False).astype(bool)
            & (rows["validations"] > 1)
            & (rows["schedule"] == "constant")
        ),
        "The last step was the best one",
        "Train longer, by `epochs` or `min_steps`.",
    ),
    "busy": Finding(
        lambda rows: (
            (rows["device"] == "cpu")
            & (waited(rows["seconds"], rows["cpu_seconds"]) | waited(rows["sweep_seconds"], rows["sweep_cpu_seconds"]))
        ),
        "Trained while other work had the processor, too, so that training times are too long",
    ),
    "lowest": Finding(
        lambda rows: rows["sweep_edge"] == "lowest",
        "The lowest value of the sweep was selected",
        "Add lower ones to {sweeps}.",
        "{cells}, with {sizes}: {settings}",
    ),
    "highest": Finding(
        lambda rows: rows["sweep_edge"] == "highest",
        "The highest value of the sweep was selected",
        "Add higher ones to {sweeps}.",
        "{cells}, with {sizes}: {settings}",
    ),
}


class Diagnosis(NamedTuple):
    """The cells of an arm on a dataset that have a finding. rows: of scores.parquet. cells: how many the arm has."""

    rows: pd.DataFrame
    cells: int


def diagnoses(scores: pd.DataFrame) -> dict[str, list[Diagnosis]]:
    """Return each finding about the cells of one dataset, with the arms that have it; those that none has are left out.

    Arms that always answer the most frequent class have none: what would be found is what they are for.
    """
    scores = scores[scores["family"] != "majority"]
    found = {
        name: [
            Diagnosis(cells, len(rows))
            for _, rows in scores.groupby("arm", sort=False)
            if len(cells := rows[finding.holds(rows)])
        ]
        for name, finding in FINDINGS.items()
    }
    return {name: arms for name, arms in found.items() if arms}
