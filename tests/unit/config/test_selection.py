"""The best run of a sweep is a finite one."""

import pytest

from pretrain_or_not.config import sweeps
from pretrain_or_not.config.families import FAMILIES
from pretrain_or_not.config.selection import best_setting
from pretrain_or_not.config.settings import setting_value
from pretrain_or_not.config.sweeps import SWEEPS, sweep_key


@pytest.mark.parametrize(
    ("accuracies", "best"),
    [
        ({}, None),
        ({"lr1": 0.5, "lr2": 0.5}, "lr1"),
        ({"lr1": None, "lr2": 0.0}, "lr2"),
        ({"lr1": 0.1, "lr2": None, "lr3": 0.2}, "lr3"),
        ({"lr1": None, "lr2": None}, "lr1"),
    ],
)
def test_a_run_that_is_not_finite_never_beats_one_that_is(accuracies, best):
    assert best_setting(accuracies, 1) == best


def test_the_lowest_score_is_best_where_lower_is_better():
    assert best_setting({"lr1": None, "lr2": 0.4, "lr3": 0.2, "lr4": 0.2}, -1) == "lr3"


@pytest.mark.parametrize(
    ("setting", "value", "key"),
    [
        ("lr0.001", 0.001, "learning_rates"),
        ("lr1e-05", 1e-5, "learning_rates"),
        ("C10.0", 10.0, "C"),
        ("k5.0", 5.0, "neighbours"),
        ("only", None, None),
    ],
)
def test_the_value_of_a_setting_and_the_key_of_its_sweep(setting, value, key):
    assert setting_value(setting) == value and sweep_key(setting) == key


def test_every_sweep_of_a_family_is_found_by_its_settings():
    assert {family.sweep for family in FAMILIES.values()} == {*SWEEPS, None}
    assert [sweep_key(f"{sweep.prefix}1e-05") for sweep in SWEEPS] == [sweep.key for sweep in SWEEPS]


def test_a_prefix_may_end_as_a_number_does(monkeypatch):
    monkeypatch.setattr(sweeps, "SWEEPS", (*SWEEPS, sweeps.Sweep("shares", "share")))
    assert sweep_key("share0.1") == "shares" and sweep_key("lr0.1") == "learning_rates"
