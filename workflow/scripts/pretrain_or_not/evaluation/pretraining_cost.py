"""Add up what the pretraining behind an arm has cost here."""

from __future__ import annotations

from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.files.paths import PathLike

COLUMNS = {"pretraining": "str", "pretraining_tokens": "Int64", "pretraining_flops": "float64",
           "pretrained_elsewhere": "bool", "pretraining_loss": "float64",
           "pretraining_guessing_loss": "float64"}  # fmt: skip


def pretraining_columns(behind: dict, made: list[PathLike]) -> dict[str, dict]:
    """Return the COLUMNS of each arm: {arm: {column: value}}.

    `pretraining` names the model, or the family of models that differ only in their amount of texts; it is None where
    nothing was pretrained here. Tokens and operations are those of all stages, one model from another. They are 0 for
    an arm without pretraining, and do not count what was pretrained elsewhere. `pretraining_loss` is that of the last
    stage on held-out texts, and `pretraining_guessing_loss` what guessing by frequency would have had.

    behind: arm -> `series`, `made` (names of models) and `elsewhere`. made: the run.json of each model.
    """
    runs = {run["model"]: run for run in map(read_json, made)}
    return {
        arm: {
            "pretraining": about["series"],
            "pretraining_tokens": sum(runs[name]["tokens_seen"] for name in about["made"]),
            "pretraining_flops": float(sum(runs[name]["training_flops"] for name in about["made"])),
            "pretrained_elsewhere": about["elsewhere"],
            "pretraining_loss": runs[about["made"][0]].get("validation_score") if about["made"] else None,
            "pretraining_guessing_loss": runs[about["made"][0]].get("guessing_loss") if about["made"] else None,
        }
        for arm, about in behind.items()
    }
