"""What the jobs of made models compare: every text that a dataset tests on."""

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
        models={"own": {"pretrain": small | {"without": ["toy"]}}, "all": {"pretrain": small}},
        arms={"bert": {"model": "all"}, "lstm": {"teacher": {"arm": "bert", "texts": "letters"}}},
    )
    jobs = ModelJobs(catalogue, JobParams(catalogue))
    found = jobs.to_compare(Wildcards(made="own", dataset="toy"))
    letters = "<results>/letters/examples.parquet"
    assert found == {"texts": [letters], "tested": TESTED[0], "without": TESTED}
    of_shift = Wildcards(made="all", dataset="toy", shift="shop")
    assert jobs.to_compare(of_shift) == {"texts": [letters], "tested": TESTED[1]}
    assert jobs.to_pack(Wildcards(made="own"))["without"] == TESTED
    inputs = JobInputs(catalogue)
    taught, tests = inputs.teaching(cell("lstm")), ShiftJobs(catalogue, inputs)
    assert taught["tested"] == TESTED and taught["texts"] == letters
    leaks = tests.model(Wildcards(cell("bert"), shift="shop"))["leaks"]
    assert leaks == ["<results>/toy/shifts/shop/leaks/all.json"]
    for arm, shift in (("bert", "upper"), ("tfidf", "shop")):  # of changed test texts, and without pretraining
        assert "leaks" not in tests.model(Wildcards(cell(arm), shift=shift))
