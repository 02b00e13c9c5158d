"""The files that a training run writes: model, history.parquet, run.json."""

from __future__ import annotations

import math
from pathlib import Path

import pyarrow as pa

from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.atomic import atomic_write, temporary_folder
from pretrain_or_not.files.json_files import read_json, write_json
from pretrain_or_not.files.parquet import write_table
from pretrain_or_not.files.paths import MODEL_FILES, PathLike
from pretrain_or_not.files.provenance import digest, sha256_of, versions

HISTORY = pa.schema(
    [
        ("step", pa.int64()),
        ("examples", pa.int64()),
        ("loss", pa.float64()),
        ("validation_score", pa.float64()),
        ("learning_rate", pa.float64()),
        ("seconds", pa.float64()),
    ]
)

CHECKSUM = "checksum"

COST_PACKAGES = ("torch", "transformers", "accelerate", "scikit-learn")


def save_model(model, weights: PathLike, config: PathLike) -> None:
    """Write the two files that ``model.save_pretrained`` makes to the paths `weights` and `config`.

    The config also gets a checksum of both files, for `check_model`, because safetensors files have none.
    """
    with temporary_folder(weights) as folder:
        model.save_pretrained(folder)
        settings = read_json(folder / Path(config).name)
        settings.pop(CHECKSUM, None)  # of the model that it was made from
        write_json(folder / Path(config).name, settings | {CHECKSUM: model_checksum(folder, settings)})
        for path in (weights, config):
            with atomic_write(path) as partial:
                (folder / Path(path).name).rename(partial)


def check_model(folder: PathLike) -> None:
    """Raise BadInput if the model in `folder` is not as `save_model` wrote it."""
    settings = read_json(Path(folder) / "config.json")
    if settings.pop(CHECKSUM, None) != model_checksum(folder, settings):
        weights = Path(folder) / MODEL_FILES[0]
        # The files of a selected model are hard links to those of its run.
        same = [path.parent for path in weights.parent.parent.glob(f"*/{MODEL_FILES[0]}") if path.samefile(weights)]
        places = " and in ".join(str(path) for path in sorted(same, key=lambda path: path != weights.parent))
        raise BadInput(
            f"{weights}, or config.json next to it, is not as it was written; delete both, in {places}, and run again"
        )


def delete_model(folder: Path) -> None:
    """Delete the model of a run; its run.json and history stay."""
    for name in MODEL_FILES:
        (folder / name).unlink(missing_ok=True)


def model_checksum(folder, settings):
    """Return a digest of the weights in `folder` and of the `settings` in its config.json."""
    return digest([sha256_of(Path(folder) / "model.safetensors"), settings])


def write_history(path: PathLike, history: list[dict], **about) -> None:
    """Write history.parquet. history: rows of HISTORY, of which some may have further numbers. about: metadata."""
    more = dict.fromkeys(key for row in history for key in row if key not in HISTORY.names)
    schema = pa.schema([*HISTORY, *((key, pa.float64()) for key in more)])
    write_table(path, pa.Table.from_pylist(history, schema=schema), **about)


def save_run(history: list[dict], cost: dict, recipe: dict, cell: dict, outputs: dict) -> None:
    """Write history.parquet and run.json, which also holds the number of validations and the lowest mean loss of one.

    history: rows of HISTORY. cost: the measurements of `fit`. cell: dataset, arm, size, n, seed and setting of the run.
    outputs: paths of `history` and `cost`.
    """
    losses = [row["loss"] for row in history if math.isfinite(row["loss"])]
    cost = cost | {"validations": len(history), "lowest_loss": min(losses, default=None)}
    write_history(outputs["history"], history, **cell)
    write_json(
        outputs["cost"],
        cell | cost | {"recipe": recipe, "config_digest": digest(recipe), "versions": versions(*COST_PACKAGES)},
    )
