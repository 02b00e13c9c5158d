"""What a training run leaves behind: model, history.parquet, run.json."""

import resource
import sys
from contextlib import suppress
from pathlib import Path

import pyarrow as pa

from artifacts import read_json, write_json, write_table
from provenance import digest, sha256_of, versions
from stage import BadInput
from whole_files import scratch_folder, whole

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
CHECKSUM = "checksum"
KIB_A_MIB = 2**10
COST_PACKAGES = ("torch", "transformers", "accelerate", "scikit-learn")


def save_model(model, weights, config):
    """Write the two files that ``model.save_pretrained`` makes to the paths `weights` and `config`.

    The config gets a checksum of both, for `check_model`: safetensors files have none.
    """
    with scratch_folder(weights) as folder:
        model.save_pretrained(folder)
        settings = read_json(folder / Path(config).name)
        write_json(folder / Path(config).name, settings | {CHECKSUM: model_checksum(folder, settings)})
        for path in (weights, config):
            with whole(path) as partial:
                (folder / Path(path).name).rename(partial)


def check_model(folder):
    """Raise BadInput where the model in `folder` is not as `save_model` wrote it."""
    settings = read_json(Path(folder) / "config.json")
    if settings.pop(CHECKSUM, None) != model_checksum(folder, settings):
        weights = Path(folder) / "model.safetensors"
        raise BadInput(f"{weights}, or config.json beside it, is not as it was written; delete both and run again")


def model_checksum(folder, settings):
    """Digest of the weights in `folder` and of the settings in its config.json."""
    return digest([sha256_of(Path(folder) / "model.safetensors"), settings])


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
    with suppress(OSError), open("/proc/self/status", encoding="ascii") as status:
        # Linux also has it as ru_maxrss, but that counts what the parent held when it started this process.
        return round(next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / KIB_A_MIB)
    unit = 2**20 if sys.platform == "darwin" else KIB_A_MIB  # macOS counts bytes
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit)


def parameter_counts(model, embedding):
    """Parameters in total, trained, and in the embedding tables `embedding` (a list of tensors)."""
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "parameters_trained": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "parameters_embedding": sum(p.numel() for p in embedding),
    }


def run_arguments(snakemake):
    """What a training function of any family is told of its run, by a rule's `snakemake` object.

    The value that is swept over is `strength` or `learning_rate`, as its setting begins with C or lr.
    """
    wildcards, params = snakemake.wildcards, snakemake.params
    cell = {key: wildcards[key] for key in ("dataset", "arm", "size", "setting")} | {"seed": int(wildcards.seed)}
    swept = "strength" if wildcards.setting.startswith("C") else "learning_rate"
    return {
        "paths": dict(snakemake.input.items()) | {"validation_max": params.validation_max},
        "recipe": params.recipe,
        swept: float(wildcards.setting.lstrip("Clr")),
        "threads": snakemake.threads,
        "cell": cell | {"selection": params.selection},
        "outputs": dict(snakemake.output.items()),
    }
