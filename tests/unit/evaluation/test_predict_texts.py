"""New texts from files, from a pipe: same classes as the run, in order, whatever their form."""

import csv
import io
import json
import logging
import sys

import numpy as np
import pandas as pd
import pytest

from helpers.cells import Cells
from pretrain_or_not import predict
from pretrain_or_not.config.predictions import as_dataset
from pretrain_or_not.errors import BadInput
from pretrain_or_not.evaluation.choose_model import choose_model
from pretrain_or_not.evaluation.predict_texts import predict_texts
from pretrain_or_not.evaluation.predictions import read_predictions
from pretrain_or_not.files.parquet import read_metadata


@pytest.fixture(scope="module")
def made(tmp_path_factory, tiny_bert):
    """Return the cells of single texts and of pairs, each with a trained TF-IDF: (texts, folder, predictions)."""
    found = {}
    for pair in (False, True):
        cells = Cells(tmp_path_factory.mktemp("cells"), tiny_bert, pair)
        test = pd.read_parquet(cells.examples).query("split == 'test'")
        found[pair] = (cells, test, *cells.make("tfidf"))
    return found


def run(made, tmp_path, pair=False, **entry):
    """Classify new texts as the job does; return its rows as in Parquet, and as in CSV."""
    cells, _, folder, _ = made[pair]
    texts = as_dataset(entry, cells.catalogue.datasets["toy"])
    output, table = tmp_path / "new.parquet", tmp_path / "new.csv"
    predict_texts("new", texts, [str(folder / "classifier.json")], 1, 1, output, table)
    return pd.read_parquet(output), pd.read_csv(table, keep_default_na=False)


def write(path, rows, **options):
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, **options).writerows(rows)
    return str(path)


def check(found, predictions):
    """Check that rows have the classes and probabilities of the predictions of a run."""
    rows, table = found
    expected = read_predictions(predictions)
    names = expected.about["label_names"]
    columns = [f"p_{name}" for name in names]
    np.testing.assert_allclose(rows[columns], expected.probabilities, atol=1e-6)
    assert rows["class"].tolist() == [names[i] for i in expected.predicted]
    assert rows["id"].tolist() == list(range(len(expected.labels)))
    assert table["class"].tolist() == rows["class"].tolist() and list(table) == list(rows)
    np.testing.assert_allclose(table[columns], rows[columns], atol=1e-6)


def test_a_table_without_labels(made, tmp_path):
    _, test, _, predictions = made[False]
    new = write(
        tmp_path / "new.csv.txt", [("number", "text"), *((f"n{i}", text) for i, text in enumerate(test["text"]))]
    )
    found = run(made, tmp_path, files=new, format="csv", keep=["number"])
    check(found, predictions)
    assert list(found[0])[:4] == ["id", "text", "number", "class"]
    assert found[0]["text"].tolist() == test["text"].tolist()
    assert found[0]["number"].tolist() == [f"n{i}" for i in range(len(test))]
    about = read_metadata(tmp_path / "new.parquet")
    assert about["model"]["arm"] == "tfidf" and (about["rows"], about["blank"]) == (90, 0)


def test_a_table_without_header_and_with_another_delimiter(made, tmp_path):
    _, test, _, predictions = made[False]
    new = write(tmp_path / "new.tsv", [(text, "x") for text in test["text"]], delimiter="\t")
    check(run(made, tmp_path, files=new, header=False, columns=["text", "other"]), predictions)
    one = write(tmp_path / "one.csv", [(text,) for text in test["text"]])
    check(run(made, tmp_path, files=one, header=False, columns=["text"]), predictions)


def test_lines_of_json_and_of_fasttext(made, tmp_path):
    _, test, _, predictions = made[False]
    (tmp_path / "new.jsonl").write_text("".join(json.dumps({"body": text}) + "\n" for text in test["text"]))
    check(run(made, tmp_path, files=str(tmp_path / "new.jsonl"), text="body"), predictions)
    marks = ["__label__x ", ""]
    lines = "".join(f"{marks[i % 2]}{text}\n" for i, text in enumerate(test["text"]))
    (tmp_path / "new.txt").write_text(lines)
    check(run(made, tmp_path, files=str(tmp_path / "new.txt"), format="fasttext"), predictions)


def test_pairs(made, tmp_path):
    _, test, _, predictions = made[True]
    new = write(
        tmp_path / "new.csv.txt", [("premise", "hypothesis"), *zip(test["text"], test["second_text"], strict=True)]
    )
    found = run(made, tmp_path, pair=True, files=new, format="csv")
    check(found, predictions)
    assert list(found[0])[:4] == ["id", "text", "second_text", "class"]


def test_blank_texts_are_classified_and_counted(made, tmp_path, caplog):
    table = pd.DataFrame({"text": ["the goal", None, " ", "match"]})
    table.to_parquet(tmp_path / "some.parquet")
    with caplog.at_level(logging.INFO, "pretrain_or_not"):
        rows, _ = run(made, tmp_path, files=str(tmp_path / "some.parquet"))
    assert rows["text"].tolist() == ["the goal", "", " ", "match"] and rows["class"].notna().all()
    assert rows.iloc[1, 3:].tolist() == rows.iloc[2, 3:].tolist()
    assert "predict.new: 2 of 4 texts are blank: they got the class of an empty text" in caplog.text


def test_what_cannot_be_read_is_told_and_nothing_is_written(made, tmp_path):
    for rows, entry, message in (
        ([("review",), ("x",)], {}, "no column 'text' for `text:`"),
        ([("text",)], {}, r"predict\.new: there are no rows at all"),
        ([("text", "class"), ("x", "y")], {"keep": ["class"]}, r"predict\.new\.keep: 'class' is the name of a column"),
    ):
        new = write(tmp_path / "bad.csv", rows)
        with pytest.raises(BadInput, match=message):
            run(made, tmp_path, files=new, **entry)
        assert not (tmp_path / "new.parquet").exists() and not (tmp_path / "new.csv").exists()


def about(arm, n, seed, score, validation=0.5):
    return {"arm": arm, "n": n, "seed": seed, "score": score, "validation_score": validation}


def test_the_best_arm_at_the_largest_size_is_chosen_and_its_best_seed():
    models = [about("a", 10, 0, 0.99), about("a", 100, 0, 0.7, 0.6), about("a", 100, 1, 0.7, 0.8),
              about("b", 100, 0, 0.9, 0.9), about("b", 100, 1, 0.4), about("c", 100, 0, None, None)]  # fmt: skip
    assert choose_model(models, 1) is models[2]
    assert choose_model(models, -1) is models[4]
    assert choose_model(models[:1], 1) is models[0]
    with pytest.raises(BadInput, match="no trained model has finite scores"):
        choose_model(models[-1:], 1)


# The command


def pipe(monkeypatch, capsys, arguments, data):
    """Run the command; return its status, its lines and its errors."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    status = predict.main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return status, [line.split("\t") for line in captured.out.splitlines()], captured.err


@pytest.mark.parametrize("pair", [False, True])
def test_a_pipe(made, monkeypatch, capsys, pair):
    _, test, folder, predictions = made[pair]
    expected = read_predictions(predictions)
    texts = (test["text"] + "\t" + test["second_text"]) if pair else test["text"]
    data = "".join(f"{text}\n" for text in texts).encode()
    monkeypatch.setattr(predict, "LINES_AT_ONCE", 7)
    status, lines, _ = pipe(monkeypatch, capsys, [folder], data)
    names = expected.about["label_names"]
    assert status == 0 and [line[0] for line in lines] == [names[i] for i in expected.predicted]
    np.testing.assert_allclose([float(p) for _, p in lines], expected.probabilities.max(axis=1), atol=1e-5)
    _, lines, _ = pipe(monkeypatch, capsys, [folder, "--probabilities"], data)
    assert lines[0] == ["class", *(f"p_{name}" for name in names)]
    np.testing.assert_allclose(np.array(lines[1:])[:, 1:].astype(float), expected.probabilities, atol=1e-5)


@pytest.mark.parametrize(
    ("pair", "data", "message"),
    [
        (False, b"good\n\xff\n", "ERROR: line 2: not UTF-8 (invalid start byte)"),
        (True, b"a\tb\na\n", "ERROR: line 2: 1 text, and the model reads pairs; put one tab between two texts"),
    ],
)
def test_a_wrong_line_is_named(made, monkeypatch, capsys, pair, data, message):
    status, _, errors = pipe(monkeypatch, capsys, [made[pair][2]], data)
    assert status == 1 and errors.startswith(message) and errors.count("\n") == 1


def test_a_missing_model_is_one_line(tmp_path, monkeypatch, capsys):
    status, lines, errors = pipe(monkeypatch, capsys, [tmp_path / "none"], b"a\n")
    assert (status, lines) == (1, []) and "no such folder" in errors and errors.count("\n") == 1


def test_every_line_has_a_class(made, monkeypatch, capsys):
    _, lines, _ = pipe(monkeypatch, capsys, [made[False][2]], "\ufeffthe goal\r\n\n oven".encode())
    assert len(lines) == 3
