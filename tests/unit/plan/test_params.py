"""The params of jobs: what they depend on, in a form that does not change by itself."""

import json

import pytest

from helpers.plan import Wildcards, cell, make_catalogue
from helpers.project import CONFIG
from pretrain_or_not.config.families import FAMILIES
from pretrain_or_not.files.model_versions import tokenizer_version
from pretrain_or_not.plan.params import UNLESS_SET, JobParams

ARMS = {"bert": "bert", "lstm": "lstm", "lstm-bert-embeddings": "lstm", "tfidf": "tfidf", "probe": "probe"}


@pytest.fixture
def params():
    return JobParams(make_catalogue())


@pytest.mark.parametrize(("arm", "family"), ARMS.items())
def test_an_arm_has_the_facts_of_its_family(params, arm, family):
    assert params.family(cell(arm)) == family
    assert params.neural(cell(arm)) == (family in ("bert", "lstm"))
    assert params.reads(cell(arm)) == {"probe": "features", "tfidf": "texts"}.get(family, "tokens")


@pytest.mark.parametrize(("arm", "family"), ARMS.items())
def test_a_recipe_has_neither_title_nor_the_values_swept_over(params, arm, family):
    recipe = params.recipe(cell(arm))
    arm = params.catalogue.arms[arm]
    left_out = {"tfidf": {"max_length"}, "probe": {"layers", "pooling"}}.get(family, set())
    assert set(arm) - set(recipe) == {"title", FAMILIES[family].sweep.key, *UNLESS_SET, *left_out} & set(arm)
    assert recipe["family"] == family
    assert json.loads(json.dumps(recipe)) == recipe  # builtins, which Snakemake can compare


def test_states_are_in_a_recipe_unless_they_are_the_usual_ones():
    recipes = [JobParams(make_catalogue(arms={"probe": keys})).recipe(cell("probe"))
               for keys in ({}, {"layers": "last", "pooling": "mean"}, {"layers": 1}, {"pooling": "cls"})]  # fmt: skip
    assert recipes[0] == recipes[1] == {"class_weights": None, "family": "probe", "max_length": 32, "model": "tiny"}
    assert (recipes[2]["layers"], recipes[2]["pooling"]) == (1, "mean") and recipes[3]["pooling"] == "cls"


def test_a_recipe_is_sorted(params):
    assert list(params.recipe(cell("bert"))) == sorted(params.recipe(cell("bert")))


def test_whole_numbers_of_a_recipe_are_integers():
    one, other = (JobParams(make_catalogue(arms={"lstm": {"epochs": n}})).recipe(cell("lstm")) for n in (2, 2.0))
    assert repr(one) == repr(other) and one["epochs"] == 2
    half = JobParams(make_catalogue(arms={"lstm": {"epochs": 0.5}})).recipe(cell("lstm"))
    assert half["epochs"] == 0.5
    adapters = ({"kind": "lora", "rank": 8, "alpha": 16}, {"alpha": 16.0, "rank": 8, "kind": "lora"})
    one, other = (JobParams(make_catalogue(arms={"bert": {"adapter": a}})).recipe(cell("bert")) for a in adapters)
    assert repr(one) == repr(other) and one["adapter"]["alpha"] == 16


def test_splits_in_another_order_are_no_other_data():
    splits = ({"validation": 60, "test": 90}, {"test": 90, "validation": 60})
    one, other = (JobParams(make_catalogue(datasets={"toy": CONFIG["datasets"]["toy"] | {"splits": s}}))
                  .dataset_content(cell("bert")) for s in splits)  # fmt: skip
    assert repr(one) == repr(other)


def test_a_language_model_that_is_only_asked_depends_on_its_tokenizer(tmp_path):
    """It reads texts, so no job tokenizes them for it."""
    asked = {"asked": {"family": "prompt", "model": "asked"}}
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (tmp_path / name).write_text("{}")
    found = []
    for content in ("{}", '{"changed": 1}'):
        (tmp_path / "tokenizer.json").write_text(content)
        tokenizer_version.cache_clear()
        catalogue = make_catalogue(models={"asked": {"path": str(tmp_path)}}, arms=asked)
        found.append(JobParams(catalogue).pretrained(cell("asked")))
    assert found[0] != found[1] and found[0]["version"] == found[1]["version"]


@pytest.mark.parametrize(("size", "most"), [("40", 40), ("50", 50), ("1000", 50), ("50pct", 50), ("0.5pct", 50)])
def test_a_cell_validates_on_no_more_examples_than_it_trains_on(params, size, most):
    assert params.validation_max(cell("bert", size)) == most


def test_selection_on_test_data_takes_all_of_them():
    params = JobParams(make_catalogue(experiment={"selection": "test"}))
    assert params.validation_max(cell("bert", "40")) is None


# Models

MODELS = {"tiny": {"path": "org/tiny", "revision": "0123abc"}}


@pytest.fixture
def hosted():
    """Params where the model is on the Hub, so that no file of it has a version."""
    return JobParams(make_catalogue(models=MODELS))


def test_a_transformer_depends_on_the_weights_of_its_model(hosted):
    model = {"path": "org/tiny", "revision": "0123abc", "sha256": None}
    assert hosted.pretrained(cell("bert")) == model | {"version": None}
    assert hosted.pretrained(Wildcards(model="tiny")) == model | {"version": None}


@pytest.mark.parametrize("arm", ["lstm", "lstm-bert-embeddings", "tfidf", "probe"])
def test_other_families_load_no_weights_of_a_model(hosted, arm):
    assert hosted.pretrained(cell(arm)) is None


def test_random_weights_depend_on_the_architecture_alone(tiny_bert):
    params = JobParams(make_catalogue(models={"tiny": {"path": str(tiny_bert)}}, arms={"bert": {"init": "random"}}))
    found = params.pretrained(cell("bert"))
    assert set(found) == {"path", "revision", "version"} and isinstance(found["version"], str)
    loaded = JobParams(make_catalogue(models={"tiny": {"path": str(tiny_bert)}})).pretrained(cell("bert"))
    assert set(loaded["version"]) == {"config", "weights"} and loaded["version"]["config"] == found["version"]


def test_the_tokenizer_is_that_of_the_wildcard_or_the_arm(hosted):
    expected = {"path": "org/tiny", "revision": "0123abc", "version": None}
    assert hosted.tokenizer(Wildcards(dataset="toy", tokenizer="tiny")) == expected
    assert hosted.tokenizer(cell("lstm")) == hosted.tokenizer(cell("bert")) == expected


def test_a_timing_depends_on_its_own_keys_and_the_batch_sizes_of_its_device():
    params = JobParams(make_catalogue(timing={"devices": {"cpu": [1, 4]}, "seconds": 2, "length": None, "threads": 1}))
    how = {"batch_sizes": [1, 4], "length": None, "seconds": 2, "threads": 1}
    assert params.timing(Wildcards(arm="lstm", device="cpu")) == how


# Code


def test_each_family_and_source_has_code_of_its_own(params):
    families = [params.test_code(cell(arm)) for arm in ("bert", "lstm", "tfidf", "probe")]
    assert len(set(families)) == 4
    assert params.test_code(cell("lstm-bert-embeddings")) == params.test_code(cell("lstm"))
    assert params.timing_code(cell("lstm")) != params.timing_code(cell("bert"))
    docstrings = {"source": "docstrings", "packages": {"a": "json", "b": "xml"}}
    params = JobParams(make_catalogue(datasets={"docs": docstrings}))
    assert params.ingest_code(Wildcards(dataset="docs")) != params.ingest_code(Wildcards(dataset="toy"))


def test_the_content_of_a_dataset_is_that_of_the_catalogue(params):
    assert params.dataset_content(Wildcards(dataset="toy")) == params.catalogue.content("toy")


def test_an_arm_with_the_tokenizer_of_a_made_model_does_not_wait_for_that_model():
    made = {"from": {"layers": 1, "hidden": 8, "heads": 1}, "texts": "letters", "amount": [0, 10]}
    catalogue = make_catalogue(
        models={"own": {"pretrain": made | {"tokenizer": {"train": 100}}}}, arms={"lstm": {"tokenizer": "own-10"}},
        datasets={"letters": {"source": "files", "files": "letters.csv", "label": None}},
    )  # fmt: skip
    models = JobParams(catalogue).origin(cell(arm="lstm"))["models"]
    assert models["tokenizer"]["path"] == "results/pretrained/own-0"  # where the tokenizer is trained
