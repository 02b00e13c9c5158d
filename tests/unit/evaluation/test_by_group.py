"""Scores of groups, against the same numbers computed on each group by hand."""

import numpy as np
import pytest

from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.evaluation.by_group import COLUMNS, group_rows
from pretrain_or_not.evaluation.predictions import Predictions


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
