"""Read the examples of a run, cut to what its arm asks for."""

from __future__ import annotations

from collections.abc import Callable

from pretrain_or_not.data.examples import AS_STORED, Takes, form_of_tokens, read_cell
from pretrain_or_not.files.parquet import read_metadata
from pretrain_or_not.job import log
from pretrain_or_not.training.run import Run


def about_data(run: Run) -> dict:
    """Return the metadata of a run's training examples, with the `max_length` of its arm."""
    return read_metadata(run.inputs["train"]) | {key: run.recipe[key] for key in ("max_length",) if key in run.recipe}


def read_data(run: Run, takes: Takes, form: Callable | None = None):
    """Return the training and the validation examples of a run, and facts for run.json about how they were cut.

    takes: what the model can read. form: function of an Arrow table and the metadata that returns the examples; None
    for tokens.
    """
    form = form or form_of_tokens(run.recipe.get("max_length", AS_STORED), takes)
    train, validation = read_cell(run.inputs, run.cell, run.tokenizer, run.validation_max, form)
    if run.reads != "tokens":
        return train, validation, {}
    facts = {"max_length": train.about["max_length"], "truncated": train.about["truncated"]}
    if facts["max_length"] is not None:
        log.info("%d of %d training texts are cut to %d tokens", facts["truncated"], len(train), facts["max_length"])
    return train, validation, facts
