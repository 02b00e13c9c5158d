"""What the pretraining behind an arm has cost, and whether a stage taught nothing."""

import pytest

from pretrain_or_not.evaluation.pretraining_cost import OF_TEACHER, pretraining_columns
from pretrain_or_not.files.json_files import write_json

GOOD = {"recipe": {"order": "natural"}, "tokens_seen": 10, "training_flops": 100, "validation_score": 4.0,
        "lowest_loss": 4.0, "guessing_loss": 6.0}  # fmt: skip
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
            "made": ["second", "first"],
            "teachers": [],
            "elsewhere": False,
            "teacher_elsewhere": False,
        },
        "none": {"series": None, "made": [], "teachers": ["first"], "elsewhere": True, "teacher_elsewhere": False},
    }
    columns = pretraining_columns(behind, [tmp_path / "first.json", tmp_path / "second.json"])
    assert columns["chained"] == {"pretraining": "second", "pretraining_tokens": 20, "pretraining_flops": 200.0,
                                  OF_TEACHER: 0.0, "pretrained_elsewhere": False, "teacher_elsewhere": False,
                                  "pretraining_learnt": learnt}  # fmt: skip
    assert columns["none"][OF_TEACHER] == 100.0 and columns["none"]["pretraining_flops"] == 0.0
    assert columns["none"]["pretraining_tokens"] == 0 and columns["none"]["pretraining_learnt"] is None


def test_a_model_of_an_earlier_version_is_not_judged(tmp_path):
    write_json(
        tmp_path / "old.json",
        {key: GOOD[key] for key in ("recipe", "tokens_seen", "training_flops")} | {"model": "old"},
    )
    behind = {"arm": {"series": "old", "made": ["old"], "teachers": [], "elsewhere": False, "teacher_elsewhere": False}}
    assert pretraining_columns(behind, [tmp_path / "old.json"])["arm"]["pretraining_learnt"] is None
