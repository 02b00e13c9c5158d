"""The description of one pretraining run."""

from __future__ import annotations

from dataclasses import dataclass

SECONDS_PER_MINUTE = 60

LITTLE_LEARNT = 0.95  # of the loss of guessing: one above that is hardly better

FREQUENCIES, BY_HEART = "frequencies", "by heart"  # what a model has learnt that is no better than guessing


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


def learnt_instead(about: dict) -> str | None:
    """Return what a model has learnt that is hardly better than guessing on held-out texts; None if it is better.

    BY_HEART: it once was better, or is on the texts that it is trained on, and it has read these more than once.
    FREQUENCIES: otherwise. Of words that are drawn by their frequency, nothing else can be learnt. about: content of
    its run.json.
    """
    guessing = about.get("guessing_loss")  # missing for a model that was made without a step, or by an earlier version
    if guessing is None or about["recipe"]["order"] == "corpus":
        return None
    if about["validation_score"] < LITTLE_LEARNT * guessing:
        return None
    least = about.get("rows", about.get("fewest_examples", about.get("examples")))
    read_again = about["examples_seen"] / about.get("tasks", 1) > least  # tasks are drawn equally often
    return BY_HEART if read_again and about["lowest_loss"] < LITTLE_LEARNT * guessing else FREQUENCIES
