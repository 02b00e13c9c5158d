"""What the config has, by name, and whether its data are there."""

import json
import os
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from helpers.models import make_tiny_bert
from helpers.plan import Wildcards, cell, make_catalogue
from pretrain_or_not.data.ingest import ingest
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.provenance import digest
from pretrain_or_not.plan.catalogue import ONLY_SETTING, one_of
from pretrain_or_not.plan.inputs import JobInputs
from pretrain_or_not.plan.params import JobParams


@pytest.mark.parametrize(
    ("arm", "settings"),
    [
        ("bert", ["lr0.001"]),
        ("lstm", ["lr0.001", "lr0.02"]),
        ("tfidf", ["C1.0", "C10.0"]),
        ("probe", ["C0.1"]),
    ],
)
def test_settings_are_named_after_the_values_of_the_sweep(arm, settings):
    assert make_catalogue().settings(arm) == settings


def test_a_family_without_a_sweep_has_one_setting(monkeypatch):
    catalogue = make_catalogue()
    monkeypatch.setattr(catalogue, "family", lambda arm: type(catalogue).family(catalogue, arm)._replace(sweep=None))
    assert catalogue.settings("bert") == [ONLY_SETTING]


def test_a_small_value_has_a_setting_that_can_be_read_back():
    catalogue = make_catalogue(arms={"bert": {"learning_rates": [1e-5, 0.00002]}})
    assert [float(setting.removeprefix("lr")) for setting in catalogue.settings("bert")] == [1e-5, 2e-5]


@pytest.mark.parametrize(
    ("lengths", "stored"),
    [
        ({}, 32),
        ({"lstm": 16}, 32),
        ({"lstm": 100, "bert": 40}, 100),
        ({"lstm": None}, None),
        ({"bert": 8, "lstm": 16, "lstm-bert-embeddings": 9}, 32),  # a probe reads at the length of the dataset
        ({"probe": 50}, 50),
    ],
)
def test_tokens_are_stored_at_the_longest_length_that_an_arm_reads(lengths, stored):
    catalogue = make_catalogue(arms={arm: {"max_length": length} for arm, length in lengths.items()})
    assert catalogue.stored_length("tiny", "toy") == stored
    recipes = JobParams(catalogue)
    for arm in ("bert", "lstm", "lstm-bert-embeddings"):
        assert recipes.recipe(cell(arm))["max_length"] == lengths.get(arm, 32)


def test_the_tokenizer_of_an_arm_is_its_own_or_that_of_its_model():
    catalogue = make_catalogue()
    assert {arm: catalogue.tokenizer_of(arm) for arm in catalogue.arms} == dict.fromkeys(catalogue.arms, "tiny") | {
        "tfidf": None
    }


def test_arms_and_times_that_are_shown():
    assert make_catalogue().timed_arms() == ["bert", "lstm", "lstm-bert-embeddings", "tfidf", "probe"]
    assert make_catalogue(timing={"arms": ["lstm"]}).timed_arms() == ["lstm"]
    for devices, shown in [
        ({"cuda": [8, 1], "cpu": [4, 2]}, {"device": "cpu", "batch_size": 4}),
        ({"cuda": [8, 1], "cpu": []}, {"device": "cuda", "batch_size": 8}),
        ({"cuda": [], "cpu": []}, None),
    ]:
        assert make_catalogue(timing={"devices": devices}).shown_time() == shown


def test_titles_are_names_unless_the_config_gives_some():
    titles = make_catalogue(arms={"lstm": {"title": "An LSTM"}}).titles()
    assert titles["dataset"] == {"toy": "Toy"}
    assert titles["arm"]["lstm"] == "An LSTM" and titles["arm"]["bert"] == "bert"


def test_arms_of_a_family():
    assert make_catalogue().arms_of("lstm") == ["lstm", "lstm-bert-embeddings"]


@pytest.mark.parametrize(
    ("wildcard", "fits", "others"),
    [
        ("arm", ["lstm", "lstm-bert-embeddings"], ["lstm-", "gru", ""]),
        ("size", ["40", "50pct", "0.5pct"], ["50%", "a", "-1"]),
        ("seed", ["0", "12"], ["x", "1.0"]),
        ("setting", ["lr0.001", "lr1e-05", "C10.0", "only"], ["selected", "lr", "checkpoint"]),
    ],
)
def test_wildcards_fit_what_the_config_names(wildcard, fits, others):
    pattern = make_catalogue().wildcard_constraints()[wildcard]
    assert all(re.fullmatch(pattern, text) for text in fits)
    assert not any(re.fullmatch(pattern, text) for text in others)


def test_no_names_fit_nothing():
    assert not re.fullmatch(one_of([]), "") and re.fullmatch(one_of(["a.b"]), "a.b")
    assert not re.fullmatch(one_of(["a.b"]), "axb")


def test_what_a_dataset_holds_does_not_hang_on_its_title_or_length():
    one = make_catalogue()
    other = make_catalogue(datasets={"toy": one.datasets["toy"] | {"title": "Other", "max_length": 8}})
    assert one.content("toy") == other.content("toy")
    assert list(one.content("toy")) == sorted(one.content("toy"))
    assert one.content("toy") != make_catalogue(datasets={"toy": one.datasets["toy"] | {"seed": 1}}).content("toy")


def test_installed_packages_count_by_their_version():
    docstrings = {"source": "docstrings", "packages": {"array": "numpy", "xml": "xml.etree"}}
    versions = make_catalogue(datasets={"docs": docstrings}).content("docs")["versions"]
    assert set(versions) == {"numpy", "xml.etree"} and all(versions.values())


# Data on disk


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with the data set of the config, ingested: 100 rows to train on."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.csv").write_text("text,label\n" + "fine,a\n" * 120)
    summary = tmp_path / "results" / "toy" / "dataset.json"
    summary.parent.mkdir(parents=True)
    content = digest(make_catalogue().content("toy"))
    summary.write_text(json.dumps({"config_digest": content, "rows": {"train": 100}, "folds": None}))
    os.utime(tmp_path / "toy.csv", (1, 1))
    return tmp_path


def test_a_missing_file_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match=r"datasets\.toy\.files: there is no file 'toy\.csv'"):
        make_catalogue().check_data()


def test_sizes_up_to_the_training_data_are_fine(folder):
    make_catalogue(experiment={"sizes": [40, 100, "100%"]}).check_data()


def test_a_size_beyond_the_training_data_is_refused(folder):
    with pytest.raises(
        BadInput, match=r"^dataset 'toy': .*101 stands for 101 training examples, and there are 100; ch"
    ):
        make_catalogue(experiment={"sizes": [101]}).check_data()


def test_a_size_beyond_the_training_rows_of_a_fold_is_refused(folder):
    path = folder / "results" / "toy" / "dataset.json"
    facts = json.loads(path.read_text())
    facts["folds"] = {"folds": 5, "validation": None, "rows": {"train": 72, "validation": 8, "test": 20}}
    path.write_text(json.dumps(facts))
    make_catalogue(experiment={"sizes": [72]}).check_data()
    with pytest.raises(BadInput, match=r"73 stands for 73 training examples, and there are 72; choose"):
        make_catalogue(experiment={"sizes": [73]}).check_data()


def test_a_size_up_to_the_rows_is_left_to_ingest_where_the_data_are_to_be_read_again(folder):
    beyond = {"sizes": [101]}
    other_cut = {"toy": make_catalogue().datasets["toy"] | {"splits": {"validation": 1, "test": 1}}}
    make_catalogue(experiment=beyond, datasets=other_cut).check_data()
    os.utime(folder / "toy.csv")
    make_catalogue(experiment=beyond).check_data()
    (folder / "results" / "toy" / "dataset.json").unlink()
    make_catalogue(experiment=beyond).check_data()
    message = (
        "^dataset 'toy': experiment.sizes: 121 stands for 121 training examples, and there are at most 120 rows, "
        "before validation and test are split off; choose fewer, or a share such as 100%$"
    )
    with pytest.raises(BadInput, match=message):
        make_catalogue(experiment={"sizes": [121]}).check_data()


def test_all_missing_files_are_named_at_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b.csv").touch()
    toy = make_catalogue().datasets["toy"] | {"files": {"train": ["a.csv", "b.csv"], "test": "c.csv"}}
    with pytest.raises(BadInput, match=r"there are no files \(2 of 3 are missing\): 'a\.csv', 'c\.csv'"):
        make_catalogue(datasets={"toy": toy}).check_data()


def test_missing_files_of_all_datasets_are_named_at_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b.csv").touch()
    toy = make_catalogue().datasets["toy"]
    datasets = {name: toy | {"files": f"{name}.csv"} for name in ("a", "b", "c")}
    with pytest.raises(BadInput) as caught:
        make_catalogue(datasets=datasets, experiment={"datasets": list(datasets)}).check_data()
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
        make_catalogue(datasets={"toy": make_catalogue().datasets["toy"] | {"files": files}}).check_data()


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
        make_catalogue(datasets={"toy": make_catalogue().datasets["toy"] | changes}).check_data()


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

    for check in (catalogue.check_data, ingest_it):
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
    make_catalogue(datasets={"toy": toy}, experiment=beyond).check_data()
    with pytest.raises(BadInput, match=r"30001 stands for 30,001 training examples, .* at most 30,000 rows"):
        make_catalogue(datasets={"toy": toy | {"files": "toy.parquet"}}, experiment=beyond).check_data()


@pytest.mark.parametrize("name", ["d{x}.csv", "d<x>.csv", "d{wildcards.arm}.csv"])
def test_a_file_whose_name_snakemake_takes_for_a_pattern_counts_by_its_time(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).touch()
    catalogue = make_catalogue(datasets={"toy": make_catalogue().datasets["toy"] | {"files": name}})
    assert JobInputs(catalogue).source_files(Wildcards(dataset="toy")) == []
    before = catalogue.content("toy")
    os.utime(name, (1, 1))
    assert catalogue.content("toy") != before


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
    catalogue.check_models()
    (folder / file).unlink()
    if arm not in needed_by:
        return catalogue.check_models()
    with pytest.raises(BadInput, match=f"^models: path '{folder}': {message}"):
        catalogue.check_models()


def test_a_model_from_random_weights_needs_no_weights(tmp_path):
    folder = make_tiny_bert(tmp_path / "bert")
    (folder / "model.safetensors").unlink()
    experiment = {"arms": ["bert"], "reference": "bert"}
    models, arms = {"tiny": {"path": str(folder)}}, {"bert": {"init": "random"}}
    make_catalogue(models=models, arms=arms, experiment=experiment).check_models()


def test_a_missing_folder_or_package_is_noticed_at_once():
    for path, message in (("./none", "no such folder"), ("package:no_such_package/x", "is not installed")):
        with pytest.raises(BadInput, match=message):
            make_catalogue(models={"tiny": {"path": path}}).check_models()
