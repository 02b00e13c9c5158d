"""The experiments that come with the project plan what their files say."""

import gzip
import json

import pytest
import yaml

from conftest import ROOT
from project import Project

REVIEW = {"text": "good", "reviewText": "good", "stars": 5.0, "overall": 5.0}


@pytest.fixture(scope="module")
def project(tmp_path_factory, tiny_bert):
    """A project with a file at each of the places that the experiments name."""
    project = Project(tmp_path_factory.mktemp("experiments"), tiny_bert)
    data = project.folder / "data"
    data.mkdir()
    for name in ("yelp_dataset.tar", "yelp_sentences.parquet", "imdb_train.parquet", "imdb_test.parquet"):
        (data / name).touch()  # planning does not read them
    for name in ("Sports_and_Outdoors.json.gz", "Electronics.json.gz"):
        with gzip.open(data / name, "wt") as file:
            file.write(json.dumps(REVIEW) + "\n")
    return project


def planned(project, name):
    """Job counts of a shipped experiment."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    return project.jobs(config, ["--configfile", str(ROOT / "experiments" / f"{name}.yaml")])


def test_the_paper(project):
    datasets, sizes, rates = 3, 7, 4
    roberta, lstm = 2 * datasets * sizes * rates, 5 * datasets * sizes * rates
    controls = datasets * 2  # sizes 1 % and 10 %, of each of two arms
    jobs = planned(project, "paper")
    assert jobs["finetune_bert"] == roberta + controls * 3  # three rates for random weights
    assert jobs["train_lstm"] == lstm
    assert jobs["train_tfidf"] == controls * 2
    assert jobs["select"] == jobs["evaluate"] == 7 * datasets * sizes + 2 * controls
    assert (jobs["ingest"], jobs["subsample"]) == (datasets, datasets * sizes)
    assert jobs["tokenize"] == datasets * 2 and jobs["extract_embeddings"] == 2
    assert jobs["time_inference"] == 5 * 4  # arms, and batches of 128 on CPU, 128, 256 and 384 on GPU


def test_yelp_sentences(project):
    jobs = planned(project, "yelp-sentences")
    both_seeds, one_seed = 3, 2  # sizes
    cells = 2 * both_seeds + one_seed
    assert jobs["finetune_bert"] == cells + both_seeds  # and the control with one seed
    assert (jobs["train_lstm"], jobs["train_tfidf"], jobs["train_probe"]) == (2 * cells, 2 * cells, 3 * cells)
    assert jobs["evaluate"] == 5 * cells + both_seeds


def test_imdb(project):
    jobs = planned(project, "imdb")
    assert (jobs["finetune_bert"], jobs["train_lstm"], jobs["evaluate"]) == (3, 6, 12)
