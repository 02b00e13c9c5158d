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
    """Return a function (cells) -> (scores, gaps); cells: (arm, n, seed, share of right answers, selection or None).

    A sixth entry of a cell holds keys of its selected.json to change; a share None stands for predictions that are not
    finite.
    """

    def run(cells):
        predictions, selected = [], []
        for i, (arm, n, seed, right, selection, *more) in enumerate(cells):
            about = {"dataset": "d", "arm": arm, "size": str(n), "n": n, "seed": seed, "setting": "lr0.1"}
            labels = np.zeros(100, np.int32)
            predicted = (np.arange(100) >= 100 * (right or 0)).astype(np.int32)
            predicted = pa.array(predicted, mask=np.full(100, right is None))
            table = pa.table({"id": np.arange(100), "label": labels, "predicted": predicted})
            inference = {"seconds": 2.0, "examples": 100}
            write_table(tmp_path / f"{i}.parquet", table, label_names=["a", "b"], inference=inference,
                        unknown_tokens=0.0, truncated=0, **about)  # fmt: skip
            chosen = (
                about
                | dict.fromkeys([*COST, "best_step"], 1)
                | {"validation_accuracy": 0.5, "validation_examples": 10, "majority_class": 0}
            )
            chosen |= {"selection": selection} if selection else {}
            choice = {"selected": chosen, "sweep_seconds": 1.0, "beaten": []}
            for changes in more:
                chosen |= changes.get("selected", {})
                choice |= {key: changes[key] for key in changes if key != "selected"}
            (tmp_path / f"{i}.json").write_text(json.dumps(choice))
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


@pytest.mark.parametrize(
    ("right", "accuracy"), [(None, 0.5), (None, None), (0.9, None)], ids=["in the test", "always", "in all validations"]
)
def test_a_cell_that_is_not_finite_has_no_accuracy_and_no_gap(scored, right, accuracy):
    bad = {"selected": {"validation_accuracy": accuracy}}
    cells = [("small", 100, 0, right, None, bad), ("small", 200, 0, 0.7, None), ("small", 300, 0, 0.7, None)]
    cells += [("big", 100, 0, 0.9, None), ("big", 200, 0, 0.9, None), ("big", 300, 0, right, None, bad)]
    scores, gaps = scored(cells)
    assert scores["status"].tolist() == ["not finite", "ok", "ok", "ok", "ok", "not finite"]
    lost = scores[scores["status"] != "ok"][
        ["accuracy", "accuracy_low", "accuracy_high", "macro_f1", "predicted_classes"]
    ]
    assert lost.isna().all(axis=None) and scores["majority_accuracy"].tolist() == [1.0] * 6
    assert gaps[["arm", "n"]].values.tolist() == [["small", 200]]


def test_an_experiment_of_which_nothing_is_finite_is_scored(scored):
    scores, gaps = scored([("small", 100, 0, None, None), ("big", 100, 0, None, None)])
    assert scores["accuracy"].isna().all() and scores["accuracy"].dtype == float and gaps.empty


def beaten(**accuracies):
    """Return the runs that another one has beaten: setting -> validation accuracy."""
    return {"beaten": [{"setting": key, "validation_accuracy": value} for key, value in accuracies.items()]}


@pytest.mark.parametrize(
    ("others", "edge"),
    [
        ({}, None),
        ({"lr1": 0.4}, "lowest"),
        ({"lr0.01": 0.4}, "highest"),
        ({"lr0.01": 0.4, "lr1": 0.4}, None),
        ({"lr1": 0.5}, None),  # as good as the selected one
        ({"lr0.01": 0.4, "lr1": None}, None),  # higher ones were tried
    ],
)
def test_a_selected_value_at_the_edge_of_its_sweep_is_marked(scored, others, edge):
    scores, _ = scored([("big", 100, 0, 0.9, None, beaten(**others))])
    assert scores["sweep_edge"].tolist() == [edge] if edge else scores["sweep_edge"].isna().all()


def test_a_cell_is_scored_with_what_guessing_achieves(scored):
    other = {"selected": {"majority_class": 1, "best_step": 7}}
    scores, _ = scored([("big", 100, 0, 1.0, None), ("small", 100, 0, 0.9, None, other)])
    assert scores["majority_accuracy"].tolist() == [1.0, 0.0]
    assert scores["predicted_classes"].tolist() == [1, 2] and scores["best_step"].tolist() == [1, 7]
