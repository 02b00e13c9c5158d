"""What a training run leaves behind: model, history.parquet, run.json."""

import resource
import sys
import tempfile
from pathlib import Path

import pyarrow as pa

from artifacts import whole, write_json, write_table
from provenance import digest, versions

HISTORY = pa.schema(
    [
        ("step", pa.int64()),
        ("examples", pa.int64()),
        ("loss", pa.float64()),
        ("validation_accuracy", pa.float64()),
        ("learning_rate", pa.float64()),
        ("seconds", pa.float64()),
    ]
)
COST_PACKAGES = ("torch", "transformers", "accelerate", "scikit-learn")


def save_model(model, weights, config):
    """Write the two files that ``model.save_pretrained`` makes to the paths `weights` and `config`."""
    with tempfile.TemporaryDirectory(dir=Path(weights).parent, prefix=".model-") as folder:
        model.save_pretrained(folder)
        for path in (weights, config):
            with whole(path) as partial:
                (Path(folder) / Path(path).name).rename(partial)


def save_run(history, cost, recipe, cell, outputs):
    """Write history.parquet and run.json.

    history: rows of HISTORY. cost: what `fit` measured. cell: dataset, arm, size, n, seed and setting of the run.
    """
    write_table(outputs["history"], pa.Table.from_pylist(history, schema=HISTORY), **cell)
    write_json(
        outputs["cost"],
        cell | cost | {"recipe": recipe, "config_digest": digest(recipe), "versions": versions(*COST_PACKAGES)},
    )


def process_peak_memory_mb():
    """Most memory this process has held so far, in MiB."""
    unit = 2**20 if sys.platform == "darwin" else 2**10  # macOS counts bytes, Linux KiB
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit)


def parameter_counts(model, embedding):
    """Parameters in total, trained, and in the embedding tables `embedding` (a list of tensors)."""
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "parameters_trained": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "parameters_embedding": sum(p.numel() for p in embedding),
    }


def cell_of(wildcards):
    """Which run this is: dataset, arm, size, seed and setting, from a rule's wildcards."""
    return {key: wildcards[key] for key in ("dataset", "arm", "size", "setting")} | {"seed": int(wildcards.seed)}
