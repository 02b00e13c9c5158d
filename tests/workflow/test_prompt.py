"""An experiment with an arm that needs no labels: cells, scores, answer, figures, new texts."""

import copy
import json

import pandas as pd
import pytest

from helpers.described import undescribed
from helpers.models import make_tiny_language_model
from helpers.project import CONFIG, Project

ASKED = "results/toy/runs/asked/n0/seed0"


PARTS = ("answer.html", "tables/scores.md", "figures/scores.png", "predict/new.parquet")
TARGETS = [f"results/{part}" for part in PARTS]


@pytest.fixture(scope="module")
def config():
    config = copy.deepcopy(CONFIG)
    config["experiment"] |= {"arms": ["tfidf", "asked", "written"], "reference": "tfidf", "sizes": [0, 40]}
    config["models"]["writer"] = {"path": "writer"}
    config["arms"]["asked"] = {"family": "prompt", "model": "writer", "title": "Asked", "max_length": 8}
    augment = {"generator": "writer", "template": "Text ( {class} ) : {text}", "per_class": 8, "steps": 6, "refresh": 3}
    config["arms"]["written"] = CONFIG["arms"]["bert"] | {"augment": augment, "title": "BERT, with written texts"}
    config["predict"] = {"new": {"files": "toy.csv", "arm": "asked"}}
    return config


@pytest.fixture(scope="module")
def project(tmp_path_factory, tiny_bert, config):
    project = Project(tmp_path_factory.mktemp("prompt"), tiny_bert)
    make_tiny_language_model(project.folder / "writer")
    done = project.snakemake(*TARGETS, config=config)
    assert done.returncode == 0, done.stdout
    return project


def test_every_column_is_described(project):
    assert undescribed(project.folder / "results") == []


def test_it_has_one_cell_without_validation(project):
    scores = pd.read_parquet(project.folder / "results/scores.parquet")
    assert set(zip(scores["arm"], scores["n"], strict=True)) == {("asked", 0), ("tfidf", 40), ("written", 40)}
    own = scores.set_index("arm").loc["asked"]
    assert own["status"] == "ok" and own["validation_examples"] == 0 and pd.isna(own["temperature"])
    assert own["pretrained_elsewhere"] and own["parameters_trained"] == 0 and own["parameters"] > 0
    assert own["truncated"] > 0.3  # texts are cut to 8 tokens, and this is counted
    (path,) = (project.folder / "results/toy/predictions/asked").glob("**/*.parquet")
    shares = pd.read_parquet(path)["label"].value_counts(normalize=True)
    assert own["accuracy_guessing"] == pytest.approx(shares.max())  # without training examples: of the test data
    run = json.loads((project.folder / ASKED / "only/run.json").read_text())
    assert run["validation_score"] is None and run["class_counts"] == [0, 0, 0] and run["training_flops"] > 0


def test_answer_figures_and_tables_have_a_place_for_it(project):
    answer = (project.folder / "results/answer.md").read_text()
    line = next(line for line in answer.splitlines() if line.startswith("Without any label, **Asked** is right on "))
    assert "; **tfidf** is better from the smallest number of labels on, 40" in line
    assert (
        "Asked** has no gap" not in answer and "number of tries" not in answer and "no training example" not in answer
    )
    assert "Without any label, Asked is right on" in (project.folder / "results/answer.html").read_text()
    head = (project.folder / "results/tables/scores.md").read_text().splitlines()[2]
    assert [cell.strip() for cell in head.split("|")][3:5] == ["0", "40"]
    assert (project.folder / "results/figures/scores.png").stat().st_size > 10_000


def test_new_texts_are_classified_by_it_and_no_weights_are_copied(project):
    assert len(pd.read_parquet(project.folder / "results/predict/new.parquet")) == 400
    about = json.loads((project.folder / ASKED / "selected/classifier.json").read_text())
    assert about["validation_score"] is None and about["n"] == 0
    assert sum(file.stat().st_size for file in (project.folder / ASKED / "selected").iterdir()) < 20_000
    model = json.loads((project.folder / ASKED / "selected/config.json").read_text())["model"]
    assert model["path"].endswith("/writer") and len(model["sha256"]) == 64


def test_an_arm_is_trained_on_written_texts_too(project):
    written = pd.read_parquet(project.folder / "results/toy/generated/written/n40/seed0.parquet")
    assert 0 < len(written) <= 24 and set(written["label"]) <= {0, 1, 2}
    subset = pd.read_parquet(project.folder / "results/toy/subsets/n40/seed0.parquet")
    texts = pd.read_parquet(project.folder / "results/toy/examples.parquet").set_index("id")["text"]
    assert not set(written["text"].str.lower()) & set(texts[subset["id"]].str.lower())
    scores = pd.read_parquet(project.folder / "results/scores.parquet").set_index("arm")
    assert scores.loc["written", "generator_flops"] > 0 and pd.isna(scores.loc["tfidf", "generator_flops"])
    card = (project.folder / "results/toy/runs/written/n40/seed0/selected/README.md").read_text()
    assert "| Further examples written by | `writer` (licence: unknown) |" in card


def test_another_second_phase_writes_nothing_again_and_another_number_of_texts_does(project, config):
    changed = copy.deepcopy(config)
    changed["arms"]["written"]["augment"] |= {"threshold": 0.5}
    jobs = project.jobs(changed, TARGETS)
    assert jobs["finetune_bert"] == jobs["evaluate"] == 1 and "generate" not in jobs and "ask_model" not in jobs
    changed["arms"]["written"]["augment"] |= {"per_class": 9}
    assert project.jobs(changed, TARGETS) == jobs | {"generate": 1}


def test_another_template_asks_again_and_trains_nothing_else(project, config):
    changed = copy.deepcopy(config)
    changed["arms"]["asked"]["template"] = "{text} :"
    jobs = project.jobs(changed, TARGETS)
    assert jobs["ask_model"] == 1 and jobs["evaluate"] == 1 and "train_tfidf" not in jobs
    assert project.jobs(config, TARGETS) == {}
