"""A recipe for small LSTMs, the files of a run, and a function that trains a run as its job does."""

import os
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from pretrain_or_not.arms import family_module
from pretrain_or_not.config.families import FAMILIES
from pretrain_or_not.files.parquet import write_table
from pretrain_or_not.training.checkpoints import Checkpoints
from pretrain_or_not.training.neural_run import train_network

RECIPE = {
    "family": "lstm", "tokenizer": "tiny", "embeddings": None, "freeze_embeddings": True, "embedding_size": 12,
    "layers": 2, "hidden": 8, "dropout": 0.0, "batch_size": 8, "epochs": 2, "min_steps": 0, "validations": 3,
    "patience": None, "warmup": 0.1, "schedule": "linear", "weight_decay": 0.0, "clip": 1.0, "precision": "fp32",
    "class_weights": None,
}  # fmt: skip
FILES = {"model": "model.safetensors", "config": "config.json", "history": "history.parquet", "cost": "run.json"}
NEVER = 1e9  # seconds between checkpoints


def run_outputs(folder):
    """Return the paths of the files of a run in a folder, the `outputs` of a `Run`."""
    return {key: str(Path(folder) / name) for key, name in FILES.items()}


def write_tokens(path, examples, columns=(), **about):
    """Write the tokens of Examples as the stage that makes them does. columns: further ones. about: metadata."""
    offsets = pa.array(examples.offsets.astype(np.int32))
    table = {"id": examples.ids, "label": examples.labels.astype(np.int32),
             "input_ids": pa.ListArray.from_arrays(offsets, pa.array(examples.tokens)), **dict(columns)}  # fmt: skip
    told = {"dataset": "toy", "tokenizer": "tiny", "max_length": 20, "split": path.stem} | examples.about | about
    write_table(path, pa.table(table), **told)


def train(run):
    """Train a run in this process, as the script of its family does."""
    family = run.recipe["family"]
    if not FAMILIES[family].fitted:
        train_network(family_module(family).build, run)
    else:
        from pretrain_or_not.training.fitted_run import fit_classifier  # here, as scikit-learn takes a second

        fit_classifier(family_module(family).build, run)


def no_checkpoints():
    """Return Checkpoints that are not written in time; what a test that was stopped has written is not used."""
    return Checkpoints(Path(tempfile.gettempdir(), f"no-checkpoints-{os.getpid()}"), str(time.time_ns()), NEVER)
