"""What the jobs of made models compare: every text that a dataset tests on."""

import pytest

from helpers.plan import Wildcards, cell, make_catalogue
from helpers.project import CONFIG
from pretrain_or_not.plan.inputs import JobInputs
from pretrain_or_not.plan.model_jobs import ModelJobs
from pretrain_or_not.plan.params import JobParams
from pretrain_or_not.plan.shift_jobs import ShiftJobs

TESTED = ["<results>/toy/examples.parquet", "<results>/toy/shifts/shop/examples.parquet"]


def test_further_test_sets_from_files_are_compared_and_left_out():
    texts = {"source": "files", "files": "texts.csv", "text": "text", "label": None}
    toy = CONFIG["datasets"]["toy"] | {"shifts": {"shop": {"files": "shop.csv"}, "upper": {"case": "upper"}}}
    small = {"from": {"layers": 2, "hidden": 16, "heads": 2}, "tokenizer": "own", "texts": "letters", "steps": 1}
    catalogue = make_catalogue(
        datasets={"letters": texts, "toy": toy},
        models={
            "own": {"pretrain": small | {"without": ["toy"], "tokenizer": {"train": 100}}},
            "all": {"pretrain": small},
        },
        arms={"bert": {"model": "all"}, "lstm": {"teacher": {"arm": "bert", "texts": "letters"}}},
    )
    jobs = ModelJobs(catalogue, JobParams(catalogue))
    found = jobs.to_compare(Wildcards(made="own", dataset="toy"))
    letters = "<results>/letters/examples.parquet"
    assert found == {"texts": [letters], "tested": TESTED[0], "without": TESTED}
    of_shift = Wildcards(made="all", dataset="toy", shift="shop")
    assert jobs.to_compare(of_shift) == {"texts": [letters], "tested": TESTED[1]}
    assert jobs.to_pack(Wildcards(made="own"))["without"] == TESTED
    assert jobs.to_tokenize_by(Wildcards(made="own")) == {"texts": letters, "without": TESTED}
    inputs = JobInputs(catalogue)
    taught, tests = inputs.teaching(cell("lstm")), ShiftJobs(catalogue, inputs)
    assert taught["tested"] == TESTED and taught["texts"] == letters
    leaks = tests.model(Wildcards(cell("bert"), shift="shop"))["leaks"]
    assert leaks == ["<results>/toy/shifts/shop/leaks/all.json"]
    assert tests.model(Wildcards(cell("lstm"), shift="shop"))["leaks"] == leaks  # of its teacher's model
    for arm, shift in (("bert", "upper"), ("tfidf", "shop")):  # of changed test texts, and without pretraining
        assert "leaks" not in tests.model(Wildcards(cell(arm), shift=shift))


def jobs_of(**recipe):
    """Return the ModelJobs of a config with one model that is made. recipe: keys that differ."""
    texts = {"source": "files", "files": "texts.csv", "text": "text", "label": None}
    keys = {
        "from": {"layers": 2, "hidden": 16, "heads": 2},
        "tokenizer": {"train": 100},
        "texts": "letters",
        "steps": 1,
    }
    catalogue = make_catalogue(
        datasets={"letters": texts, "others": texts, "toy": CONFIG["datasets"]["toy"]},
        models={"own": {"pretrain": keys | recipe}},
        arms={"bert": {"model": "own"}},
    )
    return ModelJobs(catalogue, JobParams(catalogue))


@pytest.mark.parametrize("changes", [{"texts": "others"}, {"without": ["toy"]}])
def test_every_job_that_reads_texts_has_their_names_in_its_params(changes):
    """Snakemake alone would not notice other texts whose file is older."""
    of_model = Wildcards(made="own", dataset="toy")
    before, after = jobs_of(), jobs_of(**changes)
    for inputs, params in (
        ("to_tokenize_by", "training_of_tokenizer"), ("to_pack", "packing"), ("to_compare", "reading"),
    ):  # fmt: skip
        assert getattr(before, inputs)(of_model) != getattr(after, inputs)(of_model)
        assert getattr(before, params)(of_model) != getattr(after, params)(of_model)


def test_a_further_test_set_makes_every_job_run_again_that_leaves_its_texts_out():
    """Its file may be older than what was made while it was not in the config."""

    def params(**shifts):
        texts = {"source": "files", "files": "texts.csv", "text": "text", "label": None}
        small = {"from": {"layers": 2, "hidden": 16, "heads": 2}, "tokenizer": {"train": 100}, "texts": "letters",
                 "without": ["toy"], "steps": 1}  # fmt: skip
        catalogue = make_catalogue(
            datasets={"letters": texts, "toy": CONFIG["datasets"]["toy"] | {"shifts": shifts}},
            models={"own": {"pretrain": small}},
            arms={"bert": {"model": "own"}, "lstm": {"teacher": {"arm": "bert", "texts": "letters"}}},
        )
        of_model, jobs = Wildcards(made="own", dataset="toy"), ModelJobs(catalogue, JobParams(catalogue))
        of_jobs = [jobs.training_of_tokenizer(of_model), jobs.packing(of_model), jobs.reading(of_model)]
        return [*of_jobs, jobs.params.tested(cell("lstm"))]

    before, after = params(), params(shop={"files": "shop.csv"})
    assert all(one != other for one, other in zip(before, after, strict=True)) and len(before) == 4
    assert params(upper={"case": "upper"}) == before  # its texts are those of the test split


def test_another_order_of_keys_is_no_change_of_a_recipe():
    recipes = [jobs_of(**dict(keys)).pretraining(Wildcards(made="own")) for keys in (
        [("mask", 0.15), ("length", 64), ("order", {"ngrams": 1}), ("from", {"layers": 2, "hidden": 16, "heads": 2})],
        [("from", {"heads": 2, "hidden": 16, "layers": 2}), ("order", {"ngrams": 1}), ("length", 64)],
    )]  # fmt: skip
    assert repr(recipes[0]) == repr(recipes[1])  # as Snakemake compares them
