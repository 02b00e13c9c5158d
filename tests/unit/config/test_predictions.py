"""New texts in the config: what they inherit, which models they may use, and mistakes in one line."""

import pytest

from helpers.configs import complaint, valid
from helpers.plan import make_catalogue
from pretrain_or_not.config.check import check_config
from pretrain_or_not.config.predictions import as_dataset, cells_for
from pretrain_or_not.plan.file_checks import check_data


def config(**entry):
    """Return a valid config with an entry of `predict`."""
    return valid() | {"predict": {"new": {"files": "new.csv", "dataset": "yelp"} | entry}}


def test_keys_are_those_of_the_dataset_unless_they_are_given():
    dataset = {"source": "files", "text": ["title", "body"], "separator": " ", "pair": None, "label": "stars",
               "header": False, "columns": ["stars", "title", "body"], "delimiter": ";", "labels": {"a": [1], "b": [2]},
               "where": "x > 1", "format": "csv"}  # fmt: skip
    inherited = as_dataset({"files": "new.csv", "text": None}, dataset)
    assert inherited == {"source": "files", "files": "new.csv", "text": ["title", "body"], "separator": " ",
                         "header": False, "columns": ["stars", "title", "body"], "delimiter": ";",
                         "label": None}  # fmt: skip
    given = as_dataset({"files": "new.csv", "text": "body", "header": True, "keep": ["id"]}, dataset)
    assert (given["text"], given["header"], given["keep"]) == ("body", True, ["id"]) and "columns" not in given
    assert as_dataset({"files": "new.csv"}, {"source": "docstrings"}) == {
        "source": "files", "files": "new.csv", "label": None,
    }  # fmt: skip


EXPERIMENT = {"datasets": ["d"], "arms": ["a", "b"], "sizes": [10, 200, 30], "seeds": [0, 1]}
CONFIG = {"datasets": {"d": {}}, "arms": {"a": {}, "b": {}}}


@pytest.mark.parametrize(
    ("entry", "sizes", "cells"),
    [
        ({}, [10, 200, 30], {("a", "200", 0), ("a", "200", 1), ("b", "200", 0), ("b", "200", 1)}),
        ({"arm": "a", "seed": 1}, ["10%", "9.5%"], {("a", "10pct", 1)}),
        ({"arm": "a", "seed": 1}, [10, "50%"], {("a", "10", 1), ("a", "50pct", 1)}),
        ({"arm": "b", "seed": 0, "size": 10}, [10, 200], {("b", "10", 0)}),
        ({"arm": "b", "seed": 0, "size": "9.50%"}, [10, "9.5%"], {("b", "9.5pct", 0)}),
    ],
)
def test_the_largest_size_counts_unless_one_is_given(entry, sizes, cells):
    found = cells_for(entry, CONFIG | {"experiment": EXPERIMENT | {"sizes": sizes}})
    assert {(cell["arm"], cell["size"], cell["seed"]) for cell in found} == cells


def test_an_arm_without_the_largest_size_has_its_own_largest():
    found = CONFIG | {"experiment": EXPERIMENT | {"exclude": [{"arms": ["a"], "sizes": [200]}]}}
    assert {cell["size"] for cell in cells_for({"arm": "a"}, found)} == {"30"}
    both = {(cell["arm"], cell["size"]) for cell in cells_for({}, found)}
    assert both == {("a", "30"), ("b", "200")}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"dataset": None}, "config: predict.new: 'dataset' is missing: the experiment has several (docstrings, yelp)"),
        ({"dataset": "ready"}, "config: predict.new.dataset: 'ready' is not in experiment.datasets (there are:"),
        ({"arm": "minilmm"}, "config: predict.new.arm: 'minilmm' is not in experiment.arms; did you mean 'minilm'?"),
        ({"size": 300}, "config: predict.new.size: 300 is not in experiment.sizes (there are: 250, 1000, 10%, 0.5%)"),
        ({"size": 0.1}, "config: predict.new.size: 0.1 is not a size"),
        ({"seed": 2}, "config: predict.new.seed: 2 is not in experiment.seeds (there are: 0, 1)"),
        ({"files": []}, "config: predict.new.files: [] has too few entries"),
        (
            {"pair": ["a", "b"]},
            "config: predict.new.pair: models of 'yelp' read single texts: name a column by `text:`",
        ),
        ({"pair": ["a", "b"], "text": "a"}, "config: predict.new.pair: names two texts in place of `text`"),
        ({"header": False}, "config: predict.new.header: is false, so name all columns of the files in order"),
        ({"columns": ["text"]}, "config: predict.new.columns: names the columns of files without a header"),
        ({"encoding": "utf8x"}, "config: predict.new.encoding: 'utf8x' is no encoding that Python knows"),
        ({"label": "a"}, "config: predict.new: unknown key 'label' (allowed: files, dataset, arm,"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_key(entry, message):
    (line,) = complaint(config(**entry))
    assert line.startswith(message)


def test_models_that_are_deleted_cannot_be_used():
    broken = config()
    broken["experiment"]["keep_models"] = "none"
    (line,) = complaint(broken)
    assert line == (
        "config: predict.new: needs a trained model, and `experiment: {keep_models: none}` deletes them; "
        "set it to selected"
    )


def test_a_cell_that_is_left_out_is_named():
    broken = config(arm="lstm", size=250)
    broken["experiment"]["exclude"] = [{"arms": ["lstm"], "sizes": [250]}]
    (line,) = complaint(broken)
    assert line.startswith("config: predict.new: the experiment has no such cell; see `exclude`")


def test_defaults_are_filled_in():
    (entry,) = check_config(config())["predict"].values()
    assert entry["arm"] is entry["size"] is entry["text"] is None and entry["keep"] == []


def test_a_file_that_is_missing_or_wrong_is_told_before_anything_runs(tmp_path, monkeypatch):
    from pretrain_or_not.errors import BadInput

    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.csv").write_text("text,label\n" + "x,a\ny,b\n" * 100)
    catalogue = make_catalogue(predict={"new": {"files": "new.csv"}})
    with pytest.raises(BadInput, match=r"^config: predict\.new\.files: there is no file 'new\.csv'"):
        check_data(catalogue)
    (tmp_path / "new.csv").write_text("review\nx\n")
    with pytest.raises(BadInput, match=r"^config: predict\.new: new\.csv: no column 'text' for `text:`"):
        check_data(catalogue)
    (tmp_path / "new.csv").write_text("text\nx\n")
    check_data(catalogue)
