"""What the decision page is made from: nothing that a data set has is left out without a word."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from helpers import three_arms
from pretrain_or_not.config.metric import ACCURACY
from pretrain_or_not.evaluation.arm_tables import times_of
from pretrain_or_not.evaluation.crossing import COLUMNS
from pretrain_or_not.evaluation.pairs import COLUMNS as OF_PAIRS
from pretrain_or_not.files.parquet import write_table
from pretrain_or_not.report.advice import with_models
from pretrain_or_not.report.page import content
from pretrain_or_not.report.page.decision import decision_page, rows_on, sentences_on, taught_on, to_use

CELL = {"dataset": "d", "dataset_title": "Reviews", "arm": "a", "arm_title": "A", "family": "majority", "size": "100",
        "n": 100, "seed": 0, "metric": "accuracy", "accuracy": 0.5, "score_mean": 0.5, "score_mean_low": 0.4,
        "score_mean_high": 0.6, "sweep_seconds": 1.0, "accuracy_guessing": 0.5, "accuracy_ceiling": 1.0,
        "macro_f1": 0.4, "tries": 1, "folds": 0, "share": 0.1, "selection": "validation", "accuracy_low": 0.4,
        "accuracy_high": 0.4,
        "pretraining_tokens": np.nan,
        "pretraining_models": None, "other_keys": None, "test_examples": 100, "validation_examples": 20}  # fmt: skip


@pytest.mark.filterwarnings("ignore:The behavior of")
def test_a_dataset_without_a_score_is_named_with_its_notes(tmp_path):
    """The most frequent class is no model of the page."""
    frames = {"scores": pd.DataFrame([CELL]), "answer": pd.DataFrame(columns=COLUMNS),
              "pairs": pd.DataFrame(columns=OF_PAIRS)}  # fmt: skip
    frames |= {
        name: pd.DataFrame({"dataset": []})
        for name in ("worth", "beyond", "efficiency", "across", "by_group", "shifts", "group_gaps")
    }
    paths = {name: tmp_path / f"{name}.parquet" for name in frames}
    for name, frame in frames.items():
        write_table(paths[name], pa.Table.from_pandas(frame, preserve_index=False), reference="a")
    (tmp_path / "dataset.json").write_text(json.dumps({"dataset": "d", "warnings": ["Copies: `near_duplicates`."]}))
    decision_page(
        tables=paths, times=None, predictions=[], summaries=[tmp_path / "dataset.json"], examples=[None], arms=["a"],
        threshold=1.0, metric="accuracy", missing=[], costs={}, target=None,
        teachers={}, config={}, output=tmp_path / "answer.html",
    )  # fmt: skip
    page = (tmp_path / "answer.html").read_text()
    shown = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])
    assert shown["datasets"] == []
    assert shown["unscored"] == [
        {"text": "Reviews: no model has a score.", "notes": ["The data: Copies: `near_duplicates`."]}
    ]
    assert "<noscript><p>Reviews: no model has a score.</p></noscript>" in page


def test_the_answer_on_the_page_begins_as_that_in_markdown(tmp_path):
    frames = {"scores": pd.DataFrame([CELL]), "answer": pd.DataFrame(columns=COLUMNS)}
    others = ("worth", "beyond", "efficiency", "across", "by_group", "times", "unlabelled", "shifts", "group_gaps")
    frames |= dict.fromkeys(others, pd.DataFrame())
    nothing = sentences_on("d", frames, "a", [])["answer"]
    assert nothing == ["On Reviews, no cell of another arm has a counterpart of the reference arm: there is no gap."]
    row = {"dataset": "d", "arm_title": "B", "reference_title": "A_1", "metric": "accuracy", "verdict": "too few",
           "gap_largest": 2.0, "largest": 100, "test_examples": 20, "seeds": 1, "fewest_seeds": 1,
           "folds": 0, "selection": "validation", "guessed_sizes": []}  # fmt: skip
    first, second = sentences_on("d", frames | {"answer": pd.DataFrame([row])}, "a", [])["answer"]
    assert first == (
        "On Reviews, measured from A_1 in points of accuracy. Tested on 20 texts, with 1 seed. Numbers of labels are "
        "training labels; 20 labels for validation come on top."
    )
    assert second.startswith("- B cannot be judged: 20 test examples are too few.")
    group = {"dataset": "d", "arm": "b", "arm_title": "B", "reference_title": "A_1", "n": 100, "seed": 0,
             "group": "city", "gap_mean": 8.0, "reference_gap_mean": 3.0, "gap_difference": 5.0,
             "gap_difference_low": 2.0, "gap_difference_high": 8.0}  # fmt: skip
    shift = {"dataset": "d", "dataset_title": "Reviews", "shift": "typos", "change": "typos: 0.1", "arm": "b",
             "arm_title": "B", "n": 100, "metric": "accuracy", "seed": 0, "test_examples": 100, "seen": 0.0,
             "changed": 1.0, "test_score": 0.9, "score": 0.8, "drop": 10.0, "drop_low": 8.0, "drop_high": 12.0,
             "relative_drop": 0.1, "effective_robustness": 0.0, "selection": "validation", "accuracy": 0.8}  # fmt: skip
    more = {"answer": pd.DataFrame([row]), "group_gaps": pd.DataFrame([group]), "shifts": pd.DataFrame([shift])}
    said = "\n".join(sentences_on("d", frames | more, "a", [])["answer"])
    assert "- typos (a typing error in 10 % of the words): B loses 10.0 points" in said
    assert "- by city: B has 8.0 points between its groups with 100 labels, the reference 3.0: +5.0" in said


def test_an_arm_that_was_left_out_at_a_size_is_not_recommended_there():
    curves = pd.DataFrame([("a", 60), ("a", 240), ("b", 60), ("b", 120), ("b", 240), ("c", 60)], columns=["arm", "n"])
    assert set(with_models(curves, 120.0)["arm"]) == {"b", "c"}  # `c` with the 60 labels that it can use
    assert set(with_models(curves, 240.0)["arm"]) == {"a", "b", "c"}


@pytest.mark.parametrize("table", ["scores", "curves", "pairs", "beyond"])
def test_sizes_are_in_rising_order_whatever_the_order_of_the_config(monkeypatch, table):
    """`between` of page.js finds nothing between 400 and 60."""
    seen = {}
    monkeypatch.setattr(content, "of_scores", lambda scores, curves, _: seen.update(scores=scores, curves=curves))
    monkeypatch.setattr(content, "of_pairs", lambda pairs, *_: seen.update(pairs=pairs))
    monkeypatch.setattr(content, "of_beyond", lambda beyond, _: seen.update(beyond=beyond))
    monkeypatch.setattr(content, "of_texts", lambda *_: {})
    rows = pd.DataFrame(
        [CELL | {"n": n, "hours": n / 200, "floor": 0.4, "guessing": 0.5, "validation": 0} for n in (400, 60)]
    )
    tables = dict.fromkeys(("scores", "curves", "pairs", "beyond"), rows)
    tables["times"] = times_of(pd.DataFrame(), ["d"])
    made = content.dataset_content("d", ACCURACY, "a", ["a"], tables, {}, "")
    assert seen[table]["n"].tolist() == made["sizes"] == [60, 400]
    assert [row["n"] for row in made["training"]] == [60, 400]


def test_what_a_teacher_brings_is_on_the_page_too():
    pair = {"dataset": "d", "arm": "b", "arm_title": "B", "other": "a", "other_title": "A", "n": 100, "gap": 2.0,
            "gap_low": 1.0, "gap_high": 3.0}  # fmt: skip
    times = pd.DataFrame(
        {"dataset": "d", "arm": ["a", "b", "b"], "batch": [32, 32, 1], "ms": [8.0, 0.25, 1.0], "busy": False}
    )
    shown = {"pairs": pd.DataFrame([pair, pair | {"dataset": "e", "gap": 9.0}]), "times": times}
    lines = taught_on(rows_on("d", shown), {"b": {"teacher": "a", "plain": None}}, ACCURACY)
    assert lines[2] == (
        "- **B**, which takes 0.25 ms for a text instead of 8 ms: with 100 labels, 2.0 points behind its teacher, "
        "**A**, (1.0 to 3.0)."
    )
    assert taught_on(rows_on("d", shown), {}, ACCURACY) == []


def test_without_scripts_the_page_says_what_to_use_with_the_most_labels():
    shown = {"curves": three_arms.curves(), "pairs": three_arms.pairs(), "times": three_arms.times()}
    prices = {"label": 0.1, "hour": 2.0, "predictions_per_month": None}
    said = to_use(rows_on("d", shown), 1.0, ACCURACY, prices, 92.0)
    big = three_arms.TITLES["big"]
    assert said[:2] == [
        f"With 10,000 labels, {big} has the best accuracy: 93.0 % (91.0 % to 95.0 %).",
        "Small is close to it, 0.5 points behind (−0.3 to 1.3), and takes 0.4 ms for a text instead of 2.1 ms.",
    ]
    assert any(line.startswith("With these prices, Small costs 1,051 for labels") for line in said)
    shown["times"] = shown["times"][:0]
    assert to_use(rows_on("d", shown), 1.0, ACCURACY, prices, None)[:2] == [
        said[0], "That it is the best is not certain: with other test texts and seeds, Small may be better."
    ]  # fmt: skip


def test_texts_of_a_cell_that_is_not_finite_are_not_asked_for(monkeypatch):
    """Seed 1 has as many models as seed 0, and is taken; the third one has no score there."""
    cells = [
        ("a", 0, "ok"),
        ("b", 0, "not finite"),
        ("c", 0, "ok"),
        ("a", 1, "ok"),
        ("b", 1, "ok"),
        ("c", 1, "not finite"),
    ]
    scores = pd.DataFrame([{"dataset": "d", "arm": arm, "n": 10, "seed": seed, "status": status}
                           for arm, seed, status in cells])  # fmt: skip
    asked = []

    def read(path):
        asked.append(path)
        right = path[1] == "a"
        probabilities = np.array([[0.9, 0.1], [0.2, 0.8]]) if right else np.array([[0.4, 0.6], [0.2, 0.8]])
        return SimpleNamespace(about={"label_names": ["x", "y"]}, predicted=probabilities.argmax(axis=1),
                               labels=np.array([0, 1]), ids=np.arange(2), probabilities=probabilities)  # fmt: skip

    monkeypatch.setattr(content, "read_predictions", read)
    monkeypatch.setattr(content, "test_texts", lambda examples, ids: [f"text {i}" for i in ids])
    paths = {("d", arm, 10, seed): (seed, arm) for arm, seed, _ in cells}
    (row,) = content.of_texts(scores, ["a", "b", "c"], paths, None)["wrong"]
    assert asked == [(1, "a"), (1, "b")] and list(row["answers"]) == ["a", "b"]
