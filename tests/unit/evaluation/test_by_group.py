"""Scores of groups, against the same numbers computed on each group by hand."""

import numpy as np
import pyarrow as pa
import pytest

from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.evaluation.by_group import COLUMNS, group_rows
from pretrain_or_not.evaluation.details import rows_by_group
from pretrain_or_not.evaluation.predictions import Predictions
from pretrain_or_not.files.parquet import write_table


def cell(right):
    """Return the predictions of an arm that is right where it says."""
    labels = np.zeros(len(right), int)
    wrong = np.where(right, 0.1, 0.9).astype(np.float32)
    return Predictions(np.arange(len(right)), labels, np.column_stack([1 - wrong, wrong]), {})


def test_groups_have_their_own_scores_and_gaps():
    values = np.repeat(["de", "fr", "it"], [100, 50, 10])
    arm, reference = np.ones(160, bool), np.ones(160, bool)
    arm[:20] = arm[100:125] = arm[150:] = False  # 80 % of de, 50 % of fr, 0 % of the tiny group
    reference[:5] = False
    rows = group_rows(cell(arm), cell(reference), {"country": values}, METRICS["accuracy"])
    assert [set(row) for row in rows] == [set(COLUMNS)] * 3
    de, fr, it = rows
    assert (de["accuracy"], fr["accuracy"], it["accuracy"]) == (0.8, 0.5, 0.0)
    assert de["gap"] == pytest.approx(15) and fr["gap"] == pytest.approx(50)
    assert de["gap_se"] == pytest.approx(100 * np.sqrt(0.15 * 0.85 / 99))  # paired
    assert [row["worst"] for row in rows] == [False, True, False]  # it has too few examples to be the worst
    assert [row["spread"] for row in rows] == pytest.approx([30, 30, 30])


def test_a_cell_without_a_reference_has_scores_and_no_gap():
    rows = group_rows(cell(np.ones(50, bool)), None, {"a": np.repeat("x", 50)}, METRICS["log_loss"])
    assert np.isnan(rows[0]["gap"]) and np.isnan(rows[0]["spread"]) and not rows[0]["worst"]
    assert rows[0]["score"] == pytest.approx(-np.log(0.9))


@pytest.mark.parametrize("metric", ["auc", "mcc"])
def test_a_group_of_one_class_has_no_auc_and_is_not_the_worst(metric):
    labels = np.repeat([0, 1, 0], [50, 50, 50])
    wrong = np.where(labels == np.arange(150) % 9 // 8, 0.9, 0.1).astype(np.float32)
    both = Predictions(np.arange(150), labels, np.column_stack([wrong, 1 - wrong]), {})
    values = np.concatenate([np.tile(["de", "fr"], 50), np.repeat("it", 50)])
    de, fr, it = group_rows(both, both, {"country": values}, METRICS[metric])
    assert np.isnan([it["score"], it["gap"], it["gap_se"]]).all() and not it["worst"] and it["accuracy"] > 0
    assert de["worst"] + fr["worst"] == 1 and it["spread"] == de["spread"]
    assert de["spread"] == pytest.approx(100 * abs(de["score"] - fr["score"]))


@pytest.mark.parametrize(("metric", "compared"), [("macro_f1", 2), ("auc", 2), ("mcc", 3), ("log_loss", 3)])
def test_a_group_that_lacks_a_class_is_not_compared_by_a_mean_over_classes(metric, compared):
    """All groups are right as often. By macro-F1 over two classes, the last one would be the best, by far."""
    labels = np.concatenate([np.repeat([0, 1, 2], [30, 30, 4])] * 2 + [np.repeat([0, 1], 32)])
    right = np.tile(np.arange(64) % 30 < 27, 3) & (labels < 2)
    probabilities = np.full((192, 3), 0.1, np.float32)
    probabilities[np.arange(192), np.where(right, labels, (labels + 1) % 2)] = 0.8
    cell = Predictions(np.arange(192), labels, probabilities, {})
    rows = group_rows(cell, cell, {"country": np.repeat(["de", "fr", "it"], 64)}, METRICS[metric])
    assert sum(np.isfinite(row["score"]) for row in rows) == sum(np.isfinite(row["gap"]) for row in rows) == compared
    assert all(np.isfinite(row["macro_f1"]) and row["accuracy"] > 0.8 for row in rows)
    if compared == 2:
        assert rows[0]["spread"] == pytest.approx(0) and rows[2]["macro_f1"] > rows[0]["macro_f1"] + 0.2


def test_test_data_of_one_class_have_no_auc():
    cell = Predictions(np.arange(60), np.zeros(60, int), np.full((60, 2), 0.5, np.float32), {})
    rows = group_rows(cell, cell, {"country": np.repeat(["de", "fr"], 30)}, METRICS["auc"])
    assert all(np.isnan([row["score"], row["gap"], row["spread"]]).all() and not row["worst"] for row in rows)


@pytest.mark.parametrize(("folds", "rows"), [(2, [(0, 60, 30), (2, 60, 30)]), (None, [(s, 30, 15) for s in range(4)])])
def test_the_folds_of_a_round_are_put_together(tmp_path, folds, rows):
    ids, paths = np.arange(120), {}
    side = pa.array(np.where(ids % 2, "left", "right"))
    write_table(tmp_path / "examples.parquet", pa.table({"id": ids, "group_side": side}))
    for arm in ("big", "small"):
        for seed in range(4):
            found = ids[60 * (seed % 2) :][:60] if folds else ids[:60]
            wrong = (found % 4 < 2) * (arm == "small")
            table = pa.table({"id": found, "label": 0 * found, "p_a": 1.0 - wrong, "p_b": 1.0 * wrong})
            path = paths["d", arm, "9", 9, seed] = tmp_path / f"{arm}{seed}.parquet"
            write_table(path, table, label_names=["a", "b"], folds=folds)
    table = rows_by_group(paths, {"d": tmp_path / "examples.parquet"}, "big", METRICS["accuracy"])
    found = [row for row in table if row["arm"] == "small" and row["value"] == "left"]
    assert [(row["seed"], row["test_examples"], row["accuracy"] * row["test_examples"]) for row in found] == rows
    assert [row["gap"] for row in found] == [50] * len(rows)
