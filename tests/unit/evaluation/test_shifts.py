"""Further test sets: no change is no drop, chance is fixed, and drops are those computed by hand."""

import csv
import logging

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.stats import linregress

from helpers.cells import ARMS, Cells
from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.config.shifts import as_labelled, change_of
from pretrain_or_not.data.shift import write_shift
from pretrain_or_not.data.text_changes import changed
from pretrain_or_not.errors import BadInput
from pretrain_or_not.evaluation.predictions import CELL, Predictions, read_predictions
from pretrain_or_not.evaluation.shift_scores import COLUMNS, change_name, residuals, shift_row, shift_table
from pretrain_or_not.evaluation.shifted import evaluate_shift
from pretrain_or_not.files.parquet import read_metadata

SHIFT = dict.fromkeys(("files", "typos", "case", "words"))


@pytest.fixture(scope="module", params=[False, True], ids=["texts", "pairs"])
def cells(request, tmp_path_factory, tiny_bert):
    return Cells(tmp_path_factory.mktemp("cells"), tiny_bert, request.param)


def make(cells, folder, name, **entry):
    """Write a shift of the cells' dataset; return its path."""
    dataset = cells.catalogue.datasets["toy"]
    entry, output = SHIFT | entry, folder / f"{name}.parquet"
    texts = as_labelled(entry, dataset) if entry["files"] else None
    write_shift(name, "toy", cells.examples, None if texts else change_of(entry, 0), texts, output)
    return output


@pytest.mark.parametrize("arm", ARMS)
def test_texts_without_a_change_have_the_same_predictions_bit_for_bit(cells, tmp_path, arm):
    selected, predictions = cells.make(arm)
    shift, output = make(cells, tmp_path, "same", typos=0), tmp_path / "predictions.parquet"
    evaluate_shift(selected / "classifier.json", shift, 1, output)
    before, after = read_predictions(predictions), read_predictions(output)
    for one, other in zip(before[:3], after[:3], strict=True):
        np.testing.assert_array_equal(one, other)
    assert after.about["truncated"] == before.about["truncated"]
    row = shift_row(before, after, METRICS["log_loss"])
    assert row["drop"] == row["drop_se"] == row["relative_drop"] == row["changed"] == 0 and row["paired"]


def test_a_changed_text_keeps_id_and_label_and_is_the_same_for_all(cells, tmp_path):
    test = pd.read_parquet(cells.examples).query("split == 'test'").reset_index(drop=True)
    for name in ("one", "two"):
        make(cells, tmp_path, name, typos=0.5)
    one, two = (pd.read_parquet(tmp_path / f"{name}.parquet") for name in ("one", "two"))
    pd.testing.assert_frame_equal(one, two)
    assert one["id"].tolist() == test["id"].tolist() and one["label"].tolist() == test["label"].tolist()
    columns = ["text", "second_text"] if cells.pair else ["text"]
    differs = (one[columns] != test[columns]).any(axis=1)
    assert read_metadata(tmp_path / "one.parquet")["changed"] == differs.sum() > 80
    if cells.pair:  # not the same errors in both texts
        change = {"typos": 0.5, "seed": 0}
        assert one["second_text"].tolist() == changed(test["second_text"].tolist(), test["id"], change, "second_text")
        assert one["second_text"].tolist() != changed(test["second_text"].tolist(), test["id"], change)
    upper = pd.read_parquet(make(cells, tmp_path, "upper", case="upper"))
    assert all(upper[column].tolist() == test[column].str.upper().tolist() for column in columns)


def write(path, rows, pair):
    header = ("premise", "hypothesis", "label") if pair else ("text", "label")
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([header, *((("x", *row) if pair else row) for row in rows)])
    return str(path)


def test_files_are_a_test_set_and_what_was_trained_on_is_counted(cells, tmp_path, caplog):
    examples = pd.read_parquet(cells.examples)
    label = read_metadata(cells.examples)["label_names"]
    train = examples.query("split == 'train'").iloc[0]
    rows = [("new text", label[1]), (" ", label[0]), ("another", ""), ("Third", label[0])]
    path = write(tmp_path / "new.csv", rows, cells.pair)
    if not cells.pair:
        with open(path, "a") as file:
            file.write(f"{train['text'].upper()}  ,{label[0]}\n")
    with caplog.at_level(logging.INFO, "pretrain_or_not"):
        shift = make(cells, tmp_path, "other", files=path)
    table, about = pd.read_parquet(shift), read_metadata(shift)
    assert table["label"].tolist()[:2] == [1, 0] and table["id"].tolist()[:2] == [0, 3]
    assert about["seen"] == (not cells.pair) and about["rows"] == 2 + (not cells.pair)
    assert sum(about["dropped"].values()) == 2
    assert ("1 of its 3 texts are among the training and validation texts too" in caplog.text) == (not cells.pair)


def test_a_label_that_is_no_class_is_refused_and_nothing_is_written(cells, tmp_path):
    label = read_metadata(cells.examples)["label_names"]
    path = write(tmp_path / "new.csv", [("a", label[0]), ("b", "weather")], cells.pair)
    with pytest.raises(BadInput, match=r"^dataset 'toy': shift 'other': row 1: 'weather' is no class of the dataset"):
        make(cells, tmp_path, "other", files=path)
    path = write(tmp_path / "new.csv", [("a", "")], cells.pair)
    with pytest.raises(
        BadInput, match=r"^dataset 'toy': shift 'other': no row is left to test on \(left out: no label"
    ):
        make(cells, tmp_path, "other", files=path)
    assert not (tmp_path / "other.parquet").exists()


def predictions(right, ids=None, change=None, **about):
    """Return the predictions of a cell that is right where it says, of two classes."""
    labels = np.arange(len(right)) % 2
    of_label = np.where(right, 0.9, 0.2)
    of_first = np.where(labels == 0, of_label, 1 - of_label)
    about = {
        "shift": "s",
        "change": change,
        "rows": len(right),
        "changed": 0,
        "seen": 0,
        "selection": "validation",
    } | about
    ids = np.arange(len(right)) if ids is None else ids
    return Predictions(ids, labels, np.column_stack([of_first, 1 - of_first]).astype(np.float32), about)


def test_a_drop_is_paired_where_the_examples_are_the_same():
    test, under = np.ones(100, bool), np.ones(100, bool)
    test[:10] = under[5:30] = False
    same = shift_row(predictions(test), predictions(under, change={"case": "upper"}), METRICS["accuracy"])
    assert same["drop"] == pytest.approx(15) and same["relative_drop"] == pytest.approx(15 / 90)
    assert same["accuracy"] == same["score"] == 0.75 and same["paired"]
    differences = test.astype(float) - under
    assert same["drop_se"] == pytest.approx(100 * differences.std(ddof=1) / 10)
    other = shift_row(predictions(test), predictions(under, np.arange(100, 200)), METRICS["accuracy"])
    assert not other["paired"] and other["drop"] == pytest.approx(15)
    assert other["drop_se"] == pytest.approx(100 * np.sqrt((0.09 + 0.1875) / 99))
    assert np.isnan(other["changed"]) and (other["drop_low"] + other["drop_high"]) / 2 == pytest.approx(15)
    on_test = shift_row(predictions(test), predictions(under, selection="test"), METRICS["accuracy"])
    assert (same["selection"], on_test["selection"]) == ("validation", "test")
    loss = shift_row(predictions(test), predictions(under, change={"words": 3}), METRICS["log_loss"])
    assert loss["drop"] == pytest.approx(0.15 * np.log(0.9 / 0.2)) and loss["relative_drop"] > 0  # worse: above 0


def test_a_drop_from_a_test_set_without_errors_is_as_uncertain_as_that_is():
    """60 of 60 right may be 95 %: Newcombe 1998, method 10, gives 3.9 to 10.9; here z²/60 is added to both sides."""
    under = np.arange(5000) >= 500
    row = shift_row(predictions(np.ones(60, bool)), predictions(under, np.arange(100, 5100)), METRICS["accuracy"])
    assert row["drop"] == pytest.approx(10)
    half = 1.96 * np.hypot(100 * np.sqrt(0.09 / 5000), 196 / 60)
    assert row["drop_high"] - 10 == pytest.approx(10 - row["drop_low"]) == pytest.approx(half, rel=0.01)


def test_predictions_that_are_not_finite_have_no_score_and_no_accuracy():
    under = predictions(np.ones(100, bool))
    under.probabilities[3] = np.nan
    row = shift_row(predictions(np.ones(100, bool)), under, METRICS["accuracy"])
    assert np.isnan([row[name] for name in ("accuracy", "accuracy_low", "score", "score_high", "drop")]).all()
    assert row["test_score"] == 1


@pytest.mark.parametrize(("metric", "compared"), [("macro_f1", [1]), ("auc", [1]), ("accuracy", [0, 1, 2])])
def test_means_over_classes_are_compared_on_the_same_classes_only(metric, compared):
    """A further test set with as many classes, with the same ones, and with more."""
    other = np.full((90, 3), 1 / 3, np.float32)
    sets = [np.arange(90) % 2 + 1, np.arange(90) % 2, np.arange(90) % 3]
    about = predictions(np.ones(90, bool)).about
    test = Predictions(np.arange(90), sets[1], other, about)
    rows = [shift_row(test, Predictions(np.arange(90, 180), labels, other, about), METRICS[metric]) for labels in sets]
    assert [i for i, row in enumerate(rows) if np.isfinite(row["drop"])] == compared
    assert all(np.isfinite(row["accuracy"]) for row in rows)


def test_effective_robustness_is_the_residual_of_a_line_over_all_arms():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"dataset": "d", "shift": np.repeat(["s", "t"], 6), "arm": list("aabbcc") * 2,
                          "test_score": rng.random(12), "score": rng.random(12)})  # fmt: skip
    found = residuals(table, set(), METRICS["accuracy"])
    for name in ("s", "t"):
        at = table["shift"] == name
        line = linregress(table["test_score"][at], table["score"][at])
        expected = table["score"][at] - line.intercept - line.slope * table["test_score"][at]
        np.testing.assert_allclose(found[at], 100 * expected)
    assert np.isnan(residuals(table[table["arm"] != "c"], set(), METRICS["accuracy"])).all()
    assert np.isnan(residuals(table, {"c"}, METRICS["accuracy"])).all()
    assert np.isnan(residuals(table.assign(test_score=0.5), set(), METRICS["accuracy"])).all()


def test_a_table_of_cells_leaves_out_those_without_a_score(tmp_path):
    from pretrain_or_not.files.parquet import write_table

    def save(name, given):
        table = pa.table({"id": given.ids, "label": given.labels, "p_a": given.probabilities[:, 0],
                          "p_b": given.probabilities[:, 1]})  # fmt: skip
        write_table(tmp_path / name, table, label_names=["a", "b"], **given.about)
        return tmp_path / name

    paths, shifted = {}, []
    for arm, right in {"one": 0.9, "two": 0.8, "three": 0.7, "lost": 0.6}.items():
        cell = {"dataset": "d", "arm": arm, "size": "9", "n": 9, "seed": 0}
        test = predictions(np.arange(100) < 100 * right, **cell)
        paths[tuple(cell[key] for key in CELL)] = save(f"{arm}.parquet", test)
        under = predictions(np.arange(100) < 100 * right - 5, change={"typos": 0.1, "seed": 0}, **cell)
        shifted.append(save(f"{arm}-s.parquet", under))
    paths.pop(("d", "lost", "9", 9, 0))
    table = shift_table(shifted, paths, set(), METRICS["accuracy"])
    assert table["arm"].tolist() == ["one", "two", "three"] and set(table) == {*CELL, *COLUMNS}
    assert table["drop"].tolist() == pytest.approx([5, 5, 5])
    assert table["effective_robustness"].tolist() == pytest.approx([0, 0, 0], abs=1e-9)
    assert change_name({"typos": 0.1, "seed": 0}) == "typos: 0.1" and change_name(None) == "files"
