"""Snakemake and its jobs, killed at any moment, leave complete files, and a restart gives the same results."""

import copy
import csv
import os
import random
import shutil
import signal
import subprocess
import sys

import pandas as pd

from helpers.project import CONFIG, Project
from helpers.texts import make_rows

KILLS = int(os.environ.get("KILLS", "20"))
TARGETS = [f"results/{name}" for name in ("forgetting.parquet", "answer.html", "predict/new.parquet")]
START, SECONDS = 2.0, 8.0  # of Snakemake before its first job, and of a run, at most; a job that trains takes about two


def short(config):
    """Return the config with one cell per kind of run; the LSTM has two runs.

    A tokenizer and a model are made, of which one arm is fine-tuned, and another one trains an adapter. An LSTM is
    taught, and new texts are classified.
    """
    config = copy.deepcopy(config)
    config["experiment"] |= {"arms": ["bert", "lora", "lstm", "taught", "tfidf"], "sizes": [40], "forgetting": True}
    config["datasets"]["letters"] = {"source": "files", "files": "letters.csv", "label": None}
    config["models"]["made"] = {"pretrain": {
        "from": {"layers": 1, "hidden": 16, "heads": 2}, "tokenizer": {"train": 150}, "texts": "letters",
        "without": ["toy"], "steps": 6, "batch_size": 8, "length": 16, "validations": 2, "precision": "fp32",
    }}  # fmt: skip
    config["arms"]["bert"]["model"] = "made"
    config["arms"]["lora"] = config["arms"]["bert"] | {"adapter": {"kind": "lora", "rank": 2}}
    config["arms"]["lstm"]["learning_rates"] = [2e-2, 1e-2]  # the weights of one are deleted
    config["arms"]["taught"] = config["arms"]["lstm"] | {
        "learning_rates": [2e-2], "teacher": {"arm": "bert", "texts": "letters"}
    }  # fmt: skip
    config["arms"]["tfidf"]["C"] = [1]
    config["timing"]["devices"] = {"cpu": []}  # times differ from run to run
    config["predict"] = {"new": {"files": "letters.csv", "arm": "lora"}}
    return config


def tables(folder):
    """Read every Parquet file to its end; return path -> table without the columns of times."""
    found = {}
    for path in sorted(folder.rglob("*.parquet")):
        path = path.relative_to(folder)
        if not any(part.startswith(".") for part in path.parts):
            table = pd.read_parquet(folder / path)
            times = [
                name
                for name in table
                if "seconds" in name or name == "hours" or "per_second" in name or name == "peak_memory_mb"
            ]
            found[str(path)] = table.drop(columns=times)
    return found


def kill_after(seconds, folder, only_snakemake):
    """Start Snakemake; kill -9 it after `seconds`, with its jobs unless `only_snakemake`; return whether it ran."""
    run = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "2", *TARGETS],
        cwd=folder, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert run.wait(seconds) == 0
        return False
    except subprocess.TimeoutExpired:
        os.kill(run.pid, signal.SIGKILL) if only_snakemake else os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        return True


def forget(project):
    """Remove all files that Snakemake made."""
    for name in ("results", ".snakemake"):
        shutil.rmtree(project.folder / name)


def test_killed_at_any_moment_it_comes_to_the_same_end(tmp_path_factory, tiny_bert):
    project, config = Project(tmp_path_factory.mktemp("project"), tiny_bert), short(CONFIG)
    with open(project.folder / "letters.csv", "w", newline="") as file:
        csv.writer(file).writerows([("text",), *((text,) for text, _ in make_rows(120, 5))])
    done = project.snakemake(*TARGETS, config=config)
    assert done.returncode == 0, done.stdout
    results = project.folder / "results"
    expected = tables(results)
    forget(project)

    moments, kills = random.Random(0), 0
    while kills < KILLS:
        earliest = 0 if kills % 10 == 0 else START
        if kill_after(moments.uniform(earliest, SECONDS), project.folder, only_snakemake=kills % 5 == 4):
            kills += 1
            for path, table in tables(results).items():
                pd.testing.assert_frame_equal(table, expected[path], check_exact=True, obj=path)
            if kills == 1:
                project.snakemake("--unlock", config=config)
            shutil.rmtree(project.folder / ".snakemake" / "locks", ignore_errors=True)  # the same, without a start
        else:  # all done before the last kill: begin again
            forget(project)
    done = project.snakemake(*TARGETS, config=config)
    assert done.returncode == 0, done.stdout
    found = tables(results)
    assert found.keys() == expected.keys()
    for path, table in found.items():
        pd.testing.assert_frame_equal(table, expected[path], check_exact=True, obj=path)
    assert list(results.rglob(".*")) == []  # nothing of the killed jobs is left
