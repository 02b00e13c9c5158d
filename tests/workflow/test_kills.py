"""Snakemake and its jobs, killed at any moment, leave complete files, and a restart gives the same results."""

import copy
import os
import random
import shutil
import signal
import subprocess
import sys

import pandas as pd

from helpers.project import CONFIG, Project

KILLS = 20
SECONDS = 6.0  # of a run, at most; a job that trains takes about two


def short(config):
    """Return the config with one cell per family; the LSTM has two runs."""
    config = copy.deepcopy(config)
    config["experiment"] |= {"arms": ["bert", "lstm", "tfidf"], "sizes": [40]}
    config["arms"]["lstm"]["learning_rates"] = [2e-2, 1e-2]  # the weights of one are deleted
    config["arms"]["tfidf"]["C"] = [1]
    return config


def tables(folder):
    """Read every Parquet file to its end; return path -> table without the columns of times."""
    found = {}
    for path in sorted(folder.rglob("*.parquet")):
        path = path.relative_to(folder)
        if not any(part.startswith(".") for part in path.parts):
            table = pd.read_parquet(folder / path)
            times = [name for name in table if "seconds" in name or "per_second" in name or name == "peak_memory_mb"]
            found[str(path)] = table.drop(columns=times)
    return found


def kill_after(seconds, folder, only_snakemake):
    """Start Snakemake; kill -9 it after `seconds`, with its jobs unless `only_snakemake`; return whether it ran."""
    run = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "2", "results/scores.parquet"],
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


def test_killed_at_20_moments_it_comes_to_the_same_end(tmp_path_factory, tiny_bert):
    project, config = Project(tmp_path_factory.mktemp("project"), tiny_bert), short(CONFIG)
    done = project.snakemake("results/scores.parquet", config=config)
    assert done.returncode == 0, done.stdout
    results = project.folder / "results"
    expected = tables(results)
    forget(project)

    moments, kills = random.Random(0), 0
    while kills < KILLS:
        if kill_after(moments.uniform(0, SECONDS), project.folder, only_snakemake=kills % 5 == 4):
            kills += 1
            for path, table in tables(results).items():
                pd.testing.assert_frame_equal(table, expected[path], obj=path)
            project.snakemake("--unlock", config=config)
        else:  # all done before the last kill: begin again
            forget(project)
    done = project.snakemake("results/scores.parquet", config=config)
    assert done.returncode == 0, done.stdout
    found = tables(results)
    assert found.keys() == expected.keys()
    for path, table in found.items():
        pd.testing.assert_frame_equal(table, expected[path], obj=path)
    assert list(results.rglob(".*")) == []  # nothing of the killed jobs is left
