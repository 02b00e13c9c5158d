"""The files that an experiment names, checked before the first job."""

import gzip
import json
import os
from contextlib import nullcontext

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from helpers.models import make_tiny_bert
from helpers.plan import make_catalogue
from helpers.tables import write_csv
from pretrain_or_not.data.ingest import ingest
from pretrain_or_not.data.sources import files
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.provenance import digest
from pretrain_or_not.plan.file_checks import check_data, check_model_files, training_rows


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with the data set of the config, ingested: 270 rows, of which 100 are left to train on."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.csv").write_text("text,label\n" + "fine,a\n" * 270)
    summary = tmp_path / "results" / "toy" / "dataset.json"
    summary.parent.mkdir(parents=True)
    content = digest(make_catalogue().content("toy"))
    summary.write_text(json.dumps({"config_digest": content, "rows": {"train": 100}, "folds": None}))
    os.utime(tmp_path / "toy.csv", (1, 1))
    return tmp_path


def test_a_missing_file_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match=r"datasets\.toy\.files: there is no file 'toy\.csv'"):
        check_data(make_catalogue())


def test_sizes_up_to_the_training_data_are_fine(folder):
    check_data(make_catalogue(experiment={"sizes": [40, 100]}))
    check_data(make_catalogue(experiment={"sizes": [40, "100%"]}))


def test_a_size_beyond_the_training_data_is_refused(folder):
    with pytest.raises(
        BadInput, match=r"^dataset 'toy': .*101 stands for 101 training examples, and there are 100; ch"
    ):
        check_data(make_catalogue(experiment={"sizes": [101]}))


def test_two_sizes_of_the_same_number_are_refused_unless_each_arm_has_one(folder):
    same = {"sizes": [20, 40, "20%"]}
    message = (
        r"^dataset 'toy': experiment\.sizes: 20 and 20% both stand for 20 training examples; leave one of them out"
    )
    with pytest.raises(BadInput, match=message):
        check_data(make_catalogue(experiment=same))
    check_data(make_catalogue(experiment=same | {"exclude": [{"datasets": ["toy"], "sizes": ["20%"]}]}))
    arms = make_catalogue().experiment["arms"]
    each = [{"arms": arms[:1], "sizes": [20]}, {"arms": arms[1:], "sizes": ["20%"]}]
    check_data(make_catalogue(experiment=same | {"exclude": each}))


def test_a_size_that_is_left_out_for_a_dataset_may_be_beyond_its_rows(folder):
    check_data(make_catalogue(experiment={"sizes": [40, 101], "exclude": [{"datasets": ["toy"], "sizes": [101]}]}))


def test_a_size_beyond_the_training_rows_of_a_fold_is_refused(folder):
    path = folder / "results" / "toy" / "dataset.json"
    facts = json.loads(path.read_text())
    facts["folds"] = {"folds": 5, "validation": None, "rows": {"train": 72, "validation": 8, "test": 20}}
    path.write_text(json.dumps(facts))
    check_data(make_catalogue(experiment={"sizes": [72]}))
    with pytest.raises(BadInput, match=r"73 stands for 73 training examples, and there are 72; choose"):
        check_data(make_catalogue(experiment={"sizes": [73]}))


def test_a_size_up_to_the_rows_is_left_to_ingest_where_the_data_are_to_be_read_again(folder):
    beyond = {"sizes": [101]}
    other_cut = {"toy": make_catalogue().datasets["toy"] | {"splits": {"validation": 1, "test": 1}}}
    check_data(make_catalogue(experiment={"sizes": [268]}, datasets=other_cut))
    os.utime(folder / "toy.csv")
    check_data(make_catalogue(experiment=beyond))
    (folder / "results" / "toy" / "dataset.json").unlink()
    check_data(make_catalogue(experiment=beyond))
    message = (
        "^dataset 'toy': experiment.sizes: 121 stands for 121 training examples, and there are at most 120 training "
        "rows; choose fewer, or a share such as 100%$"
    )
    with pytest.raises(BadInput, match=message):
        check_data(make_catalogue(experiment={"sizes": [121]}))


@pytest.mark.parametrize("cuts", [{}, {"splits": {"validation": 0.15, "test": 7}}, {"folds": 5}, {"folds": 3}])
@pytest.mark.parametrize("parts", [("train",), ("train", "test"), ("train", "validation", "test")])
def test_the_largest_size_is_known_before_anything_runs_where_files_are_plain(tmp_path, monkeypatch, cuts, parts):
    if "folds" in cuts and len(parts) > 1:
        return  # refused
    monkeypatch.chdir(tmp_path)
    for part in parts:
        rows = "".join(f"{part} {i},{'ab'[i % 2]}\n" for i in range(97))
        (tmp_path / f"{part}.csv").write_text(f"text,label\n{rows}")
    files = {part: f"{part}.csv" for part in parts} if len(parts) > 1 else "train.csv"
    toy = make_catalogue().datasets["toy"] | {"files": files, "splits": {"validation": None, "test": None}} | cuts
    ingest(toy, "toy", [], 1, tmp_path / "out" / "e.parquet", tmp_path / "out" / "d.json")
    largest = training_rows(json.loads((tmp_path / "out" / "d.json").read_text()))
    seeds = [*range(cuts.get("folds", 1))]
    check_data(make_catalogue(datasets={"toy": toy}, experiment={"sizes": [largest], "seeds": seeds}))
    with pytest.raises(BadInput, match=f"there are at most {largest} training rows"):
        check_data(make_catalogue(datasets={"toy": toy}, experiment={"sizes": [largest + 1], "seeds": seeds}))


def test_all_missing_files_are_named_at_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b.csv").touch()
    toy = make_catalogue().datasets["toy"] | {"files": {"train": ["a.csv", "b.csv"], "test": "c.csv"}}
    with pytest.raises(BadInput, match=r"there are no files \(2 of 3 are missing\): 'a\.csv', 'c\.csv'"):
        check_data(make_catalogue(datasets={"toy": toy}))


def test_missing_files_of_all_datasets_are_named_at_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b.csv").touch()
    toy = make_catalogue().datasets["toy"]
    datasets = {name: toy | {"files": f"{name}.csv", "title": name} for name in ("a", "b", "c")}
    with pytest.raises(BadInput) as caught:
        check_data(make_catalogue(datasets=datasets, experiment={"datasets": list(datasets)}))
    a, c = str(caught.value).splitlines()
    assert a.startswith("config: datasets.a.files: there is no file 'a.csv'")
    assert c.startswith("config: datasets.c.files: there is no file 'c.csv'")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ("empty", r"'empty' is a folder without data files \(it holds nothing\); name the files"),
        ("*.json", r"'\*\.json' is a pattern that no file matches"),
        ("~/toy.csv", r"'~/toy\.csv' begins with ~, which is not replaced; write /.*/toy\.csv"),
        ("https://example.org/a.csv", "is an address, not a path; download the file"),
    ],
)
def test_what_is_no_file_is_named_for_what_it_is(tmp_path, monkeypatch, files, message):
    monkeypatch.chdir(tmp_path)
    for name in ("toy.csv", "more.csv"):
        (tmp_path / name).touch()
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match=message):
        check_data(make_catalogue(datasets={"toy": make_catalogue().datasets["toy"] | {"files": files}}))


@pytest.mark.parametrize(
    ("content", "changes", "message"),
    [
        (
            "review,label\nx,a\n",
            {},
            r"dataset 'toy': toy\.csv: no column 'text' for `text:`; its columns are review, label",
        ),
        ("text,label\nx,a\ny\n", {}, r"toy\.csv: line 3: 1 cell, where the header names 2"),
        (
            "text,label\nx,a\ny,c\n",
            {"labels": {"one": ["a"], "two": ["b"]}},
            r"toy\.csv: row 1: label 'c' is not in `lab",
        ),
        ("text,label\n" + "x,a\n" * 39, {}, "40 stands for 40 training examples, and there are at most 39"),
    ],
)
def test_mistakes_in_the_first_rows_are_told_before_anything_runs(tmp_path, monkeypatch, content, changes, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.csv").write_text(content)
    with pytest.raises(BadInput, match=message):
        check_data(make_catalogue(datasets={"toy": make_catalogue().datasets["toy"] | changes}))


@pytest.mark.parametrize(
    ("row", "read"), [("\u200b,junk", True), ("x,\u2060", True), ("x,skip", True), ("\u200bx,junk", False)]
)
def test_first_rows_are_left_out_as_ingest_leaves_them_out(tmp_path, monkeypatch, row, read):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"good {i},p\nbad {i},n\n" for i in range(100))
    (tmp_path / "toy.csv").write_text(f"text,label\n{rows}{row}\n", encoding="utf-8")
    toy = make_catalogue().datasets["toy"]
    toy |= {"labels": {"pos": ["p"], "neg": ["n"]}, "ignore_labels": ["skip"]}
    catalogue = make_catalogue(datasets={"toy": toy})

    def ingest_it():
        ingest(catalogue.datasets["toy"], "toy", [], 1, tmp_path / "out" / "e.parquet", tmp_path / "out" / "d.json")

    for check in (lambda: check_data(catalogue), ingest_it):
        if read:
            check()
            continue
        with pytest.raises(BadInput, match="row 200: label 'junk' is not in `labels:`"):
            check()


def test_the_rows_of_a_large_file_are_counted_only_where_its_format_tells(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = pa.table({"text": ["x", "y"] * 15_000, "label": ["a", "b"] * 15_000})
    pq.write_table(table, "toy.parquet")
    csv.write_csv(table, "toy.csv")
    toy, beyond = make_catalogue().datasets["toy"], {"sizes": [30_001]}
    with pytest.raises(BadInput, match=r"30001 stands for 30,001 training examples, .* at most 29,850 training rows"):
        check_data(make_catalogue(datasets={"toy": toy | {"files": "toy.parquet"}}, experiment=beyond))
    csv.write_csv(table.append_column("x", table["text"]), "toy.csv")
    with pytest.raises(BadInput, match=r"30001 stands for 30,001 training examples, .* at most 29,851 training rows"):
        check_data(make_catalogue(datasets={"toy": toy}, experiment=beyond))  # the last line might have no end
    monkeypatch.setattr(files, "MOST_COUNTED", 1000)
    check_data(make_catalogue(datasets={"toy": toy}, experiment=beyond))


def test_a_text_with_line_breaks_is_no_reason_to_refuse_a_size(tmp_path):
    rows = [(f"a text\r\nof {i}\nlines", "ab"[i % 2]) for i in range(12_000)]
    path = write_csv(tmp_path / "a.csv", rows)
    toy = make_catalogue().datasets["toy"] | {"files": path}
    assert files.rows_of(path, None, toy) == 12_000 * 3 + 1
    plain = write_csv(tmp_path / "b.csv", [(f"text {i}", "ab"[i % 2]) for i in range(12_000)])
    assert files.rows_of(plain, None, toy | {"files": plain}) == 12_001
    with open(plain, newline="") as file, gzip.open(tmp_path / "b.csv.gz", "wt", newline="") as packed:
        packed.write(file.read().rstrip())
    assert files.rows_of(str(tmp_path / "b.csv.gz"), None, toy) == 12_000


@pytest.mark.parametrize("arm", ["bert", "lstm", "lstm-bert-embeddings", "tfidf", "probe"])
@pytest.mark.parametrize(
    ("file", "needed_by", "message"),
    [
        ("tokenizer.json", {"bert", "lstm", "lstm-bert-embeddings", "probe"}, "it has no tokenizer"),
        ("config.json", {"bert", "lstm-bert-embeddings", "probe"}, "it has no config.json"),
        ("model.safetensors", {"bert", "lstm-bert-embeddings", "probe"}, "it has no weights"),
    ],
)
def test_the_files_of_models_are_checked_at_once(arm, file, needed_by, message, tmp_path):
    folder = make_tiny_bert(tmp_path / "bert")
    catalogue = make_catalogue(models={"tiny": {"path": str(folder)}}, experiment={"arms": [arm], "reference": arm})
    check_model_files(catalogue)
    (folder / file).unlink()
    if arm not in needed_by:
        return check_model_files(catalogue)
    with pytest.raises(BadInput, match=f"^models: path '{folder}': {message}"):
        check_model_files(catalogue)


def test_a_model_from_random_weights_needs_no_weights(tmp_path):
    folder = make_tiny_bert(tmp_path / "bert")
    (folder / "model.safetensors").unlink()
    experiment = {"arms": ["bert"], "reference": "bert"}
    models, arms = {"tiny": {"path": str(folder)}}, {"bert": {"init": "random"}}
    check_model_files(make_catalogue(models=models, arms=arms, experiment=experiment))


def test_a_missing_folder_or_package_is_noticed_at_once():
    for path, message in (("./none", "no such folder"), ("package:no_such_package/x", "is not installed")):
        with pytest.raises(BadInput, match=message):
            check_model_files(make_catalogue(models={"tiny": {"path": path}}))


def test_a_layer_that_a_frozen_model_does_not_have_is_noticed_at_once(tmp_path):
    models = {"tiny": {"path": str(make_tiny_bert(tmp_path / "bert"))}}
    experiment = {"arms": ["probe"], "reference": "probe"}
    for layer in (0, 2, "weighted"):
        check_model_files(make_catalogue(models=models, arms={"probe": {"layers": layer}}, experiment=experiment))
    with pytest.raises(
        BadInput, match=r"^config: arms\.probe\.layers: 3 names no layer of 'tiny', which has 2; give 0"
    ):
        check_model_files(make_catalogue(models=models, arms={"probe": {"layers": 3}}, experiment=experiment))
    letters = {"letters": {"source": "files", "files": "letters.csv", "label": None}}
    shape = {"layers": 1, "hidden": 8, "heads": 1}
    models["own"] = {"pretrain": {"from": shape, "tokenizer": "tiny", "texts": "letters"}}
    models["further"] = {"pretrain": {"from": "own", "texts": "letters"}}
    for layer in (1, 2):
        arms = {"probe": {"model": "further", "layers": layer}}
        catalogue = make_catalogue(models=models, arms=arms, experiment=experiment, datasets=letters)
        with (
            nullcontext() if layer == 1 else pytest.raises(BadInput, match="2 names no layer of 'further', which has 1")
        ):
            check_model_files(catalogue)


@pytest.mark.parametrize(
    ("architecture", "objective", "message"),
    [
        (
            "gpt2",
            "mlm",
            r"models\.own\.pretrain\.from: 'start' \(GPT-2\) cannot go on with masked words; take one of B",
        ),
        ("roberta", "rtd", r"models\.own\.pretrain\.from: 'start' \(RoBERTa\): `objective: rtd` is for BERT; take one"),
        ("roberta", "mlm", None),
        ("t5", "supervised", r"\(T5\): `objective: supervised` needs an encoder or a decoder; take another"),
        ("bert", "supervised", None),
    ],
)
def test_a_model_that_cannot_learn_an_objective_is_noticed_at_once(tmp_path, architecture, objective, message):
    make_tiny_bert(tmp_path / "start")
    config = tmp_path / "start" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"model_type": architecture}))
    own = {"from": "start", "objective": objective}
    own |= {"tasks": ["letters"], "length": 16} if objective == "supervised" else {"texts": "letters"}
    models = {"start": {"path": str(tmp_path / "start")}, "own": {"pretrain": own}}
    label = "class" if objective == "supervised" else None
    letters = {"letters": {"source": "files", "files": "letters.csv", "text": "text", "label": label}}
    arms = {"tuned": {"family": "bert", "model": "own", "learning_rates": [0.1]}}
    experiment = {"arms": ["tuned"], "reference": "tuned"}
    catalogue = make_catalogue(models=models, arms=arms, experiment=experiment, datasets=letters)
    expected = nullcontext() if message is None else pytest.raises(BadInput, match=message)
    with expected:
        check_model_files(catalogue)
