"""What the config has, by name, and whether its data are there."""

import os
import re

import pytest

from helpers.plan import Wildcards, cell, make_catalogue
from helpers.project import CONFIG
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


def test_tokens_and_models_are_those_of_teachers_too_that_are_not_scored():
    """Otherwise a teacher would be trained on shorter texts than it is asked about."""
    catalogue = make_catalogue(
        datasets={"letters": {"source": "files", "files": "letters.csv", "label": None}},
        models={"own": {"pretrain": {"from": "tiny", "texts": "letters"}}},
        arms={"lstm": {"max_length": 16, "teacher": {"arm": "bert"}}, "bert": {"max_length": 100, "model": "own"}},
        experiment={"arms": ["lstm"], "reference": "lstm"},
    )
    assert catalogue.trained_arms() == ["lstm", "bert"]
    assert catalogue.stored_length("tiny", "toy") == 100
    assert catalogue.made_models() == ["own"] and catalogue.text_sets() == ["letters"]


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


@pytest.mark.parametrize("name", ["d{x}.csv", "d<x>.csv", "d{wildcards.arm}.csv"])
def test_a_file_whose_name_snakemake_takes_for_a_pattern_counts_by_its_time(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).touch()
    catalogue = make_catalogue(datasets={"toy": make_catalogue().datasets["toy"] | {"files": name}})
    assert JobInputs(catalogue).source_files(Wildcards(dataset="toy")) == []
    before = catalogue.content("toy")
    os.utime(name, (1, 1))
    assert catalogue.content("toy") != before


def test_arms_that_use_the_same_models_in_another_way_are_another_series():
    """Else the figure `pretraining` would show the mean of fine-tuned and frozen arms."""
    own = {"pretrain": {"from": {"layers": 1, "hidden": 8, "heads": 1}, "tokenizer": "tiny", "texts": "letters",
                        "amount": [0, 10]}}  # fmt: skip
    arms = {
        "tuned-0": {"family": "bert", "model": "own-0", "learning_rates": [0.1]},
        "tuned-10": {"family": "bert", "model": "own-10", "learning_rates": [0.1]},
        "read-0": {"family": "probe", "model": "own-0"},
        "read-10": {"family": "probe", "model": "own-10"},
        "lstm-0": {"family": "lstm", "tokenizer": "own-0", "embeddings": "own-0", "learning_rates": [0.1]},
        "lstm-10": {"family": "lstm", "tokenizer": "own-10", "embeddings": "own-10", "learning_rates": [0.1]},
        "taught": {"family": "lstm", "tokenizer": "tiny", "learning_rates": [0.1], "teacher": {"arm": "tuned-10"}},
    }
    experiment = {"arms": list(arms), "reference": "tuned-0"}
    letters = {"letters": {"source": "files", "files": "letters.csv", "label": None}}
    found = make_catalogue(models={"own": own}, arms=arms, experiment=experiment, datasets=letters).pretraining()
    assert [found[arm]["series"] for arm in arms] == [
        "own", "own", "own (read-0)", "own (read-0)", "own (lstm-0)", "own (lstm-0)", None
    ]  # fmt: skip
    assert (found["taught"]["made"], found["taught"]["teachers"]) == ({0: []}, {0: ["own-10"]})
    assert not any(about["elsewhere"] or about["teacher_elsewhere"] for about in found.values())


def test_a_teacher_that_was_pretrained_elsewhere_is_no_start_of_its_student():
    arms = {
        "big": {"family": "bert", "model": "tiny", "learning_rates": [0.1]},
        "taught": {"family": "lstm", "tokenizer": "tiny", "learning_rates": [0.1], "teacher": {"arm": "big"}},
    }
    found = make_catalogue(arms=arms, experiment={"arms": list(arms), "reference": "big"}).pretraining()
    assert [(found[arm]["elsewhere"], found[arm]["teacher_elsewhere"]) for arm in arms] == [
        (True, False),
        (False, True),
    ]


def test_a_cell_has_the_model_of_its_repetition():
    own = {"pretrain": {"from": {"layers": 1, "hidden": 8, "heads": 1}, "tokenizer": "tiny", "texts": "letters",
                        "seed": [4, 5]}}  # fmt: skip
    arms = {
        "tuned": {"family": "bert", "model": "own", "learning_rates": [0.1]},
        "random": {"family": "bert", "model": "own", "init": "random", "learning_rates": [0.1]},
        "lstm": {"family": "lstm", "tokenizer": "own", "embeddings": "own", "learning_rates": [0.1]},
        "taught": {"family": "lstm", "tokenizer": "tiny", "learning_rates": [0.1], "teacher": {"arm": "tuned"}},
    }
    letters = {"letters": {"source": "files", "files": "letters.csv", "label": None}}

    def catalogue(seeds, **toy):
        experiment = {"arms": list(arms), "reference": "tuned", "seeds": seeds}
        datasets = letters | {"toy": CONFIG["datasets"]["toy"] | toy}
        return make_catalogue(models={"own": own}, arms=arms, experiment=experiment, datasets=datasets)

    found = catalogue([0, 3])
    for seed, name in ((0, "own"), (1, "own-seed5"), (2, "own"), (3, "own-seed5")):
        assert found.keys_in(cell(arm="tuned", seed=seed))["model"] == name
        keys = found.keys_in(cell(arm="lstm", seed=seed))
        assert (keys["tokenizer"], keys["embeddings"]) == ("own", name)
        assert found.keys_in(cell(arm="random", seed=seed))["model"] == "own"
        assert found.made_for(cell(arm="tuned", seed=seed)) == [name] and found.made_for(cell(arm="random")) == []
    assert found.keys_in(Wildcards(dataset="toy", arm="tuned"))["model"] == "own"  # of a job without a seed
    behind = found.pretraining()
    assert behind["tuned"]["made"] == {0: ["own"], 3: ["own-seed5"]}
    assert behind["taught"]["teachers"] == {0: ["own"], 3: ["own-seed5"]}
    assert found.made_models() == ["own", "own-seed5"]
    assert catalogue([0, 2]).made_models() == ["own"]  # the other one is not needed
    assert found.unused_seeds() == []
    (told,) = catalogue([0, 2]).unused_seeds()
    assert told.startswith("models: own: of its 2 seeds, 1 is used: cells of seed s")
    of_folds = catalogue([0, 1, 2, 3, 4, 5], folds=3, splits={})
    assert [of_folds.keys_in(cell(arm="tuned", seed=s))["model"] for s in (0, 2, 3, 5)] == ["own"] * 2 + [
        "own-seed5"
    ] * 2
