"""Add up what the pretraining behind an arm has cost here."""

from __future__ import annotations

from pretrain_or_not.config.grid import repetition
from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.files.paths import PathLike
from pretrain_or_not.pretraining.recipe import learnt_instead

OF_TEACHER = "teacher_pretraining_flops"  # what is added to `teacher_flops` of each cell

COLUMNS = {"pretraining": "str", "pretraining_models": "str", "pretraining_tokens": "Int64",
           "pretraining_flops": "float64", "pretrained_elsewhere": "bool", "teacher_elsewhere": "bool",
           "pretraining_learnt": "str"}  # fmt: skip


def pretraining_columns(behind: dict, made: list[PathLike]) -> dict[str, dict[int, dict]]:
    """Return the COLUMNS of each arm, and OF_TEACHER, by repetition: {arm: {repetition: {column: value}}}.

    `pretraining` names the model, or the family of models that differ only in their amount of texts; it is None where
    nothing was pretrained here. If arms use a family in several ways, those of further ways have the name of their
    first arm in it. `pretraining_models` names all models behind a cell, also those of its teacher, but no random
    weights that each cell draws anew; None if there is none. Tokens and operations are those of all stages, one model
    from another. They are 0 for an arm without pretraining, and do not count what was pretrained elsewhere, nor models
    of other cells. `pretraining_learnt` says what a stage has learnt that is no better than guessing, see
    `pretraining.recipe.learnt_instead`; None if each is better.

    behind: arm -> `series`, `made` and `teachers` (names of models by repetition), `redrawn`, `elsewhere`,
    `teacher_elsewhere`. made: the run.json of models; a repetition of which one is missing has no columns.
    """
    runs = {run["model"]: run for run in map(read_json, made)}

    def columns(about, own, teachers):
        tokens = sum(runs[name]["tokens_seen"] for name in own)
        shared = [] if about["redrawn"] and not tokens else own
        return {
            "pretraining": about["series"],
            "pretraining_models": ", ".join([*shared, *teachers]) or None,
            "pretraining_tokens": tokens,
            "pretraining_flops": float(sum(runs[name]["training_flops"] for name in own)),
            OF_TEACHER: float(sum(runs[name]["training_flops"] for name in teachers)),
            "pretrained_elsewhere": about["elsewhere"],
            "teacher_elsewhere": about["teacher_elsewhere"],
            "pretraining_learnt": next(filter(None, (learnt_instead(runs[name]) for name in own)), None),
        }

    return {
        arm: {
            i: columns(about, own, about["teachers"][i])
            for i, own in about["made"].items()
            if {*own, *about["teachers"][i]} <= runs.keys()
        }
        for arm, about in behind.items()
    }


def of_cell(columns: dict[str, dict[int, dict]], about: dict) -> dict:
    """Return the columns of a cell, of `pretraining_columns`; an arm with one repetition has the same for all.

    about: the metadata of its predictions.
    """
    own = columns[about["arm"]]
    place = repetition(about["seed"], about.get("folds"))
    return own[place] if place in own else next(iter(own.values()))
