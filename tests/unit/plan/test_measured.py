"""The jobs that measure how fast arms are trained: which there are, and what they need."""

import pytest

from helpers.plan import Wildcards, cell, make_catalogue
from helpers.results import write_run
from pretrain_or_not.plan.inputs import JobInputs
from pretrain_or_not.plan.measured import Measured
from pretrain_or_not.plan.params import JobParams
from pretrain_or_not.plan.resources import JobResources


def make(folder="results", **sections):
    catalogue = make_catalogue(folder, **sections)
    return Measured(JobInputs(catalogue), JobParams(catalogue), JobResources(catalogue, has_gpu=True))


@pytest.mark.parametrize(
    ("sizes", "measured"),
    [([40, 1500, 9000], "n1500"), ([5000, 9000], "n5000"), (["10%", "5%"], "n5pct"), (["10%", 300], "n300")],
)
def test_speed_is_measured_on_few_examples(sizes, measured):
    found = make(experiment={"sizes": sizes}).speeds(None)
    assert f"<results>/speed/toy/lstm/{measured}/seed0/lr0.02.json" in found and len(found) == 5


def test_an_arm_with_a_finished_run_by_its_recipe_is_not_measured(tmp_path):
    catalogue = make_catalogue(tmp_path)
    write_run(catalogue, "lstm")
    assert [path.split("/")[3] for path in make(tmp_path).speeds(None)] == [
        "bert", "lstm-bert-embeddings", "tfidf", "probe",
    ]  # fmt: skip
    assert len(make(tmp_path, arms={"lstm": {"epochs": 3}}).speeds(None)) == 5


def test_arms_that_read_features_are_measured_on_tokens():
    measured, tokens = make(), "<results>/toy/tokens/tiny/train.parquet"
    assert measured.training_examples(cell("probe")) == tokens and measured.training(cell("probe")) == {}
    assert measured.pretrained(cell("probe"))["path"] == "tiny-bert" and measured.pretrained(cell("lstm")) is None
    assert measured.all_training_tokens(None) == [tokens]
    assert measured.training(cell("bert")) == {"validation": tokens.replace("train", "validation")}
    assert measured.training_examples(cell("tfidf")) == "<results>/toy/examples.parquet"


@pytest.mark.parametrize(
    ("arm", "gpus", "leases"), [("bert", 1, False), ("lstm", 1, False), ("tfidf", 0, False), ("probe", 1, True)]
)
def test_gpus_are_those_that_the_work_has(arm, gpus, leases):
    measured = make(experiment={"threads": 3})
    assert measured.gpus(cell(arm)) == gpus and measured.leases_gpu(cell(arm)) == leases
    assert measured.threads(cell(arm)) == (1 if arm == "tfidf" else 3)


@pytest.mark.parametrize("given", [None, 1e13])
def test_with_the_speed_of_a_gpu_only_operations_are_counted(given):
    assert make(plan={"flops_per_second": given}).only_flops(Wildcards()) == (given is not None)
