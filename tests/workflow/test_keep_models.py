"""Which weights stay on disk, and what a change trains again when they are gone, for each value of `keep_models`."""

import copy
import json
import os
import stat

import pytest

from helpers.project import CONFIG, Project
from pretrain_or_not.files.json_files import read_json

POLICIES = ("all", "selected", "none")
ARMS = ["lstm", "tfidf"]
CELLS = len(ARMS)


def config_of(policy, **experiment):
    """Return a config of two arms with two values each in their sweeps; every policy has a folder of results."""
    config = copy.deepcopy(CONFIG)
    config["experiment"] |= {"arms": ARMS, "reference": "lstm", "sizes": [40], "keep_models": policy} | experiment
    config["timing"]["devices"] = {"cpu": []}
    config["arms"]["lstm"] |= {"learning_rates": [1e-3, 2e-2], "min_steps": 10}
    config["arms"]["tfidf"] |= {"C": [1, 10]}
    config["pathvars"]["results"] = f"kept-{policy}"
    return config


@pytest.fixture(scope="module")
def project(tmp_path_factory, tiny_bert):
    """Return a project in which the experiment has run with each value of `keep_models`."""
    project = Project(tmp_path_factory.mktemp("project"), tiny_bert)
    for policy in POLICIES:
        run(project, config_of(policy))
    return project


def scores(config):
    """Return the target of all runs here: the figures drawn from it are no matter of this module."""
    return f"{config['pathvars']['results']}/scores.parquet"


def run(project, config):
    """Run an experiment up to its scores."""
    done = project.snakemake(scores(config), config=config)
    assert done.returncode == 0, done.stdout


def jobs(project, config):
    """Return how many jobs of each rule that trains, selects or tests would run."""
    found = all_jobs(project, config)
    return {rule: found[rule] for rule in ("train_lstm", "train_tfidf", "select", "evaluate") if rule in found}


def all_jobs(project, config):
    """Return how many jobs of each rule would run."""
    return project.jobs(config, targets=[scores(config)])


def cell_of(project, policy, arm):
    return project.folder / f"kept-{policy}/toy/runs/{arm}/n40/seed0"


def selected(project, policy, arm):
    """Return the selected setting of a cell."""
    return read_json(cell_of(project, policy, arm) / "selected.json")["selected"]["setting"]


@pytest.mark.parametrize("policy", POLICIES)
def test_weights_are_kept_as_asked(project, policy):
    for arm in ARMS:
        cell, winner = cell_of(project, policy, arm), selected(project, policy, arm)
        runs = {path.parent.name for path in cell.glob("*/run.json")}
        left = {"all": {*runs, "selected"}, "selected": {winner, "selected"}, "none": set()}[policy]
        assert len(runs) == 2
        assert {path.parent.name for path in cell.rglob("model.safetensors")} == left
        assert {path.parent.name for path in cell.rglob("config.json")} == left
        assert {path.parent.name for path in cell.rglob("history.parquet")} == runs


@pytest.mark.parametrize("policy", ("all", "selected"))
def test_a_selected_model_takes_no_space_twice(project, policy):
    for arm in ARMS:
        cell = cell_of(project, policy, arm)
        run, copy_ = (cell / name / "model.safetensors" for name in (selected(project, policy, arm), "selected"))
        assert run.samefile(copy_)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_second_run_finds_nothing_to_do(project, policy):
    assert all_jobs(project, config_of(policy)) == {}


def other(settings, winner):
    """Return the value of a sweep that was not selected. settings: value -> setting."""
    return next(value for value, setting in settings.items() if setting != winner)


LSTM = {1e-3: "lr0.001", 2e-2: "lr0.02"}


@pytest.mark.parametrize("policy", POLICIES)
def test_one_more_learning_rate_trains_only_its_own_runs(project, policy):
    config = config_of(policy)
    config["arms"]["lstm"]["learning_rates"] = [1e-3, 2e-2, 5e-3]
    config["arms"]["tfidf"]["C"] = [0.1, 1, 10, 100]
    assert jobs(project, config) == {"train_lstm": 1, "train_tfidf": 2, "select": CELLS, "evaluate": CELLS}


@pytest.mark.parametrize("policy", POLICIES)
def test_dropping_a_learning_rate_that_was_not_selected_trains_nothing(project, policy):
    config = config_of(policy)
    winner = selected(project, policy, "lstm")
    config["arms"]["lstm"]["learning_rates"] = [value for value, setting in LSTM.items() if setting == winner]
    assert jobs(project, config) == {"select": 1, "evaluate": 1}


@pytest.mark.parametrize("policy", POLICIES)
def test_dropping_the_selected_learning_rate_trains_at_most_the_next_best_run(project, policy):
    config = config_of(policy)
    config["arms"]["lstm"]["learning_rates"] = [other(LSTM, selected(project, policy, "lstm"))]
    again = {} if policy == "all" else {"train_lstm": 1}
    assert jobs(project, config) == again | {"select": 1, "evaluate": 1}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(("key", "more"), [("seeds", [0, 1]), ("sizes", [40, 60])])
def test_one_more_seed_or_size_runs_only_its_cells(project, policy, key, more):
    counts = {"train_lstm": 2, "train_tfidf": 2, "select": CELLS, "evaluate": CELLS}
    assert jobs(project, config_of(policy, **{key: more})) == counts


@pytest.mark.parametrize("policy", POLICIES)
def test_an_edit_of_one_family_runs_no_other(project, policy):
    with project.edited("arms/lstm.py", "dim=-1", "dim=2"):
        assert jobs(project, config_of(policy)) == {"train_lstm": 2, "select": 1, "evaluate": 1}
    with project.edited("arms/tfidf.py", "2**20", "2**21"):
        assert jobs(project, config_of(policy)) == {"train_tfidf": 2, "select": 1, "evaluate": 1}


@pytest.mark.parametrize("policy", POLICIES)
def test_an_edit_of_testing_trains_only_what_is_gone(project, policy):
    with project.edited("evaluation/predict.py", 'choice["selected"]', 'choice.get("selected")'):
        again = {"train_lstm": 1, "train_tfidf": 1, "select": CELLS} if policy == "none" else {}
        assert jobs(project, config_of(policy)) == again | {"evaluate": CELLS}


@pytest.mark.parametrize("policy", POLICIES)
def test_files_have_the_permissions_of_the_umask(project, policy):
    """The umask decides who can read a file, whichever library wrote it."""
    umask = os.umask(0)
    os.umask(umask)
    for path in (project.folder / f"kept-{policy}").rglob("*"):
        if path.is_file() and "logs" not in path.parts:
            assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask, path


@pytest.mark.parametrize("policy", POLICIES)
def test_a_run_that_becomes_the_best_is_trained_again_if_its_weights_are_gone(project, policy):
    """As after a tie in a reordered sweep, or after the selected run was trained again and came out worse."""
    winner = selected(project, policy, "lstm")
    loser = next(setting for setting in LSTM.values() if setting != winner)
    path = cell_of(project, policy, "lstm") / loser / "run.json"
    before, times = path.read_text(), path.stat()
    path.write_text(json.dumps(json.loads(before) | {"validation_score": 1.1}))
    try:
        again = {} if policy == "all" else {"train_lstm": 1}
        assert jobs(project, config_of(policy)) == again | {"select": 1, "evaluate": 1}
    finally:
        path.write_text(before)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert all_jobs(project, config_of(policy)) == {}


# The last tests run what the others only plan, and so change what is on disk.


@pytest.mark.parametrize("policy", POLICIES)
def test_sweeps_that_grow_and_shrink_end_as_if_run_at_once(project, policy):
    """A rate is added, then the selected one is dropped; each time no job is left, and predictions are right."""
    config = config_of(policy)
    config["arms"]["lstm"]["learning_rates"] = [1e-3, 2e-2, 5e-3]
    predictions = project.folder / f"kept-{policy}/toy/predictions/lstm/n40/seed0.parquet"
    for step in range(2):
        if step:
            winner = float(selected(project, policy, "lstm").removeprefix("lr"))
            config["arms"]["lstm"]["learning_rates"].remove(winner)
        run(project, config)
        assert all_jobs(project, config) == {}
        once = copy.deepcopy(config)
        once["experiment"]["keep_models"] = "selected"
        once["pathvars"]["results"] = "once-" + "-".join(map(str, config["arms"]["lstm"]["learning_rates"]))
        run(project, once)  # for one policy; the others find it done
        again = project.folder / once["pathvars"]["results"] / "toy/predictions/lstm/n40/seed0.parquet"
        assert table(predictions).equals(table(again))


def table(path):
    """Return the rows of a Parquet file."""
    import pandas as pd

    return pd.read_parquet(path)
