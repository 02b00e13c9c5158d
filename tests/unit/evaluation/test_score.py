"""Scores and gaps: shares, cells without a counterpart, and what was selected on test."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pretrain_or_not.evaluation.score import COST, score
from pretrain_or_not.files.parquet import write_table


@pytest.fixture
def scored(tmp_path):
    """Return a function (cells) -> (scores, gaps); cells: (arm, n, seed, share of right answers, selection or None)."""

    def run(cells):
        predictions, selected = [], []
        for i, (arm, n, seed, right, selection) in enumerate(cells):
            about = {"dataset": "d", "arm": arm, "size": str(n), "n": n, "seed": seed, "setting": "lr0.1"}
            labels = np.zeros(100, np.int32)
            predicted = (np.arange(100) >= 100 * right).astype(np.int32)
            table = pa.table({"id": np.arange(100), "label": labels, "predicted": predicted})
            inference = {"seconds": 2.0, "examples": 100}
            write_table(tmp_path / f"{i}.parquet", table, label_names=["a", "b"], inference=inference, **about)
            chosen = about | dict.fromkeys(COST, 1) | {"validation_accuracy": 0.5, "validation_examples": 10}
            chosen |= {"selection": selection} if selection else {}
            (tmp_path / f"{i}.json").write_text(json.dumps({"selected": chosen, "sweep_seconds": 1.0}))
            predictions.append(tmp_path / f"{i}.parquet")
            selected.append(tmp_path / f"{i}.json")
        (tmp_path / "dataset.json").write_text(json.dumps({"dataset": "d", "rows": {"train": 400}}))
        outputs = {name: tmp_path / f"{name}.parquet" for name in ("scores", "gaps")}
        titles = {"dataset": {"d": "D"}, "arm": {arm: arm.upper() for arm, *_ in cells} | {"big": "BIG"}}
        score(predictions, selected, [tmp_path / "dataset.json"], "big", titles, outputs)
        return pd.read_parquet(outputs["scores"]), pd.read_parquet(outputs["gaps"])

    return run


def test_a_cell_without_a_counterpart_has_a_score_and_no_gap(scored):
    scores, gaps = scored([("small", 100, 0, 0.8, None), ("small", 100, 1, 0.7, None), ("big", 100, 0, 0.9, None)])
    assert len(scores) == 3 and scores["share"].tolist() == [0.25] * 3
    assert gaps[["arm", "n", "seed", "share"]].values.tolist() == [["small", 100, 0, 0.25]]
    assert gaps["gap"].tolist() == pytest.approx([10.0])


def test_no_reference_at_all_is_no_error(scored):
    scores, gaps = scored([("small", 100, 0, 0.8, None)])
    assert len(scores) == 1 and gaps.empty and gaps["selection"].dtype == scores["selection"].dtype


def test_a_gap_is_selected_on_test_where_either_cell_was(scored):
    scores, gaps = scored(
        [("small", 100, 0, 0.8, "validation"), ("small", 200, 0, 0.8, None), ("big", 100, 0, 0.9, "test"),
         ("big", 200, 0, 0.9, "validation")]
    )  # fmt: skip
    assert scores["selection"].tolist() == ["validation", "validation", "test", "validation"]
    assert gaps.set_index("n")["selection"].to_dict() == {100: "test", 200: "validation"}
