"""Scores and gaps: shares, cells without a counterpart, and what was selected on test."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pretrain_or_not.errors import BadInput
from pretrain_or_not.evaluation.details import mean_predictions, mean_recall
from pretrain_or_not.evaluation.predictions import Predictions
from pretrain_or_not.evaluation.score import COST, score
from pretrain_or_not.files.parquet import write_table

TABLES = ("scores", "gaps", "tuning", "by_class", "by_group", "group_gaps", "shifts", "label_issues", "confusion",
          "reliability")  # fmt: skip


@pytest.fixture
def scored(tmp_path):
    """Return a function (cells) -> (scores, gaps); cells: (arm, n, seed, share of right answers, selection or None).

    A sixth entry of a cell holds keys of its selected.json to change; a share None stands for predictions that are not
    finite.
    """

    def run(cells, metric="accuracy", all_tables=False, budget="training"):
        predictions, selected = [], []
        for i, (arm, n, seed, right, selection, *more) in enumerate(cells):
            size = next((changes["size"] for changes in more if "size" in changes), str(n))
            about = {"dataset": "d", "arm": arm, "size": size, "n": n, "seed": seed, "setting": "lr0.1"}
            labels = np.zeros(100, np.int32)
            wrong = np.where(np.arange(100) >= 100 * (right or 0), 0.9, 0.2).astype(np.float32)
            wrong = wrong if right is not None else np.full(100, np.nan, np.float32)
            table = pa.table({"id": np.arange(100), "label": labels, "p_a": 1 - wrong, "p_b": wrong})
            inference = {"seconds": 2.0, "examples": 100}
            write_table(tmp_path / f"{i}.parquet", table, label_names=["a", "b"], inference=inference,
                        unknown_tokens=0.0, truncated=0, **about)  # fmt: skip
            chosen = (
                about
                | dict.fromkeys([*COST, "best_step"], 1)
                | {"validation_score": 0.5, "validation_examples": 10, "class_counts": [3, 1], "temperature": 2.0}
                | {"recipe": {"family": "lstm"}}
            )
            chosen |= {"selection": selection} if selection else {}
            choice = {"selected": chosen, "sweep_seconds": 1.0, "sweep_cpu_seconds": 1.0, "beaten": []}
            for changes in more:
                chosen |= changes.get("selected", {})
                choice |= {key: changes[key] for key in changes if key != "selected"}
            (tmp_path / f"{i}.json").write_text(json.dumps(choice))
            predictions.append(tmp_path / f"{i}.parquet")
            selected.append(tmp_path / f"{i}.json")
        (tmp_path / "dataset.json").write_text(json.dumps({"dataset": "d", "rows": {"train": 400}}))
        outputs = {name: tmp_path / f"{name}.parquet" for name in TABLES}
        titles = {"dataset": {"d": "D"}, "arm": {arm: arm.upper() for arm, *_ in cells} | {"big": "BIG"}}
        texts = {"id": np.arange(100), "text": [f"text {i}" for i in range(100)], "split": ["test"] * 100}
        texts |= {"group_side": np.repeat(["left", "right"], [85, 15])}
        write_table(tmp_path / "examples.parquet", pa.table(texts))
        examples = [tmp_path / "examples.parquet"]
        behind = {
            arm: {
                "series": None,
                "made": {0: []},
                "teachers": {0: []},
                "redrawn": True,
                "elsewhere": arm == "big",
                "teacher_elsewhere": False,
            }
            for arm in titles["arm"]
        }
        score(
            predictions,
            selected,
            [tmp_path / "dataset.json"],
            examples,
            [],
            [],
            behind,
            "big",
            metric,
            budget,
            titles,
            outputs,
        )
        tables = {name: pd.read_parquet(path) for name, path in outputs.items()}
        return tables if all_tables else (tables["scores"], tables["gaps"])

    return run


def test_a_cell_without_a_counterpart_has_a_score_and_no_gap(scored):
    scores, gaps = scored([("small", 100, 0, 0.8, None), ("small", 100, 1, 0.7, None), ("big", 100, 0, 0.9, None)])
    assert len(scores) == 3 and scores["share"].tolist() == [0.25] * 3
    assert gaps[["arm", "n", "seed", "share"]].values.tolist() == [["small", 100, 0, 0.25]]
    assert gaps["gap"].tolist() == pytest.approx([10.0])


def test_two_sizes_of_the_same_number_of_labels_are_no_seeds(scored):
    cells = [(arm, 40, 0, 0.8, None, {"size": size}) for arm in ("big", "small") for size in ("40", "10pct")]
    with pytest.raises(BadInput, match=r"^dataset 'd': experiment\.sizes: 40 and 10% both stand for 40 training"):
        scored(cells)
    assert len(scored([*cells[:1], *cells[3:]])[0]) == 2  # each arm has one


def test_labels_for_validation_are_counted_with_the_budget_total(scored):
    """Each cell has 10 validation examples, and one that was selected on test has none to count."""
    cells = [(arm, n, 0, right, None) for arm, right in (("big", 0.9), ("small", 0.8)) for n in (100, 200)]
    before, after = (scored(cells, all_tables=True, budget=budget) for budget in ("training", "total"))
    for name, table in after.items():
        if "n" in table:
            assert set(table["n"]) <= {110, 210} and set(table["budget"]) <= {"total"}, name
            pd.testing.assert_frame_equal(
                table.drop(columns="budget"), before[name].assign(n=before[name]["n"] + 10), check_dtype=False
            )
            assert "budget" not in before[name]
    assert after["gaps"]["n"].tolist() == [110, 210] and after["scores"]["share"].tolist() == [0.25, 0.5] * 2
    scores, _ = scored([("big", 100, 0, 0.9, "test")], budget="total")
    assert scores["n"].tolist() == [100]


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
    bad = {"selected": {"validation_score": accuracy}}
    cells = [("small", 100, 0, right, None, bad), ("small", 200, 0, 0.7, None), ("small", 300, 0, 0.7, None)]
    cells += [("big", 100, 0, 0.9, None), ("big", 200, 0, 0.9, None), ("big", 300, 0, right, None, bad)]
    scores, gaps = scored(cells)
    assert scores["status"].tolist() == ["not finite", "ok", "ok", "ok", "ok", "not finite"]
    lost = scores[scores["status"] != "ok"][
        ["accuracy", "accuracy_low", "accuracy_high", "macro_f1", "predicted_classes"]
    ]
    assert lost.isna().all(axis=None) and scores["accuracy_guessing"].tolist() == [1.0] * 6
    assert gaps[["arm", "n"]].values.tolist() == [["small", 200]]


def test_an_experiment_of_which_nothing_is_finite_is_scored(scored):
    scores, gaps = scored([("small", 100, 0, None, None), ("big", 100, 0, None, None)])
    assert scores["accuracy"].isna().all() and scores["accuracy"].dtype == float and gaps.empty


def beaten(**accuracies):
    """Return the runs that another one has beaten: setting -> validation accuracy."""
    return {"beaten": [{"setting": key, "validation_score": value} for key, value in accuracies.items()]}


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


def test_one_neighbour_is_no_edge_of_a_sweep(scored):
    knn = {"selected": {"recipe": {"family": "knn"}, "setting": "k1.0"}}
    knn |= {"beaten": [{"setting": f"k{k}", "validation_score": 0.4} for k in (5.0, 20.0)]}
    scores, _ = scored([("big", 100, 0, 0.9, None, knn), ("small", 100, 0, 0.9, None)])
    assert scores["sweep_edge"].isna().all() and scores["tries"].tolist() == [3, 1]


def test_a_cell_is_scored_with_what_guessing_achieves(scored):
    other = {"selected": {"class_counts": [1, 3], "best_step": 7}}
    scores, _ = scored([("big", 100, 0, 1.0, None), ("small", 100, 0, 0.9, None, other)])
    assert scores["accuracy_guessing"].tolist() == [1.0, 0.0]
    assert scores["predicted_classes"].tolist() == [1, 2] and scores["best_step"].tolist() == [1, 7]


def test_a_cell_has_all_metrics_and_a_gap_in_the_chosen_one(scored):
    cells = [("small", 100, 0, 0.8, None), ("big", 100, 0, 0.9, None)]
    tables = scored(cells, "log_loss", all_tables=True)
    scores, gaps = tables["scores"], tables["gaps"]
    loss = [-(n * np.log(0.8) + (1 - n) * np.log(0.1)) for n in (0.8, 0.9)]
    assert scores["accuracy"].tolist() == [0.8, 0.9] and scores["log_loss"].tolist() == pytest.approx(loss)
    assert set(scores["metric"]) == set(gaps["metric"]) == {"log_loss"}
    assert gaps["gap"].tolist() == pytest.approx([loss[0] - loss[1]])  # behind, in nats
    assert scores["log_loss_guessing"].tolist() == pytest.approx([-np.log(0.75)] * 2)


def test_calibration_before_and_after_the_temperature(scored):
    scores, _ = scored([("big", 100, 0, 0.9, None)])
    row = scores.iloc[0]
    # 90 examples are given 0.8 and are right, 10 are given 0.9 and are wrong
    assert row["ece"] == pytest.approx(0.9 * 0.2 + 0.1 * 0.9) and row["brier"] == pytest.approx(0.9 * 0.08 + 0.1 * 1.62)
    right, wrong = (p**0.5 / (p**0.5 + (1 - p) ** 0.5) for p in (0.8, 0.9))  # at a temperature of 2
    assert row["ece_scaled"] == pytest.approx(0.9 * (1 - right) + 0.1 * wrong, rel=1e-5)
    assert row["log_loss_scaled"] == pytest.approx(-0.9 * np.log(right) - 0.1 * np.log(1 - wrong), rel=1e-5)


def test_each_class_and_the_confusions_of_the_largest_size(scored):
    cells = [("big", 100, 0, 0.9, None), ("big", 200, 0, 0.8, None), ("small", 100, 0, 0.7, None)]
    tables = scored(cells, all_tables=True)
    rows = tables["by_class"].set_index(["arm", "n", "class"]).loc[("big", 200)]
    assert rows.loc["a", ["precision", "recall", "support", "predicted"]].tolist() == [1.0, 0.8, 100, 80]
    assert rows.loc["a", "f1"] == pytest.approx(2 * 0.8 / 1.8) and rows.loc["b", "precision"] == 0
    assert rows.loc["b", ["recall", "f1"]].isna().all()  # no example has the class
    confusion = tables["confusion"][["arm", "n", "class", "predicted_class", "examples"]].values.tolist()
    assert confusion == [["big", 200, "a", "a", 80], ["big", 200, "a", "b", 20],
                         ["small", 100, "a", "a", 70], ["small", 100, "a", "b", 30]]  # fmt: skip
    assert tables["scores"].set_index(["arm", "n"])["worst_recall"]["big", 200] == 0.8
    bins = tables["reliability"].query("arm == 'big' and not scaled")
    assert bins[["examples", "right"]].values.tolist() == [[80, 1.0], [20, 0.0]]
    assert bins["confidence"].tolist() == pytest.approx([0.8, 0.9])


def test_groups_and_likely_wrong_labels_come_with_their_texts(scored):
    cells = [("big", 100, 0, 0.9, None), ("big", 100, 1, 0.95, None), ("small", 100, 0, 0.8, None)]
    tables = scored(cells, all_tables=True)
    groups = tables["by_group"].set_index(["arm", "seed", "value"])
    assert groups.loc[("small", 0, "left"), "accuracy"] == pytest.approx(80 / 85)
    assert groups.loc[("small", 0, "right"), "gap"] == pytest.approx(100 * 5 / 15)
    assert set(tables["by_group"]["group"]) == {"side"} and len(groups) == 6
    issues = tables["label_issues"]
    assert issues["arm"].unique().tolist() in ([], ["big"])
    assert (issues["given"] == "a").all() and set(issues["text"]) <= {f"text {i}" for i in range(100)}
    assert tables["scores"]["accuracy_ceiling"].between(0, 1).all()


def test_a_weak_arm_is_not_asked_how_many_labels_are_wrong(scored):
    scores, _ = scored([("big", 100, 0, 0.89, None)])
    assert scores["accuracy_ceiling"].isna().all()
    scores, _ = scored([("big", 100, 0, 0.9, None)])
    assert scores["accuracy_ceiling"].notna().all()


def test_probabilities_are_averaged_over_seeds_and_put_together_over_folds():
    def cell(ids, p):
        return Predictions(np.array(ids), np.array(ids) % 2, np.tile(np.float32([p, 1 - p]), (len(ids), 1)), {})

    ids, labels, probabilities = mean_predictions([cell([5, 2], 0.2), cell([2, 9], 0.6)])
    assert ids.tolist() == [2, 5, 9] and labels.tolist() == [0, 1, 1]
    np.testing.assert_allclose(probabilities[:, 0], [0.4, 0.2, 0.6], rtol=1e-6)


def test_an_arm_that_misses_a_rare_class_does_not_judge_labels():
    labels = np.repeat([0, 1], [95, 5])
    right = np.where(labels == 0, 0.9, 0.1)  # of the label's class
    probabilities = np.where(labels[:, None] == [0, 1], right[:, None], 1 - right[:, None])
    assert (probabilities.argmax(axis=1) == labels).mean() == 0.95
    assert mean_recall(labels, probabilities) == 0.5


def test_keys_in_which_a_recipe_is_another_one_are_told(scored):
    recipe = {"family": "bert", "dropout": 0.0, "epochs": 3}
    of = {key: {"selected": {"recipe": recipe | changes}} for key, changes in {
        "big": {}, "same": {}, "other": {"dropout": 0.1, "adapter": {"kind": "lora"}}, "lstm": {"family": "lstm"},
    }.items()}  # fmt: skip
    scores, _ = scored([(arm, 200, 0, 0.8, None, changes) for arm, changes in of.items()])
    found = scores.set_index("arm")["other_keys"]
    assert found["other"] == "dropout"
    assert found[["big", "same", "lstm"]].isna().all()


def test_classes_of_test_examples_that_are_never_predicted_are_counted(scored):
    """All 100 test examples are of one class; the last ones are taken for the other."""
    scores, _ = scored([("big", 200, 0, 0.8, None), ("small", 200, 0, 0.0, None)])
    assert scores.set_index("arm")["never_predicted"].to_dict() == {"big": 0, "small": 1}
    assert scores.set_index("arm")["never_predicted_names"].dropna().to_dict() == {"small": "a"}
