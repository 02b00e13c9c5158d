"""A folder of results as jobs leave it, without running any: for tests of what reads it."""

import numpy as np
import pyarrow as pa

from helpers.plan import make_catalogue
from pretrain_or_not.files.json_files import write_json
from pretrain_or_not.files.parquet import write_table
from pretrain_or_not.files.provenance import digest
from pretrain_or_not.plan.inputs import JobInputs
from pretrain_or_not.plan.params import JobParams
from pretrain_or_not.plan.per_job import Wildcards

ROWS = {"train": 200, "validation": 60, "test": 90}
LENGTH = 10  # tokens of each text


def write_data(folder):
    """Write dataset.json and the training tokens of dataset `toy`."""
    write_json(folder / "toy" / "dataset.json", {"rows": ROWS, "folds": None})
    ids = pa.FixedSizeListArray.from_arrays(pa.array(np.ones(ROWS["train"] * LENGTH, np.int32)), LENGTH)
    table = pa.table({"input_ids": ids.cast(pa.list_(pa.int32()))})
    write_table(folder / "toy" / "tokens" / "tiny" / "train.parquet", table)


def write_run(catalogue, arm, size="40", seed=0, setting=None, **facts):
    """Write the run.json of a finished run, and the files that make its cell complete. facts: further content."""
    inputs, cell = JobInputs(catalogue), {"dataset": "toy", "arm": arm, "size": size, "seed": seed}
    folder = inputs.folder(cell)
    recipe = JobParams(catalogue).recipe(Wildcards(cell))
    run = {
        "n": int(size), "steps": 10, "examples_seen": 400, "seconds": 8.0, "training_flops": 16_000,
        "validation_seconds": 1.0, "validations": 2, "validation_examples": 50, "peak_memory_mb": 1000,
        "parameters": 250_000, "device": "cpu", "config_digest": digest(recipe),
        "metric": catalogue.metric.name, "selection": "validation",
    }  # fmt: skip
    setting = setting or catalogue.settings(arm)[0]
    write_json(folder / setting / "run.json", cell | run | {"setting": setting} | facts)
    write_json(folder / "selected.json", {})
    inputs.predictions_path(cell).parent.mkdir(parents=True, exist_ok=True)
    inputs.predictions_path(cell).touch()


def make_results(folder, **sections):
    """Return a catalogue of three arms at two sizes whose data are in `folder`; one cell of `bert` is complete.

    sections: keys of the config to change, as for `make_catalogue`.
    """
    experiment = {"arms": ["bert", "lstm", "tfidf"], "sizes": [40, 100]} | sections.pop("experiment", {})
    catalogue = make_catalogue(folder, experiment=experiment, **sections)
    write_data(folder)
    write_run(catalogue, "bert", tokens_seen=4000)
    return catalogue
