"""New texts from files, from a pipe: same classes as the run, in order, whatever their form."""

import csv
import io
import json
import logging
import shutil
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from helpers.cells import Cells
from pretrain_or_not import predict
from pretrain_or_not.config.predictions import as_dataset
from pretrain_or_not.errors import BadInput
from pretrain_or_not.evaluation import predict_texts as predict_texts_module
from pretrain_or_not.evaluation.choose_model import choose_model
from pretrain_or_not.evaluation.predict_texts import classified, predict_texts
from pretrain_or_not.evaluation.predictions import read_predictions
from pretrain_or_not.evaluation.text_classifier import load
from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.files.parquet import read_metadata, write_table


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
    predict_texts("new", texts, [str(folder / "classifier.json")], None, 1, 1, output, table)
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
    assert rows["row"].tolist() == list(range(len(expected.labels)))
    assert table["class"].tolist() == rows["class"].tolist() and list(table) == list(rows)
    np.testing.assert_allclose(table[columns], rows[columns], atol=1e-6)


def test_a_table_without_labels(made, tmp_path):
    _, test, _, predictions = made[False]
    new = write(tmp_path / "new.csv.txt", [("id", "text"), *((f"n{i}", text) for i, text in enumerate(test["text"]))])
    found = run(made, tmp_path, files=new, format="csv", keep=["id"])
    check(found, predictions)
    assert list(found[0])[:4] == ["row", "text", "id", "class"]
    assert found[0]["text"].tolist() == test["text"].tolist()
    assert found[0]["id"].tolist() == [f"n{i}" for i in range(len(test))]
    about = read_metadata(tmp_path / "new.parquet")
    assert about["model"]["arm"] == "tfidf" and (about["rows"], about["blank"]) == (90, 0)


def test_columns_are_copied_as_they_are_written(made, tmp_path):
    """They may be what the result is joined by: 007.0 is not 7, and a blank is a character."""
    rows = [("text", "id", "note"), ("one text", "007.0", " a "), ("another", "10.00", "")]
    found, _ = run(made, tmp_path, files=write(tmp_path / "new.csv", rows), keep=["id", "note"])
    assert found["id"].tolist() == ["007.0", "10.00"] and found["note"].fillna("").tolist() == [" a ", ""]
    lines = [{"text": "one", "id": ["x", 1.5]}, {"text": "two", "id": {"a": True}}, {"text": "three", "id": 2}]
    (tmp_path / "new.jsonl").write_text("\n".join(map(json.dumps, lines)))
    found, _ = run(made, tmp_path, files=str(tmp_path / "new.jsonl"), keep=["id"])
    assert found["id"].tolist() == ['["x", 1.5]', '{"a": true}', "2"]
    table = pa.table({"text": ["one", "two"], "id": pa.array([b"a7", None], pa.binary()), "seen": [True, False]})
    write_table(tmp_path / "texts.parquet", table)
    found, _ = run(made, tmp_path, files=str(tmp_path / "texts.parquet"), keep=["id", "seen"])
    assert found["id"].fillna("").tolist() == ["a7", ""] and found["seen"].tolist() == ["true", "false"]


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
    assert list(found[0])[:4] == ["row", "text", "second_text", "class"]


def test_blank_texts_are_classified_and_counted(made, tmp_path, caplog):
    table = pd.DataFrame({"text": ["the goal", None, " ", "match"]})
    table.to_parquet(tmp_path / "some.parquet")
    with caplog.at_level(logging.INFO, "pretrain_or_not"):
        rows, _ = run(made, tmp_path, files=str(tmp_path / "some.parquet"))
    assert rows["text"].tolist() == ["the goal", "", " ", "match"] and rows["class"].notna().all()
    assert rows.iloc[1, 3:].tolist() == rows.iloc[2, 3:].tolist()
    assert "predict.new: 2 of 4 texts are blank: they got the class of an empty text" in caplog.text


LINES = ["great food, loved it", "bad", "", "  ", "oven", ""]


@pytest.mark.parametrize(
    ("name", "lines", "entry", "texts"),
    [
        ("a.csv", LINES, {"header": False, "columns": ["text"], "delimiter": "\t"}, LINES),
        ("a.tsv", ["", "text", *LINES], {}, LINES),
        ("a.csv", ["text", '"one', "", 'text"', "", '""'], {}, ["one\n\ntext", "", ""]),
        ("a.txt", LINES, {"format": "fasttext"}, [line.strip() for line in LINES]),
        ("a.csv", ["text,b", "x,1", "", "  ", ",2", "y,3"], {}, ["x", "", "y"]),
        ("a.jsonl", ['{"text": "x"}', "", '{"text": ""}', " ", '{"text": "y"}'], {}, ["x", "", "y"]),
    ],
)
def test_blank_lines_are_rows_where_a_line_is_a_text(made, tmp_path, name, lines, entry, texts):
    (tmp_path / name).write_text("\n".join(lines) + "\n")
    rows, table = run(made, tmp_path, files=str(tmp_path / name), **entry)
    assert rows["text"].tolist() == texts and table["row"].tolist() == list(range(len(texts)))
    assert rows["class"].notna().all()


def test_texts_that_are_cut_are_told(made, tmp_path, caplog, monkeypatch):
    def cut(model, batch, columns, counts):
        counts["truncated"] += 1
        return classified(model, batch, columns, counts)

    monkeypatch.setattr(predict_texts_module, "classified", cut)
    many = write(tmp_path / "new.csv", [["text"], *[["a match"]] * 30])
    run(made, tmp_path, files=many)
    assert "cut" not in caplog.text  # 1 of 30
    run(made, tmp_path, files=write(tmp_path / "few.csv", [["text"], *[["a match"]] * 10]))
    assert "predict.new: 1 of 10 texts are longer than the model reads: they are cut" in caplog.text


def test_what_is_guessed_of_new_texts_is_told(made, tmp_path, caplog):
    (tmp_path / "a.csv").write_bytes("text;n\n“quoted”;1\n".encode("cp1252"))
    run(made, tmp_path, files=str(tmp_path / "a.csv"), encoding="latin-1")
    assert "predict.new: " in caplog.text and "`delimiter: ';'`" in caplog.text and "`encoding: cp1252`" in caplog.text


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
    return {"dataset": "toy", "arm": arm, "size": str(n), "n": n, "seed": seed, "score": score,
            "validation_score": validation}  # fmt: skip


def recommended(folder, rows, **about):
    """Return the path of a recommendation.parquet."""
    path = folder / "recommendation.parquet"
    table = pd.DataFrame(rows, columns=["dataset", "n", "batch", "arm", "cheapest", "used"])
    write_table(path, pa.Table.from_pandas(table, preserve_index=False), **about)
    return path


def test_labels_for_validation_are_counted_as_in_the_recommendation(tmp_path):
    models = [about("a", 10, 0, 0.9), about("b", 100, 0, 0.8)]
    labels = {"toy": {"10": 20, "100": 150}}
    path = recommended(tmp_path, [("toy", 150, 32, "a", True, 20), ("toy", 150, 32, "b", False, 150)], labels=labels)
    assert choose_model(models, 1, path) is models[0]


def test_an_arm_that_is_best_with_fewer_labels_is_chosen(tmp_path):
    models = [about("a", 10, 0, 0.99, 0.7), about("a", 10, 1, 0.99, 0.9), about("b", 100, 0, 0.8)]
    path = recommended(tmp_path, [("toy", 100, 32, "a", True, 10), ("toy", 100, 32, "b", False, 100)])
    assert choose_model(models, 1, path) is models[1]


def test_the_recommended_arm_at_the_largest_size_is_chosen_and_its_best_seed(tmp_path):
    models = [about("a", 10, 0, 0.99), about("a", 100, 0, 0.7, 0.6), about("a", 100, 1, 0.7, 0.8),
              about("b", 100, 0, 0.9, 0.9), about("b", 100, 1, 0.4), about("c", 100, 0, None, None)]  # fmt: skip
    rows = [("toy", 10, 32, "b", True, 10), ("toy", 100, 1, "b", True, 100), ("toy", 100, 32, "a", True, 100),
            ("toy", 100, 32, "b", False, 100), ("other", 100, 32, "b", True, 100)]  # fmt: skip
    path = recommended(tmp_path, rows)
    assert choose_model(models, 1, path) is models[2]
    assert choose_model(models, -1, path) is models[1]
    assert choose_model(models[3:5], 1, None) is models[3]
    with pytest.raises(BadInput, match="with 100 labels, a is recommended, trained on 100 of them, and no such model"):
        choose_model(models[3:], 1, path)
    with pytest.raises(BadInput, match="no arm is recommended with 100 labels; name one with `arm`"):
        choose_model(models, 1, recommended(tmp_path, rows[:1]))
    with pytest.raises(BadInput, match="no trained model has finite scores"):
        choose_model(models[-1:], 1, path)


@pytest.mark.parametrize(
    ("guesses", "tests", "said"),
    [
        (True, 20, ["WARNING predict.new: the recommended arm, tfidf, is not clearly better than guessing (accuracy "
                    "0.533, and 0.507 by guessing); see answer.md",
                    "WARNING predict.new: the recommended arm, tfidf, is chosen by 20 test examples, which are too few "
                    "to rank the arms; see answer.md"]),
        (False, 50, []),
    ],
)  # fmt: skip
def test_a_recommended_model_that_may_be_worth_nothing_is_told(made, tmp_path, caplog, guesses, tests, said):
    cells, _, folder, _ = made[False]
    rows = pd.DataFrame({
        "dataset": "toy", "n": 40, "batch": 32, "arm": ["bert", "tfidf"], "cheapest": [False, True], "used": 40,
        "guesses": [False, guesses], "test_examples": tests, "metric": "accuracy", "score": 0.533, "guessing": 0.507,
    })  # fmt: skip
    write_table(tmp_path / "recommendation.parquet", pa.Table.from_pandas(rows, preserve_index=False))
    texts = as_dataset({"files": write(tmp_path / "new.csv", [("text",), ("the goal",)])},
                       cells.catalogue.datasets["toy"])  # fmt: skip
    predict_texts("new", texts, [str(folder / "classifier.json")], tmp_path / "recommendation.parquet", 1, 1,
                  tmp_path / "new.parquet", tmp_path / "table.csv")  # fmt: skip
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == said


@pytest.fixture
def guessing(made, tmp_path):
    """Return the folder of a model whose classifier.json says that it guesses."""
    folder = shutil.copytree(made[False][2], tmp_path / "guessing")
    about = read_json(folder / "classifier.json") | {"guesses": True, "score": 0.533, "guessing": 0.507}
    (folder / "classifier.json").write_text(json.dumps(about))
    return folder


def test_a_model_that_was_named_and_guesses_is_told(made, guessing, tmp_path, caplog):
    for folder, said in (
        (guessing, ["the model of tfidf is not clearly better than guessing (accuracy 0.533, and 0.507 by guessing)"]),
        (made[False][2], []),
    ):
        caplog.clear()
        texts = as_dataset({"files": write(tmp_path / "new.csv", [("text",), ("the goal",)])},
                           made[False][0].catalogue.datasets["toy"])  # fmt: skip
        predict_texts("new", texts, [str(folder / "classifier.json")], None, 1, 1,
                      tmp_path / "new.parquet", tmp_path / "table.csv")  # fmt: skip
        warned = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
        assert warned == [f"WARNING predict.new: {one}; see answer.md" for one in said]


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
    assert status == 1
    told = [line for line in errors.splitlines() if not line.startswith("WARNING")]  # that the model of pairs guesses
    assert len(told) == 1 and told[0].startswith(message)


def test_a_pipe_of_a_model_that_joins_columns(made, tmp_path, monkeypatch, capsys):
    folder = shutil.copytree(made[False][2], tmp_path / "columns")
    about = json.loads((folder / "classifier.json").read_text()) | {"text": ["title", "text"], "separator": "\n"}
    (folder / "classifier.json").write_text(json.dumps(about))
    data = b"the goal\ta match\n\tthe goal\n\n"
    status, lines, _ = pipe(monkeypatch, capsys, [folder], data)
    expected = load(folder).predict(["the goal\na match", "the goal", ""])
    assert (status, [line[0] for line in lines]) == (0, expected.labels)
    np.testing.assert_allclose([float(p) for _, p in lines], expected.probabilities.max(axis=1), atol=1e-5)
    status, _, errors = pipe(monkeypatch, capsys, [folder], b"a\tb\nthe goal\n")
    assert status == 1 and errors.count("\n") == 1
    assert errors.startswith("ERROR: line 2: 1 text, and the model reads 2 columns (title, text); put a tab between")


def test_a_missing_model_is_one_line(tmp_path, monkeypatch, capsys):
    status, lines, errors = pipe(monkeypatch, capsys, [tmp_path / "none"], b"a\n")
    assert (status, lines) == (1, []) and "no such folder" in errors and errors.count("\n") == 1


def test_a_pipe_tells_of_a_model_that_guesses(guessing, monkeypatch, capsys):
    _, lines, errors = pipe(monkeypatch, capsys, [guessing], b"the goal\n")
    assert len(lines) == 1
    assert errors == (
        "WARNING: the model of tfidf is not clearly better than guessing (accuracy 0.533, and 0.507 by guessing)\n"
    )


def test_every_line_has_a_class_and_blank_ones_are_counted(made, monkeypatch, capsys):
    _, lines, errors = pipe(monkeypatch, capsys, [made[False][2]], "\ufeffthe goal\r\n\n oven".encode())
    assert len(lines) == 3
    assert errors == "WARNING: 1 of the lines is blank, and got the class of an empty text\n"
