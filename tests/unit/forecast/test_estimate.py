"""What a run takes, from facts of others: by hand, and against runs that were measured."""

import csv
from itertools import groupby
from pathlib import Path
from statistics import median

import numpy as np
import pytest
import yaml

from helpers.paths import ROOT
from pretrain_or_not.config.check import check_config
from pretrain_or_not.config.families import FAMILIES
from pretrain_or_not.forecast.estimate import STARTUP_SECONDS, estimate, nearest, relevant, share_done
from pretrain_or_not.forecast.facts import facts_of
from pretrain_or_not.forecast.work import Work, planned_work

LOOP, FIT = FAMILIES["bert"], FAMILIES["tfidf"]
HERE = Path(__file__).parent
RUN = {
    "dataset": "d", "arm": "a", "n": 100, "steps": 20, "examples_seen": 200, "tokens_seen": 4000, "seconds": 40.0,
    "training_flops": 8e9, "validation_seconds": 2.0, "validations": 2, "validation_examples": 50,
    "peak_memory_mb": 1000, "parameters": 250_000, "device": "cpu",
}  # fmt: skip


def fact(**changes):
    return facts_of(RUN | changes)


def test_a_network_takes_time_per_token():
    """40 s for 4,000 tokens; 0.02 s per validated text; the model has 250,000 weights of 4 bytes."""
    one = estimate(LOOP, [fact()], Work(500, 50, 500, 10_000, 4, "tokens"), validation_examples=25)
    assert one.seconds == pytest.approx(STARTUP_SECONDS + 100 + 4 * 25 * 0.02) and one.expected == one.seconds
    assert one.flops == pytest.approx(2e10) and one.rate == pytest.approx(2e8)
    assert (one.memory_mb, one.model_mb, one.source, one.device) == (1000, 1.0, "finished", "cpu")


def test_runs_that_are_stopped_early_are_expected_to_take_their_share():
    work = Work(500, 50, 500, 10_000, 4, "tokens")
    one = estimate(LOOP, [fact(startup_seconds=6.0)], work, 25, share=share_done([(10, 20), (20, 20)]))
    assert one.seconds == pytest.approx(6 + 102) and one.expected == pytest.approx(6 + 0.75 * 102)
    assert one.source == "measured" and share_done([]) == 1 and share_done([(30, 20), (10, 20)]) == 0.75


def test_the_speed_of_a_gpu_takes_the_place_of_one_on_a_cpu():
    """2e10 operations at 1e9 per second; a text is predicted with a third of 2e10 / 500."""
    work = Work(500, 50, 500, 10_000, 4, "tokens")
    one = estimate(LOOP, [fact()], work, 25, flops_per_second=1e9)
    assert one.seconds == pytest.approx(STARTUP_SECONDS + 20 + 100 * 2e10 / 500 / 3 / 1e9) and one.source == "given"
    assert one.device == "GPU"
    assert estimate(LOOP, [fact(device="H100")], work, 25, flops_per_second=1e9).source == "finished"


def test_a_fit_takes_time_per_example_at_the_nearest_size():
    facts = [fact(n=10, seconds=1.0, tokens_seen=None), fact(n=1000, seconds=5.0, tokens_seen=None)]
    one = estimate(FIT, facts, Work(2000, 0, 2000, None, 1, "n"), 0)
    assert one.seconds == pytest.approx(STARTUP_SECONDS + 10)
    assert [f.n for f in nearest(facts, 99)] == [10] and [f.n for f in nearest(facts, 101)] == [1000]


def test_finished_runs_go_before_measured_ones_and_the_own_dataset_before_others():
    measured, other, own = fact(startup_seconds=1.0), fact(dataset="e"), fact(n=7)
    assert relevant([measured, other, own, fact(arm="b")], "a", "d") == [own]
    assert relevant([measured, other], "a", "d") == [other]
    assert relevant([measured], "a", "d") == [measured] and relevant([measured], "c", "d") == []
    assert estimate(LOOP, [], Work(1, 1, 1, 1, 1, "tokens"), 1) is None


def test_features_are_no_part_of_a_run():
    one = fact(feature_seconds=30.0)
    assert one.seconds == 10 and one.feature_seconds == 0.3


# Against measured runs


def table(name):
    with open(HERE / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def runs(name):
    """Return the runs in a table: name of the experiment, content of run.json.

    runs.csv: finished runs of the quickstart and of the Yelp experiment, on two cores. speeds.csv: what the target
    `plan` measured there later; for MiniLM, while other programs took most of the time. Those of the LSTM are of
    another machine.
    """
    for row in table(name):
        run = {key: float(row[key] or 0) for key in list(row)[5:]} | {"dataset": row["experiment"], "device": "cpu"}
        run |= {"arm": row["arm"], "n": int(row["n"])}
        if not row["tokens_seen"]:
            del run["tokens_seen"]
        yield row["experiment"], run


RUNS, SPEEDS = list(runs("runs.csv")), list(runs("speeds.csv"))
CONFIGS = {
    "quickstart": yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8")),
    "yelp": yaml.safe_load((ROOT / "experiments" / "yelp-sentences.yaml").read_text(encoding="utf-8")),
}


def recipe(experiment, arm):
    """Return the keys of an arm of an experiment of the project, with their defaults."""
    from snakemake.utils import update_config

    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    update_config(config, CONFIGS[experiment])
    return check_config(config)["arms"][arm]


def planned(experiment, run):
    """Return the family of a run and its Work, from recipe and lengths alone."""
    rows = [row for row in table("lengths.csv") if row["experiment"] == experiment]
    lengths = np.repeat([int(row["tokens"]) for row in rows], [int(row["texts"]) for row in rows])
    arm = recipe(experiment, run["arm"])
    return FAMILIES[arm["family"]], planned_work(FAMILIES[arm["family"]], arm, run["n"], lengths)


NETWORKS = [(experiment, run) for experiment, run in RUNS if "tokens_seen" in run]


@pytest.mark.parametrize(("experiment", "run"), NETWORKS)
def test_tokens_of_real_runs_are_foreseen(experiment, run):
    """Of runs that were not stopped early; a small subset differs from the mean of the data by up to 7 %."""
    _, work = planned(experiment, run)
    assert run["steps"] <= work.steps
    if run["steps"] == work.steps:
        assert work.examples == pytest.approx(run["examples_seen"], rel=0.005)  # when the short batch comes is drawn
    assert work.tokens / work.examples == pytest.approx(run["tokens_seen"] / run["examples_seen"], rel=0.07)


def predicted(experiment, run, facts):
    """Return the seconds of training and validation that are foreseen for as many steps as the run did."""
    family, work = planned(experiment, run)
    share = run["steps"] / work.steps if work.steps else 1.0
    one = estimate(family, facts, work, int(run["validation_examples"]), share)
    startup = facts[0].startup_seconds
    return one.expected - (STARTUP_SECONDS if startup is None else startup)


def measured(run):
    return run["seconds"] + run["validation_seconds"]


OTHER = {"quickstart": "yelp", "yelp": "quickstart"}


@pytest.mark.parametrize("experiment", OTHER)
def test_one_experiment_foretells_another_one_within_a_factor_of_1_5(experiment):
    """MiniLM on docstrings and on sentences of reviews, whose texts, batches and passes differ."""
    facts = [facts_of(run) for other, run in RUNS if other == OTHER[experiment] and run["arm"] == "minilm"]
    ratios = [
        predicted(experiment, run, facts) / measured(run)
        for name, run in RUNS
        if name == experiment and run["arm"] == "minilm"
    ]
    assert len(ratios) >= 6 and min(ratios) > 1 / 1.5 and max(ratios) < 1.5


@pytest.mark.parametrize(("experiment", "run"), SPEEDS)
def test_a_short_run_foretells_all_runs_of_its_arm_within_a_factor_of_1_5(experiment, run):
    finished = [other for name, other in RUNS if name == experiment and other["arm"] == run["arm"]]
    foreseen = sum(predicted(experiment, other, [facts_of(run)]) for other in finished)
    assert 1 / 1.5 < foreseen / sum(map(measured, finished)) < 1.5


SIZES = {(name, run["arm"]): set() for name, run in RUNS}
for name, run in RUNS:
    SIZES[name, run["arm"]].add(run["n"])


@pytest.mark.parametrize(("experiment", "arm"), [key for key, sizes in SIZES.items() if len(sizes) > 1])
def test_finished_runs_foretell_the_others_of_their_arm_within_a_factor_of_1_5(experiment, arm):
    """Each cell from the runs of the other cells: medians over its sweep, as one run may have been disturbed."""
    of_arm = [run for name, run in RUNS if name == experiment and run["arm"] == arm]
    cells = {n: list(group) for n, group in groupby(of_arm, key=lambda run: run["n"])}
    for n, cell in cells.items():
        facts = [facts_of(run) for run in of_arm if run["n"] != n]
        foreseen = median(predicted(experiment, run, facts) for run in cell)
        taken = median(map(measured, cell))
        # Fits of less than a second are all overhead; their jobs take the seconds of their start.
        assert taken < 1.5 or 1 / 1.5 < foreseen / taken < 1.5, f"{n}: {foreseen:.1f} s foreseen, {taken:.1f} s taken"
