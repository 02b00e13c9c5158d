"""The experiments that come with the project, and the examples of its README: valid, and planned as they say."""

import gzip
import json
import re
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

from configuration import check_config
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


def yaml_of(path):
    return yaml.safe_load(Path(path).read_text(encoding="utf-8"))


def overlaid(*overlays):
    """The config of the quickstart with overlays on it, checked."""
    config = yaml_of(ROOT / "config.yaml")
    for overlay in overlays:
        update_config(config, overlay)
    return check_config(config)


@pytest.mark.parametrize("path", sorted(ROOT.glob("experiments/*.yaml")), ids=lambda path: path.name)
def test_the_experiments_shipped_are_valid(path):
    experiment = overlaid(yaml_of(path))["experiment"]
    assert experiment["reference"] == experiment["arms"][0]


def readme_blocks():
    """The README's YAML: each block a config of its own, or part of one."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]


def test_the_readmes_examples_are_valid_where_it_says_that_they_fit():
    published, timing, arms, mine, recipes, hub = readme_blocks()
    paper = yaml_of(ROOT / "experiments" / "paper.yaml")
    for overlays in ([paper, published], [paper, timing], [arms], [mine], [mine, recipes], [{"datasets": hub}]):
        overlaid(*overlays)
    assert overlaid(mine, recipes)["experiment"]["sizes"] == mine["experiment"]["sizes"]
    assert set(arms["arms"]) <= {*arms["experiment"]["arms"]}, "an arm that is defined but not trained"
