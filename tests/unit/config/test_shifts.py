"""Further test sets in the config: what they inherit, and mistakes in one line."""

import pytest

from helpers.configs import complaint, valid
from helpers.plan import make_catalogue
from pretrain_or_not.config.check import check_config
from pretrain_or_not.config.shifts import as_labelled, change_of
from pretrain_or_not.errors import BadInput
from pretrain_or_not.plan.file_checks import check_data
from pretrain_or_not.plan.params import JobParams
from pretrain_or_not.plan.per_job import Wildcards


def config(dataset="yelp", **shifts):
    """Return a valid config with shifts of a dataset."""
    changed = valid()
    changed["datasets"][dataset]["shifts"] = shifts
    return changed


def test_keys_are_those_of_the_dataset_unless_they_are_given():
    dataset = check_config(config(other={"files": "b.csv", "label": "score"}))["datasets"]["yelp"]
    texts = as_labelled(dataset["shifts"]["other"], dataset)
    assert (texts["text"], texts["label"]) == ("text", "score") and texts["labels"] == dataset["labels"]
    assert texts["source"] == "files" and "format" not in texts and "where" not in texts
    assert change_of({"files": None, "typos": 0, "case": None, "words": None}, 3) == {"typos": 0, "seed": 3}
    assert change_of({"files": None, "typos": None, "case": "upper", "words": None}, 3) == {"case": "upper"}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({}, "shifts.a: says nothing of its texts; give `files:`, or one change of the test texts (one of typos,"),
        ({"typos": 0.1, "case": "upper"}, "shifts.a: has typos, case, which are several test sets; give `files:`, or"),
        ({"typos": 2}, "shifts.a.typos: 2 is out of range; give a number of at least 0 and at most 1"),
        ({"words": 0}, "shifts.a.words: 0 is out of range; give a whole number of at least 1"),
        ({"case": "title"}, "shifts.a.case: 'title'"),
        ({"words": 5, "label": "x"}, "shifts.a.label: says how files are read, and words changes the test texts;"),
        ({"files": "b.csv", "pair": ["a", "b"]}, "shifts.a.pair: models of 'yelp' read single texts"),
        ({"files": "b.csv", "labels": {"negative": [1], "good": [5]}},
         "shifts.a.labels.good: 'good' is no class of 'yelp' (there are: negative, positive); map its labels to these"),
        ({"files": "b.csv", "label": "text"}, "shifts.a.label: 'text' is the column of the text too"),
        ({"file": "b.csv"}, "shifts.a: unknown key 'file'; did you mean 'files'?"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_that_names_the_key(entry, message):
    (line,) = complaint(config(a=entry))
    assert line.startswith(f"config: datasets.yelp.{message}"), line


def test_test_sets_need_labels_models_and_one_set_of_test_examples():
    broken = config(a={"typos": 0.1})
    broken["experiment"]["keep_models"] = "none"
    (line,) = complaint(broken)
    assert line == (
        "config: datasets.yelp.shifts: need the trained models, and `experiment: {keep_models: none}` deletes them; "
        "set it to selected"
    )
    broken["experiment"]["datasets"] = ["docstrings"]  # nothing is tested on yelp
    check_config(broken)
    broken = config("ready", a={"typos": 0.1})
    broken["datasets"]["ready"]["label"] = None
    assert complaint(broken)[0].startswith("config: datasets.ready.shifts: texts without labels (`label: null`)")
    broken = config(a={"typos": 0.1})
    broken["datasets"]["yelp"] |= {"folds": 2, "splits": {"validation": 10}}
    assert complaint(broken)[0].startswith("config: datasets.yelp.shifts: each fold has its own test examples")


def test_a_shift_is_no_part_of_its_dataset():
    dataset = {"source": "files", "files": "toy.csv", "title": "Toy", "max_length": 32}
    plain, shifted = (
        make_catalogue(datasets={"toy": dataset | more}) for more in ({}, {"shifts": {"a": {"typos": 0.1}}})
    )
    place = Wildcards(dataset="toy", arm="bert", size="40", seed="0")
    for name in ("dataset_content", "recipe"):
        assert getattr(JobParams(plain), name)(place) == getattr(JobParams(shifted), name)(place)


def test_a_file_that_is_missing_or_wrong_is_told_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.csv").write_text("text,label\n" + "x,a\ny,b\n" * 100)
    dataset = {"source": "files", "files": "toy.csv", "splits": {"validation": 60, "test": 40},
               "shifts": {"other": {"files": "other.csv"}}}  # fmt: skip
    catalogue = make_catalogue(datasets={"toy": dataset})
    with pytest.raises(BadInput, match=r"^config: datasets\.toy\.shifts\.other\.files: there is no file 'other\.csv'"):
        check_data(catalogue)
    (tmp_path / "other.csv").write_text("text,class\nx,a\n")
    with pytest.raises(BadInput, match=r"^config: datasets\.toy\.shifts\.other: other\.csv: no column 'label' for"):
        check_data(catalogue)
    (tmp_path / "other.csv").write_text("text,label\nx,a\n")
    check_data(catalogue)
