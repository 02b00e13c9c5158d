"""The threads, GPUs, memory and time that jobs ask for."""

import inspect
import re

import pytest

from helpers.paths import ROOT
from helpers.plan import cell, make_catalogue
from pretrain_or_not.config.families import FAMILIES
from pretrain_or_not.plan.resources import FIT_MINUTES, LONG_MINUTES, SHORT_MINUTES, JobResources


def resources(on_cluster=False, has_gpu=False, **changes):
    return JobResources(make_catalogue(**changes), lambda: on_cluster, has_gpu)


TWO_PROCESSES = {"bert": {"processes": 2}}


@pytest.mark.parametrize(("on_cluster", "has_gpu"), [(True, False), (False, True), (True, True)])
def test_a_process_of_a_network_gets_a_gpu_where_there_are_some(on_cluster, has_gpu):
    found = resources(on_cluster, has_gpu, arms=TWO_PROCESSES)
    assert [found.training_gpus(cell(arm)) for arm in ("bert", "lstm", "tfidf", "probe")] == [2, 1, 0, 0]
    assert [found.test_gpus(cell(arm)) for arm in ("bert", "lstm", "tfidf", "probe")] == [1, 1, 0, 0]
    assert found.gpus() == 1


def test_without_gpus_none_is_asked_for():
    found = resources(arms=TWO_PROCESSES)
    assert [found.training_gpus(cell(arm)) for arm in ("bert", "lstm", "tfidf", "probe")] == [0, 0, 0, 0]
    assert found.test_gpus(cell("bert")) == found.gpus() == 0


def test_times_on_a_gpu_that_is_not_there_are_told(tmp_path):
    timed = [
        f"<results>/toy/timing/{arm}/n8/seed0/{device}.parquet" for arm in ("a", "b") for device in ("cpu", "cuda")
    ]
    here = resources(folder=tmp_path)
    assert here.without_gpu(timed).startswith("2 jobs are to time models on a GPU (timing: devices: cuda), and")
    assert here.without_gpu(timed[:2]).startswith("1 job is to time")
    assert here.without_gpu(timed[:1]) is None
    assert resources(on_cluster=True).without_gpu(timed) is None
    assert resources(has_gpu=True).without_gpu(timed) is None
    for path in timed:
        file = tmp_path / path.removeprefix("<results>/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    assert here.without_gpu(timed) is None  # they are there already


def test_threads_are_those_of_all_processes_and_a_regression_has_one():
    found = resources(arms=TWO_PROCESSES, experiment={"threads": 3})
    assert [found.training_threads(cell(arm)) for arm in ("bert", "lstm", "tfidf", "probe")] == [6, 3, 1, 1]


@pytest.mark.parametrize("arm", ["bert", "lstm", "tfidf", "probe"])
def test_memory_is_that_of_the_family_and_grows_with_the_attempts(arm):
    memory = FAMILIES[arm].memory_mb
    assert [resources().training_memory(cell(arm), attempt) for attempt in (1, 2, 3)] == [
        memory,
        2 * memory,
        3 * memory,
    ]


@pytest.mark.parametrize(
    ("arm", "size", "minutes"),
    [
        ("bert", "10000", SHORT_MINUTES),
        ("bert", "10001", LONG_MINUTES),
        ("lstm", "50pct", LONG_MINUTES),  # of how many, is not known here
        ("tfidf", "40", FIT_MINUTES),
        ("probe", "100pct", FIT_MINUTES),
    ],
)
def test_time_is_that_of_the_size_and_grows_with_the_attempts(arm, size, minutes):
    found = [resources().training_minutes(cell(arm, size), attempt) for attempt in (1, 2)]
    assert found == [minutes, 2 * minutes]


def test_a_network_without_checkpoints_gets_a_long_time_at_once():
    sets = {"family": "contrastive", "model": "tiny", "learning_rates": [1e-3]}
    found, of_cell = resources(arms={"sets": sets}), cell("sets", "40")
    assert found.training_minutes(of_cell, 1) == LONG_MINUTES and found.training_group(of_cell) is None


def test_writing_gets_more_memory_in_each_attempt():
    memory = FAMILIES["prompt"].memory_mb
    assert [resources().writing_memory(cell("bert"), attempt) for attempt in (1, 2)] == [memory, 2 * memory]


@pytest.mark.parametrize(
    ("arm", "size", "group"),
    [
        ("lstm", "40", "short_runs"),
        ("bert", "10001", None),
        ("bert", "50pct", None),
        ("tfidf", "40", "fits"),
        ("probe", "100pct", "fits"),
    ],
)
def test_short_runs_and_regressions_are_grouped(arm, size, group):
    assert resources().training_group(cell(arm, size)) == group


def test_functions_of_jobs_carry_their_signature():
    """Snakemake asks for it in every job; a signature that is stored is found faster."""
    assert list(inspect.signature(resources().training_memory).parameters) == ["wildcards", "attempt"]
    assert hasattr(resources().training_memory, "__signature__")


def rules():
    """Return the text of each rule of the workflow."""
    files = (ROOT / "workflow" / "rules").glob("*.smk")
    return [rule for path in files for rule in re.split(r"^ *rule\b", path.read_text(), flags=re.MULTILINE)[1:]]


def test_jobs_of_two_threads_come_before_training():
    # On two cores, training would keep one of them busy, and the other one idle, until nothing else is left.
    found = [re.search(r"^ *priority: (\d+)", rule, re.MULTILINE) for rule in rules() if "threads: 2\n" in rule]
    assert len(found) == 4 and all(priority and int(priority[1]) >= 50 for priority in found)


def test_no_job_that_reads_all_cells_is_in_a_group():
    # Snakemake looks at all inputs of a group each time one of them is made: time grows with the square of the cells.
    grouped = [rule for rule in rules() if re.search(r"^ *group:", rule, re.MULTILINE)]
    assert len(grouped) == 2  # training and figures
    assert not [rule for rule in grouped if "inputs_of.cells" in rule or "rules.score.input" in rule]
