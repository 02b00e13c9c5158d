"""Further test sets from start to end; a changed one is tested again, and nothing else."""

import copy
import csv

import pandas as pd
import pytest

from helpers.described import undescribed
from helpers.project import CONFIG, Project
from helpers.texts import make_rows

AFTER = {"score", "answer", "table_shifts"}


@pytest.fixture(scope="module")
def project(tmp_path_factory, tiny_bert):
    project = Project(tmp_path_factory.mktemp("project"), tiny_bert)
    with open(project.folder / "other.csv", "w", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *make_rows(60, 5)])
    return project


def config_of(**shifts):
    """Return the config of an experiment on three light arms, with further test sets."""
    config = copy.deepcopy(CONFIG)
    config["experiment"] |= {"arms": ["tfidf", "words", "probe"], "reference": "tfidf", "sizes": [40]}
    words = {"family": "tfidf", "words": [1, 1], "C": [1]}
    config["arms"] |= {"tfidf": words | {"words": [1, 2]}, "words": words}
    config["timing"]["devices"] = {"cpu": []}
    config["datasets"]["toy"]["shifts"] = shifts
    return config


def test_further_test_sets(project):
    shifts = {"noisy": {"typos": 0.5}, "other": {"files": "other.csv"}}
    targets = ["results/answer.md", "results/tables/shifts.md"]
    done = project.snakemake(*targets, config=config_of(**shifts))
    assert done.returncode == 0, done.stdout
    results = project.folder / "results"
    assert undescribed(results) == []
    table = pd.read_parquet(results / "scores_shift.parquet").set_index(["shift", "arm"])
    assert len(table) == 6 and table["effective_robustness"].notna().all() and table["score"].notna().all()
    assert table.loc["noisy", "changed"].min() > 0.9 and table.loc["noisy", "paired"].all()
    assert table.loc["other", "change"].unique().tolist() == ["files"] and not table.loc["other", "paired"].any()
    answer = (results / "answer.md").read_text()
    assert "- **noisy** (a typing error in 50 % of the words): **" in answer and "loses least" in answer
    assert "noisy (typos: 0.5)" in (results / "tables" / "shifts.md").read_text()
    assert "Nothing to be done" in project.snakemake("-n", *targets, config=config_of(**shifts)).stdout

    # Another share of words: this test set and the cells on it, then the tables. No cell is trained or selected again.
    jobs = project.jobs(config_of(**shifts | {"noisy": {"typos": 0.2}}), targets)
    assert jobs == {"shift": 1, "evaluate_shift": 3} | dict.fromkeys(AFTER, 1)
    # Other texts or labels in a file: the same.
    kept = (project.folder / "other.csv").read_bytes()
    with open(project.folder / "other.csv", "a", newline="") as file:
        csv.writer(file).writerows(make_rows(5, 6))
    jobs = project.jobs(config_of(**shifts), targets)
    assert jobs == {"shift": 1, "evaluate_shift": 3} | dict.fromkeys(AFTER, 1)
    # Without test sets, the tables are made again, and nothing else.
    assert project.jobs(config_of(), targets[:1]) == dict.fromkeys(AFTER - {"table_shifts"}, 1)

    (project.folder / "other.csv").write_bytes(kept)

    # Other layers of the frozen model: its states, and the cells of that arm.
    config = config_of(**shifts)
    config["arms"]["probe"]["layers"] = "weighted"
    of_arm = {"extract_states": 3, "train_probe": 1, "select": 1, "evaluate": 1, "evaluate_shift": 2}
    assert project.jobs(config, targets) == of_arm | dict.fromkeys(AFTER, 1)
    # The usual layers, by name: nothing.
    config["arms"]["probe"] |= {"layers": "last", "pooling": "mean"}
    assert project.jobs(config, targets) == {}
