"""`snakemake --profile slurm` on a real Slurm: what it asks for, what comes out, and what kills and outages do."""

import copy
import os
import re
import shutil
import signal
import tempfile
from pathlib import Path

import pandas as pd
import pytest
import yaml

from helpers.paths import ROOT
from helpers.project import CONFIG
from helpers.slurm import Cluster, SlurmProject, wait_until

# Two runs of an LSTM, each a Slurm job of its own.
RUNS = [f"lstm/n50pct/seed0/{setting}" for setting in ("lr0.001", "lr0.02")]
TARGETS = [f"results/toy/runs/{run}/run.json" for run in RUNS]


def small_config():
    """Return a config of three cells and a timing; tests ask for runs of the LSTM, only in its catalogue, by name."""
    config = copy.deepcopy(CONFIG)
    config["experiment"] |= {"arms": ["bert", "tfidf", "probe"], "sizes": [40]}
    config["arms"]["lstm"]["min_steps"] = 300  # many and short: told to end, it does so after a step
    return config


@pytest.fixture(scope="module")
def cluster():
    """Yield a running cluster of one node with 8 CPUs and 4 GPUs, all of them simulated."""
    folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))  # a socket's path has to be short
    cluster, before = Cluster(folder), dict(os.environ)
    os.environ |= {"SLURM_CONF": str(folder / "slurm.conf"), "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    terminate = signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that it is stopped then too
    try:
        cluster.up()
        yield cluster
    finally:
        cluster.down()
        os.environ.clear()
        os.environ.update(before)
        signal.signal(signal.SIGTERM, terminate)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory, tiny_bert):
    """Return a project whose data are prepared for training."""
    project = SlurmProject(tmp_path_factory.mktemp("prepared"), tiny_bert, small_config())
    subsets = [f"results/toy/subsets/n{size}/seed0.parquet" for size in ("40", "50pct")]
    project.run_here("--cores", "2", "results/toy/tokens/tiny/train.parquet", *subsets)
    return project


@pytest.fixture
def project(tmp_path, prepared, cluster):
    """Return a copy of the prepared project."""
    return prepared.copy(tmp_path / "project")


@pytest.fixture(scope="module")
def local(tmp_path_factory, prepared):
    """Return the LSTM's two runs, made without Slurm, for comparison."""
    project = prepared.copy(tmp_path_factory.mktemp("local") / "project")
    project.run_here("--cores", "2", *TARGETS)
    return project


@pytest.fixture(scope="module")
def both(tmp_path_factory, tiny_bert, prepared, cluster):
    """Run the complete small experiment through Slurm, with the profile filled in, and in parallel without Slurm."""
    project = SlurmProject(tmp_path_factory.mktemp("finished"), tiny_bert, small_config())
    project.fill_in_profile()
    process = project.start()
    local = prepared.copy(tmp_path_factory.mktemp("local_whole") / "project")
    local.run_here("--cores", "1")
    assert project.end_of(process) == 0, project.output()
    return project, local


@pytest.fixture(scope="module")
def finished(both):
    """Return the project that ran through Slurm."""
    return both[0]


TIMES = re.compile(r"second|memory|^ms|^cpu_|^(speed_up|busy|repetitions|hours|once|monthly|cheapest)$")


def without_times(table):
    """Read a table without the columns that differ from one run to the next."""
    return table[[column for column in table if not TIMES.search(column)]]


def same_tables(a, b):
    """Assert that all Parquet files below folder `a`, but timings, are below `b` too, and equal except for times."""
    tables = sorted(path.relative_to(a) for path in a.rglob("*.parquet") if "timing" not in path.parts)
    assert tables
    for table in tables:
        left, right = (without_times(pd.read_parquet(folder / table)) for folder in (a, b))
        pd.testing.assert_frame_equal(left, right, check_exact=True, obj=str(table))


def same_runs(project, local):
    """Assert that the LSTM's two runs have the same history and weights as the local ones."""
    for run in RUNS:
        here, there = (folder / "results/toy/runs" / run for folder in (project.folder, local.folder))
        same_tables(here, there)
        assert (here / "model.safetensors").read_bytes() == (there / "model.safetensors").read_bytes()


def test_what_comes_out_of_slurm_equals_what_a_local_run_makes(both):
    finished, local = both
    same_tables(finished.folder / "results", local.folder / "results")
    assert len(pd.read_parquet(finished.folder / "results" / "scores.parquet")) == 3
    assert "Figures: results/figures" in finished.output()


SUMMARY = "rule_summary_answer_plot_confusion_plot_cost_plot_gap_plot_reliability_..."


def test_short_jobs_go_together(finished, cluster):
    comments = sorted(record["Comment"].split("_wildcards_")[0] for record in cluster.jobs_of(finished).values())
    assert finished.output().count("has been submitted") == len(comments) == 13
    assert comments == [
        "rule_extract_features",
        "rule_extract_training_features",
        "rule_fits_train_probe_train_tfidf",
        "rule_ingest",
        "rule_page",
        "rule_short_runs_finetune_bert",
        "rule_subsets_subsample",
        SUMMARY,
        "rule_test_evaluate_select",
        *["rule_time_inference"] * 3,
        "rule_tokenize",
    ]


def test_jobs_ask_for_what_they_need(finished, cluster):
    jobs = {record["Comment"].split("_wildcards_")[0]: record for record in cluster.jobs_of(finished).values()}
    asked = {
        rule: (record.get("TresPerJob"), record["NumCPUs"], record["MinMemoryNode"], record["TimeLimit"])
        for rule, record in jobs.items()
    }
    gpu = "gres:gpu:1"
    assert asked == {
        "rule_ingest": (None, "4", "4000M", "00:30:00"),
        "rule_tokenize": (None, "4", "4000M", "00:30:00"),
        "rule_subsets_subsample": (None, "1", "4000M", "00:05:00"),
        "rule_short_runs_finetune_bert": (gpu, "1", "16000M", "00:20:00"),
        "rule_extract_features": (gpu, "1", "16000M", "04:00:00"),
        "rule_extract_training_features": (gpu, "1", "16000M", "04:00:00"),
        "rule_fits_train_probe_train_tfidf": (None, "1", "4000M", "00:30:00"),  # three runs
        "rule_test_evaluate_select": (gpu, "1", "4000M", "01:15:00"),  # three cells
        "rule_time_inference": (None, "8", "16000M", "08:00:00"),  # the complete node
        "rule_page": (None, "1", "4000M", "00:30:00"),
        SUMMARY: (None, "1", "4000M", "06:00:00"),  # 12 jobs
    }
    assert jobs["rule_time_inference"]["OverSubscribe"] == "NO"  # no other job on its node


def test_account_constraint_and_partitions_of_the_profile_reach_all_jobs(finished, cluster):
    for record in cluster.jobs_of(finished).values():
        partition = "my-gpu-partition" if "TresPerJob" in record else "my-partition"
        assert (record["Partition"], record["Account"], record["Features"]) == (partition, "my-account", "my-feature")


def test_what_can_never_run_is_refused_at_once(project):
    project.change_profile(lambda profile: profile["set-resources"].update(train_lstm={"mem_mb": 10**8}))
    assert project.run("--retries", "0", *TARGETS[:1]) != 0
    assert "SLURM sbatch failed" in project.output()
    assert "Memory specification can not be satisfied" in project.output()


def test_jobs_of_a_killed_snakemake_do_not_write_beside_new_ones(project, cluster, local):
    project.slow_down(seconds=1)
    process = project.start(*TARGETS)
    project.wait_for_training(process, RUNS)
    process.kill()
    process.wait()
    orphans = cluster.jobs_of(project, "train_lstm")
    assert {job["JobState"] for job in orphans.values()} == {"RUNNING"} and len(orphans) == 2
    project.slow_down(None)

    assert project.run(*TARGETS) != 0
    assert "LockException" in project.output() and "--unlock" in project.output()
    project.run_here("--unlock")
    assert project.run(*TARGETS) == 0, project.output()
    assert f"Cancelling Slurm jobs of an earlier run that was killed: {', '.join(orphans)}" in project.output()
    states = {job: record["JobState"] for job, record in cluster.jobs_of(project, "train_lstm").items()}
    new = states.keys() - orphans
    assert len(new) == 2 and {states[job] for job in new} == {"COMPLETED"}
    assert {states[job] for job in orphans} == {"CANCELLED"}
    same_runs(project, local)


def test_an_interrupted_snakemake_cancels_its_jobs(project, cluster, monkeypatch):
    # While it asks after its jobs, Snakemake does not cancel them.
    squeue, hold, held = (project.folder / name for name in ("bin/squeue", "hold", "held"))
    squeue.parent.mkdir()
    real = shutil.which("squeue")
    squeue.write_text(f'#!/bin/sh\nwhile [ -e {hold} ]; do touch {held}; sleep 0.1; done\nexec {real} "$@"\n')
    squeue.chmod(0o755)
    monkeypatch.setenv("PATH", f"{squeue.parent}:{os.environ['PATH']}")

    project.slow_down(seconds=1)
    process = project.start(*TARGETS)
    project.wait_for_training(process, RUNS)
    hold.touch()
    project.wait_for(held.exists, "a question after jobs", process)
    process.send_signal(signal.SIGINT)
    project.wait_for(lambda: "Terminating processes" in project.output(), "the interruption", process)
    hold.unlink()
    assert project.end_of(process) != 0
    wait_until(
        lambda: {job["JobState"] for job in cluster.jobs_of(project, "train_lstm").values()} == {"CANCELLED"},
        "jobs to be cancelled",
    )


def test_a_terminated_snakemake_waits_for_its_jobs_and_sends_no_more(project, cluster, local):
    project.slow_down(seconds=0.05)
    selected = "results/toy/runs/lstm/n50pct/seed0/selected.json"
    process = project.start(selected)
    project.wait_for_training(process, RUNS)
    process.terminate()
    assert project.end_of(process) != 0
    jobs = cluster.jobs_of(project).values()
    assert len(jobs) == 2 and {job["JobState"] for job in jobs} == {"COMPLETED"}
    same_runs(project, local)
    assert project.jobs(small_config(), [selected]) == {"select": 1}


def test_an_outage_of_the_controller_loses_no_job(project, cluster, local, monkeypatch):
    hasty = cluster.folder / "hasty.conf"  # in which squeue gives up after three seconds, not ten
    hasty.write_text(f"{(cluster.folder / 'slurm.conf').read_text()}MessageTimeout=3\n")
    monkeypatch.setenv("SLURM_CONF", str(hasty))
    project.slow_down(seconds=0.05)
    # For six minutes; the profile: an hour.
    process = project.start(*TARGETS, "--verbose", "--max-status-checks-per-second", "1")
    project.wait_for_training(process, RUNS)
    cluster.stop_controller()
    # By default, the plugin drops its jobs after five.
    project.wait_for(
        lambda: project.output().count("could not check status") > 5, "questions without an answer", process
    )
    project.wait_for(lambda: all((project.folder / target).exists() for target in TARGETS), "trainings to end", process)
    cluster.up()
    assert project.end_of(process) == 0, project.output()
    assert len(cluster.jobs_of(project, "train_lstm")) == 2
    same_runs(project, local)


def test_a_failure_in_a_group_leaves_what_the_others_made(project):
    target = "results/toy/predictions/tfidf/n40/seed0.parquet"
    script = project.folder / "workflow/scripts/evaluate_cell.py"
    text = script.read_text()
    script.write_text(f"raise ValueError('boom')\n{text}")
    assert project.run("--retries", "0", target) != 0
    script.write_text(text)
    assert project.jobs(small_config(), [target]) == {"evaluate": 1}


def test_a_cancelled_training_and_one_that_runs_out_of_time_go_on_where_they_were(project, cluster, local):
    project.slow_down(seconds=1)
    process = project.start(*TARGETS)
    project.wait_for_training(process, RUNS)
    project.slow_down(None)  # those that run stay slow
    cluster.cancel(project, "lr0.001")
    cluster.limit_time(project, "lr0.02", minutes=1)
    assert project.end_of(process) == 0, project.output()

    first, second = cluster.jobs_of(project, "lr0.001").values()
    assert (first["JobState"], second["JobState"]) == ("CANCELLED", "COMPLETED")
    asked = [(job["TresPerJob"], job["MinMemoryNode"], job["TimeLimit"], job["Partition"]) for job in (first, second)]
    assert asked == [
        ("gres:gpu:1", "8000M", "08:00:00", "main"),
        ("gres:gpu:1", "16000M", "16:00:00", "main"),  # twice the first attempt's
    ]
    first, second = cluster.jobs_of(project, "lr0.02").values()
    # The warning before the limit ends it, if it comes before the limit.
    assert first["JobState"] in ("FAILED", "TIMEOUT") and second["JobState"] == "COMPLETED"
    assert (second["MinMemoryNode"], second["TimeLimit"]) == ("16000M", "16:00:00")
    for run in RUNS:
        log = project.training_log(run)
        assert re.search(r"going on from the checkpoint after step [1-9]\d*$", log, re.MULTILINE), log
    same_runs(project, local)


def test_the_profile_keeps_clear_of_what_loses_results():
    profile = yaml.safe_load((ROOT / "slurm" / "config.yaml").read_text())
    assert not any("array" in key for key in profile)
    assert profile["slurm-status-command"] == "squeue" and profile["retries"] > 0
    rules = "".join(path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    assert not re.search(r"^\s*retries:|\b(slurm_\w+|partition|account|constraint)\s*=", rules, re.MULTILINE)
