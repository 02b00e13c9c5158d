"""New texts from start to end: one command trains what is missing, and classifies them."""

import copy
import csv
import re
from pathlib import Path

import pandas as pd
import pytest

from helpers.described import undescribed
from helpers.project import CONFIG, Project
from helpers.texts import make_rows


@pytest.fixture(scope="module")
def project(tmp_path_factory, tiny_bert):
    project = Project(tmp_path_factory.mktemp("project"), tiny_bert)
    with open(project.folder / "new.csv", "w", newline="") as file:
        csv.writer(file).writerows([("number", "text"), *((i, text) for i, (text, _) in enumerate(make_rows(30, 5)))])
    return project


def config_of(**entry):
    """Return the config of an experiment on two light arms, with an entry of `predict`."""
    config = copy.deepcopy(CONFIG)
    config["experiment"] |= {"arms": ["tfidf", "lstm"], "reference": "tfidf", "sizes": [40, 60]}
    config["arms"]["lstm"]["learning_rates"] = [2e-2]
    config["timing"]["devices"] = {"cpu": []}
    return config | {"predict": {"new": {"files": "new.csv"} | entry}}


def test_new_texts_are_classified_by_one_command(project):
    config = config_of(keep=["number"])
    given = ("--config", "predict={new: {arm: tfidf, size: 40}}")
    done = project.snakemake("results/predict/new.csv", *given, config=config)
    assert done.returncode == 0, done.stdout
    assert undescribed(project.folder / "results") == []
    table = pd.read_csv(project.folder / "results/predict/new.csv")
    assert len(table) == 30 and table["number"].tolist() == list(range(30))
    labels = [label for _, label in make_rows(30, 5)]
    assert (table["class"] == labels).mean() > 0.5  # guessing: a third
    assert not (project.folder / "results/toy/runs/lstm").exists()
    done = project.snakemake("--dry-run", "results/predict/new.csv", *given, config=config)
    assert "Nothing to be done" in done.stdout, done.stdout

    # An arm and a size are left open: the recommendation decides, and for it the complete experiment is needed.
    jobs = project.jobs(config, targets=["results/predict/new.csv"])
    assert {rule: jobs[rule] for rule in ("train_tfidf", "train_lstm", "predict")} == {
        "train_tfidf": 2,
        "train_lstm": 2,
        "predict": 1,
    }
    assert jobs["answer"] == 1 and project.jobs(config)["predict"] == 1  # the arm is the recommended one

    # Another model than before, whose files are older than the predictions, is noticed, too.
    other = ("--config", "predict={new: {arm: tfidf, size: 60}}")
    target = "results/toy/runs/tfidf/n60/seed0/selected/classifier.json"
    assert project.snakemake(target, config=config).returncode == 0
    Path(project.folder, "results/predict/new.csv").touch()
    Path(project.folder, "results/predict/new.parquet").touch()
    done = project.snakemake("--dry-run", "results/predict/new.csv", *other, config=config)
    assert re.search(r"^predict +1$", done.stdout, re.MULTILINE), done.stdout
