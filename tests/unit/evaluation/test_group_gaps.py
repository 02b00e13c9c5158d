"""Gaps between groups beside those of the reference arm: by hand, under chance alone, and with a planted difference."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import pretrain_or_not.evaluation.group_gaps as module
from pretrain_or_not.evaluation.group_gaps import (
    COLUMNS,
    Cell,
    Pairs,
    between_seeds,
    column_rows,
    difference,
    fairness,
    group_gap_table,
)
from pretrain_or_not.evaluation.predictions import CELL
from pretrain_or_not.evaluation.seed_variance import PRIOR, SeedVariance
from pretrain_or_not.evaluation.shared_models import SharedModels
from pretrain_or_not.files.parquet import write_table

NONE = SharedModels(pd.DataFrame(columns=["dataset", "arm", "seed", "folds", "pretraining_models"]))


def cell(arm, predicted, labels, seed=0):
    ids = np.arange(len(labels))
    return Cell(("d", arm, "9", 9, seed), ids, labels, np.asarray(predicted), 2, None)


def flipped(labels, wrong):
    """Return predictions that are wrong where it says."""
    return np.where(wrong, 1 - labels, labels)


def test_groups_that_are_copies_are_equal():
    rng = np.random.default_rng(0)
    labels, wrong = rng.integers(0, 2, 100), rng.random(100) < 0.2
    twice = [np.concatenate([values, values]) for values in (labels, flipped(labels, wrong))]
    both = [cell("big", twice[0], twice[0]), cell("small", twice[1], twice[0])]
    for row in column_rows(both, "side", np.repeat(["a", "b"], 100), "big", NONE):
        assert row["accuracy_gap"] == row["parity_difference"] == row["odds_difference"] == 0
    assert row["gap_difference"] == 0 and row["gap_difference_low"] < 0 < row["gap_difference_high"]
    (first, _) = column_rows(both, "side", np.repeat(["a", "b"], 100), "small", NONE)  # the other way round
    assert (first["gap_difference_low"], first["gap_difference_high"]) == pytest.approx(
        (-row["gap_difference_high"], -row["gap_difference_low"])
    )


def test_the_numbers_are_those_by_hand():
    labels = np.tile([0, 1], 100)
    values = np.repeat(["a", "b", "tiny"], [100, 90, 10])
    wrong = np.zeros(200, bool)
    wrong[np.flatnonzero(labels[:100] == 1)[:30]] = True  # in group a, 30 of the 50 of the second class are missed
    wrong[190:] = True  # a group of too few examples does not count
    reference, small = (
        cell("big", flipped(labels, np.arange(200) < 10), labels),
        cell("small", flipped(labels, wrong), labels),
    )
    first, second = column_rows([reference, small], "side", values, "big", NONE)
    assert first["accuracy_gap"] == pytest.approx(10) and np.isnan(first["gap_difference"])
    assert second["accuracy_gap"] == second["gap_mean"] == pytest.approx(30)
    assert (second["groups"], second["reference_gap_mean"]) == (2, pytest.approx(10))
    assert second["gap_difference"] == pytest.approx(20)
    assert 0 < second["gap_difference_low"] < 20 < second["gap_difference_high"]
    assert second["parity_difference"] == pytest.approx(30) and second["odds_difference"] == pytest.approx(60)
    three = Cell(("d", "x", "9", 9, 0), np.arange(3), np.arange(3), np.arange(3), 3, None)
    assert np.isnan(list(fairness(three, [np.arange(2), np.arange(2, 3)]).values())).all()


@pytest.mark.parametrize("errors_of_reference", [0.0, 0.2, 0.5])
def test_shuffled_groups_have_no_difference_in_about_95_of_100_draws(errors_of_reference, monkeypatch):
    monkeypatch.setattr(module, "SHUFFLES", 50)
    monkeypatch.setattr(module, "REPLICATES", 200)
    rng = np.random.default_rng(0)
    n, seeds = 300, 2
    labels, hard = rng.integers(0, 2, n), rng.random(n)
    cells = []
    for arm, most in (("big", errors_of_reference), ("small", 0.5)):
        for seed in range(seeds):
            wrong = rng.random(n) < most * hard
            cells.append(cell(arm, flipped(labels, wrong), labels, seed))
    values, held = np.repeat(["a", "b", "c"], 100), 0
    for _ in range(200):
        row = column_rows(cells, "side", rng.permutation(values), "big", NONE)[-1]
        held += row["gap_difference_low"] <= 0 <= row["gap_difference_high"]
    assert held / 200 >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 200)


def test_seeds_alone_make_a_clear_difference_in_at_most_8_of_100_draws(monkeypatch):
    """The arms are equal; each seed of each arm is better or worse in a group by 1.5 points, one standard deviation."""
    monkeypatch.setattr(module, "SHUFFLES", 20)
    monkeypatch.setattr(module, "REPLICATES", 200)
    rng, n, clear = np.random.default_rng(0), 1600, 0
    labels, values = np.zeros(n, int), np.repeat(["a", "b"], n // 2)
    for _ in range(200):
        hard, shared, cells = rng.random(n), rng.random(n) < 0.7, []
        for arm in ("big", "small"):
            for seed in range(2):
                errors = np.repeat(np.array([0.24, 0.16]) + rng.normal(0, 0.015, 2), n // 2)
                cells.append(cell(arm, 1 * (np.where(shared, hard, rng.random(n)) < errors), labels, seed))
        row = column_rows(cells, "side", values, "big", NONE)[-1]
        clear += row["gap_difference_low"] > 0 or row["gap_difference_high"] < 0
    assert clear / 200 <= 0.08


def test_the_interval_is_longer_by_the_seeds_and_only_by_them():
    rng = np.random.default_rng(0)
    gaps, by_chance = np.array([6.0, 8.0, 3.0, 3.0]), np.ones(4)
    pairs, resampled = np.array([[0, 2], [1, 3]]), gaps + rng.normal(0, 1.0, (1000, 4))
    arguments = Pairs(pairs, np.arange(2)), gaps, resampled, by_chance
    low, high = np.quantile((resampled[:, :2] - resampled[:, 2:]).mean(axis=1), [0.025, 0.975])
    without = difference(*arguments, PRIOR, 0.0)
    assert (without["gap_difference_low"], without["gap_difference_high"]) == pytest.approx((low, high))
    # Two seeds that are known to vary by 8 points squared, beside the bootstrap: a normal distribution.
    found = difference(*arguments, SeedVariance(1e6, 10**6), 8.0)
    test = (resampled[:, :2] - resampled[:, 2:]).mean(axis=1).var(ddof=1)
    longer = 1.96 * (np.sqrt(test + 8 / 2) - np.sqrt(test))
    assert low - found["gap_difference_low"] == pytest.approx(longer, rel=1e-3)
    assert found["gap_difference_high"] - high == pytest.approx(longer, rel=1e-3)


def test_what_is_known_of_seeds_is_measured_beside_a_prior_and_is_nothing_without_labels():
    labels = np.zeros(40, int)
    cells = [cell(arm, [0] * 39 + [1], labels, seed) for arm in ("big", "small") for seed in (0, 1)]
    gaps, errors = np.array([1.0, 1.0, 2.0, 6.0]), np.full((2, 4), 20.0)
    flat = np.zeros((10, 4))
    pairs = {("small", "9"): Pairs(np.array([[2, 0], [3, 1]]), np.arange(2))}
    ((variance, shape),) = between_seeds(cells, pairs, gaps, flat, errors).values()
    assert shape == pytest.approx(4 * (0.05 * 20) ** 2)  # two groups, two arms
    assert variance == pytest.approx((8 / shape + 2, 1 + 2))  # differences of 1 and 5 points
    for one in cells:
        one.n = 0
    assert between_seeds(cells, pairs, gaps, flat, errors)["small", "9"] == (PRIOR, 0)


def test_a_table_over_datasets_aligns_examples_and_pairs_seeds(tmp_path):
    ids, paths = np.arange(80), {}
    write_table(tmp_path / "examples.parquet", pa.table({"id": ids, "group_side": np.repeat(["a", "b"], 40)}))
    write_table(tmp_path / "plain.parquet", pa.table({"id": ids}))
    rng = np.random.default_rng(0)
    for arm, seeds in (("big", (0, 1)), ("small", (0, 1, 2))):
        for seed in seeds:
            found = rng.permutation(ids)
            wrong = (found < 20 + 4 * seed) & (arm == "small")
            table = pa.table({"id": found, "label": 0 * found, "p_a": 1.0 - wrong, "p_b": 1.0 * wrong})
            path = paths["d", arm, "9", 9, seed] = tmp_path / f"{arm}{seed}.parquet"
            write_table(path, table, label_names=["a", "b"])
    table = group_gap_table(paths, {"d": tmp_path / "examples.parquet", "e": tmp_path / "plain.parquet"}, "big", NONE)
    assert set(table) == {*CELL, *COLUMNS} and len(table) == 5
    small = table[table["arm"] == "small"]
    assert small["accuracy_gap"].tolist() == pytest.approx([50, 60, 70])
    assert small["gap_difference"].tolist() == pytest.approx([55] * 3)  # of the seeds that both have
    assert table.loc[table["arm"] == "big", "gap_difference"].isna().all()


def test_rounds_of_folds_that_are_not_complete_are_left_out(tmp_path, caplog):
    write_table(tmp_path / "examples.parquet", pa.table({"id": np.arange(80), "group_side": np.repeat(["a", "b"], 40)}))
    paths = {}
    for arm, seeds in (("big", (0, 2, 3)), ("small", (0, 1, 2, 3))):  # the first round of `big` lacks its second fold
        for seed in seeds:
            ids = np.arange(seed % 2, 80, 2)
            wrong = (ids < 20) & (arm == "small")
            table = pa.table({"id": ids, "label": 0 * ids, "p_a": 1.0 - wrong, "p_b": 1.0 * wrong})
            path = paths["d", arm, "9", 9, seed] = tmp_path / f"{arm}{seed}.parquet"
            write_table(path, table, label_names=["a", "b"], folds=2)
    table = group_gap_table(paths, {"d": tmp_path / "examples.parquet"}, "big", NONE)
    assert list(zip(table["arm"], table["seed"], strict=True)) == [("big", 2), ("small", 0), ("small", 2)]
    assert table["accuracy_gap"].tolist() == pytest.approx([0, 50, 50])
    assert table["gap_difference"].tolist() == pytest.approx([np.nan, 50, 50], nan_ok=True)
    assert "d: 1 rounds of folds are not complete, and are left out of group_gaps.parquet" in caplog.text
    alone = {key: path for key, path in paths.items() if key[1:] == ("big", "9", 9, 0)}
    assert group_gap_table(alone, {"d": tmp_path / "examples.parquet"}, "big", NONE).empty
