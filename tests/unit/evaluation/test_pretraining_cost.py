"""What the pretraining behind an arm has cost, and whether a stage taught nothing."""

import pytest

from pretrain_or_not.evaluation.pretraining_cost import OF_TEACHER, of_cell, pretraining_columns
from pretrain_or_not.files.json_files import write_json

GOOD = {"recipe": {"order": "natural"}, "tokens_seen": 10, "examples_seen": 20, "rows": 10, "training_flops": 100,
        "validation_score": 4.0, "lowest_loss": 4.0, "guessing_loss": 6.0}  # fmt: skip
STUCK = {"validation_score": 6.0, "lowest_loss": 5.9}


@pytest.mark.parametrize(
    ("first", "second", "learnt"),
    [({}, {}, None), (STUCK, {}, "frequencies"), ({}, STUCK | {"lowest_loss": 1.0}, "by heart")],
)
def test_stages_are_added_up_and_each_is_judged(tmp_path, first, second, learnt):
    for name, keys in (("first", first), ("second", second)):
        write_json(tmp_path / f"{name}.json", GOOD | keys | {"model": name})
    behind = {
        "chained": {
            "series": "second",
            "made": {0: ["second", "first"], 1: ["first"]},
            "teachers": {0: [], 1: []},
            "redrawn": True,
            "elsewhere": False,
            "teacher_elsewhere": False,
        },
        "none": {
            "series": None,
            "made": {0: []},
            "teachers": {0: ["first"]},
            "redrawn": False,
            "elsewhere": True,
            "teacher_elsewhere": False,
        },
    }
    columns = pretraining_columns(behind, [tmp_path / "first.json", tmp_path / "second.json"])
    assert columns["chained"][0] == {"pretraining": "second", "pretraining_models": "second, first",
                                  "pretraining_tokens": 20, "pretraining_flops": 200.0,
                                  OF_TEACHER: 0.0, "pretrained_elsewhere": False, "teacher_elsewhere": False,
                                  "pretraining_learnt": learnt}  # fmt: skip
    assert of_cell(columns, {"arm": "chained", "seed": 1})["pretraining_tokens"] == 10
    assert of_cell(columns, {"arm": "chained", "seed": 5, "folds": 5})["pretraining_tokens"] == 10
    assert of_cell(columns, {"arm": "none", "seed": 3}) == columns["none"][0]
    assert columns["none"][0][OF_TEACHER] == 100.0 and columns["none"][0]["pretraining_flops"] == 0.0
    assert columns["none"][0]["pretraining_tokens"] == 0 and columns["none"][0]["pretraining_learnt"] is None


def test_a_model_of_an_earlier_version_is_not_judged(tmp_path):
    write_json(
        tmp_path / "old.json",
        {key: GOOD[key] for key in ("recipe", "tokens_seen", "training_flops")} | {"model": "old"},
    )
    behind = {
        "arm": {
            "series": "old",
            "made": {0: ["old"]},
            "teachers": {0: []},
            "redrawn": True,
            "elsewhere": False,
            "teacher_elsewhere": False,
        }
    }
    assert pretraining_columns(behind, [tmp_path / "old.json"])["arm"][0]["pretraining_learnt"] is None


@pytest.mark.parametrize(("redrawn", "models"), [(True, None), (False, "empty")])
def test_random_weights_that_each_cell_draws_are_no_shared_model(tmp_path, redrawn, models):
    write_json(tmp_path / "empty.json", GOOD | {"model": "empty", "tokens_seen": 0})
    about = {"series": "empty", "made": {0: ["empty"], 3: ["other"]}, "teachers": {0: [], 3: []}, "redrawn": redrawn,
             "elsewhere": False, "teacher_elsewhere": False}  # fmt: skip
    columns = pretraining_columns({"arm": about}, [tmp_path / "empty.json"])
    assert columns["arm"].keys() == {0}  # no cell of repetition 3 is scored, so its model may not be there
    assert columns["arm"][0]["pretraining_models"] == models
