"""The target `plan`: what an experiment takes, before any of it has run."""

import json

import pandas as pd

from helpers.described import undescribed
from helpers.project import Project, changed
from pretrain_or_not.files.parquet import read_metadata
from pretrain_or_not.forecast.watch import Watch


def test_the_plan_measures_each_arm_once_and_trains_nothing(tmp_path, tiny_bert):
    project, config = Project(tmp_path, tiny_bert), changed(("costs",), {"hour": 2.0})
    measured = {"ingest": 1, "tokenize": 1, "subsample": 1, "extract_embeddings": 1, "measure_speed": 5, "plan": 1}
    assert project.jobs(config, targets=("plan",)) == measured
    done = project.snakemake("plan", "--resources", "gpu=3", config=config)
    assert done.returncode == 0, done.stdout

    results = tmp_path / "results"
    words = done.stdout[done.stdout.index("# What the experiment takes") :].replace("\n  ", " ")
    assert "## Toy" in words and "| lstm-bert-embeddings " in words and "?" not in words
    assert "Left: 14 of 14 training runs, " in words and "on 2 cores" in words and "**" not in words
    assert "Jobs, one after another on their CPU cores: " in words and " at 2 per hour; for those on a GPU" in words
    assert "Table: results/plan.parquet" in words
    assert not (results / "toy" / "runs").exists() and not (results / "toy" / "features").exists()

    assert undescribed(results) == []
    assert read_metadata(results / "plan.parquet")["machine"] == {"at_once": 2, "on_cluster": False, "gpus": 3}
    table = pd.read_parquet(results / "plan.parquet").set_index(["arm", "size"])
    assert (table["known_from"] == "measured").all() and (table["hours_left"] > 0).all()
    assert table.loc[("lstm", "40"), ["runs", "runs_done", "steps", "n"]].tolist() == [2, 0, 30, 40]
    fitted = table[["flops", "disk_mb"]].drop("probe", level="arm")  # of a probe, only the features are measured
    assert (fitted > 0).all(axis=None)

    speed = json.loads((results / "speed/toy/lstm/n40/seed0/lr0.02.json").read_text())
    assert speed["steps"] <= 500 and speed["startup_seconds"] > 0 and 0 < speed["cpu_share"] <= 1
    assert project.jobs(config, targets=("plan",)) == {"plan": 1}

    look = Watch(results).look()
    assert look.summary.startswith("0 of 14 training runs done, nothing runs now; about ") and not look.finished
