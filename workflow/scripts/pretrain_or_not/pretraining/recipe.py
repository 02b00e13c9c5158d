"""The description of one pretraining run."""

from __future__ import annotations

from dataclasses import dataclass

SECONDS_PER_MINUTE = 60

LITTLE_LEARNT = 0.95  # of the loss of guessing: a model above that has learnt hardly more than what is frequent


@dataclass(frozen=True)
class Pretraining:
    """One pretraining run. All values are JSON-able.

    name: of the model in the config. recipe: the keys of its `pretrain`. base: the model of the config that it starts
    from, with path, revision and sha256, or None for random weights. tokenizer: the path and revision of the model
    whose tokenizer it has. inputs: paths of `train` and `held_out`, lists: of one file of packed rows or, with
    `objective: supervised`, of the tokens of each task. outputs: paths of `model`, `config`, `history`, `cost` and
    `tokenizer`. threads: CPU threads of one process. checkpoint_seconds: between checkpoints. code: digest of the code.
    """

    name: str
    recipe: dict
    base: dict | None
    tokenizer: dict
    inputs: dict
    outputs: dict
    threads: int = 1
    checkpoint_seconds: float = 600.0
    code: str = ""


def pretraining_of_job(snakemake) -> Pretraining:
    """Return the run that the `snakemake` object of rule `pretrain` describes."""
    params, inputs = snakemake.params, snakemake.input
    return Pretraining(
        name=snakemake.wildcards.made,
        recipe=params.recipe,
        base=params.base,
        tokenizer=params.tokenizer,
        inputs={
            key: files if isinstance(files := inputs[key], list) else [str(files)] for key in ("train", "held_out")
        },
        outputs=dict(snakemake.output.items()),
        threads=max(1, snakemake.threads // params.recipe["processes"]),
        checkpoint_seconds=SECONDS_PER_MINUTE * snakemake.config["experiment"]["checkpoint_minutes"],
        code=params.code,
    )
