"""The forecast of an experiment, and the plan as its user reads it."""

from dataclasses import replace

import pandas as pd
import pyarrow as pa
import pytest

from helpers.plan import cell
from helpers.results import LENGTH, make_results, write_run
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.json_files import read_json, write_json
from pretrain_or_not.files.parquet import write_table
from pretrain_or_not.files.provenance import digest
from pretrain_or_not.forecast.facts import Done
from pretrain_or_not.forecast.forecast import Forecast
from pretrain_or_not.forecast.page import write_plan
from pretrain_or_not.forecast.total import Machine, Task, total
from pretrain_or_not.plan.inputs import JobInputs
from pretrain_or_not.plan.params import JobParams


def look(catalogue):
    """Return the forecast, its rows and features, and what is done."""
    forecast = Forecast(catalogue)
    done = Done(catalogue, forecast.inputs, forecast.params)
    rows = forecast.rows(done)
    return forecast, rows, forecast.features(rows, done), done


def page(catalogue, cores=2, on_cluster=False):
    write_plan(catalogue, Machine(cores, on_cluster), last_jobs=10)
    return (catalogue.results / "plan.md").read_text().replace("\n  ", " ")  # lines are broken to fit a terminal


def test_a_row_per_arm_and_size_says_what_is_done(tmp_path):
    _, rows, _, _ = look(make_results(tmp_path))
    assert [(r.arm, r.n, r.runs, r.runs_done, r.cells_done) for r in rows] == [
        ("bert", 40, 1, 1, 1), ("bert", 100, 1, 0, 0), ("lstm", 40, 2, 0, 0), ("lstm", 100, 2, 0, 0),
        ("tfidf", 40, 2, 0, 0), ("tfidf", 100, 2, 0, 0),
    ]  # fmt: skip
    assert [r.one is None for r in rows] == [False, False, True, True, True, True]


def test_time_follows_from_the_tokens_of_a_run(tmp_path):
    """The finished run took 8 s for 4,000 tokens, and 0.01 s per validated text (1 s for two times 50)."""
    catalogue = make_results(tmp_path, experiment={"validation_max": 1000})
    _, rows, _, _ = look(catalogue)
    work = rows[1].work
    assert work.examples == work.steps * 100 / 4 and work.tokens == LENGTH * work.examples
    expected = 4 + work.tokens * 8 / 4000 + work.validations * 60 * 0.01
    assert rows[1].one.seconds == pytest.approx(expected)
    assert rows[0].seconds_left() == 0  # it is done
    assert rows[1].seconds_left() == pytest.approx(rows[1].one.expected + 2 * 4 + 90 * 0.01)


def test_a_finished_cell_takes_its_own_time_and_it_is_said_why_few_labels_can_take_longer(tmp_path):
    catalogue = make_results(tmp_path)
    write_run(catalogue, "bert", "100", tokens_seen=16_000, seconds=20.0)
    assert "with fewer labels can take longer" not in page(catalogue)
    write_run(catalogue, "bert", "100", tokens_seen=16_000, seconds=4.0, steps=2, validations=1, validation_seconds=0.5)
    _, rows, _, _ = look(catalogue)
    assert [row.one.expected for row in rows[:2]] == pytest.approx([4 + 8 + 1, 4 + 4 + 0.5])
    assert "- Runs of bert with fewer labels can take longer: each run has at least `min_steps`" in page(catalogue)


def test_features_that_runs_share_are_no_time_of_each(tmp_path):
    catalogue = make_results(tmp_path)
    write_run(catalogue, "bert", "100", tokens_seen=16_000, seconds=20.0, feature_seconds=15.0)
    page(catalogue)
    done = pd.read_parquet(catalogue.results / "plan.parquet").set_index(["arm", "size"])["hours_done"]
    assert 3600 * done["bert", "100"] == pytest.approx(20 - 15 + 1)


@pytest.mark.parametrize("experiment", [{"metric": "macro_f1"}, {"selection": "test"}])
def test_a_run_selected_in_another_way_is_not_done(tmp_path, experiment):
    catalogue = make_results(tmp_path)
    catalogue.experiment.update(experiment)
    _, rows, _, done = look(catalogue)
    assert not done.runs and rows[0].runs_left == 1
    assert rows[0].one is not None  # it tells how fast the arm is


def test_a_run_by_another_recipe_is_not_done(tmp_path):
    catalogue = make_results(tmp_path)
    catalogue.arms["bert"]["epochs"] = 3
    _, rows, _, done = look(catalogue)
    assert not done.runs and rows[0].runs_left == 1 and rows[0].one is None


def test_tasks_share_the_cores_and_none_is_cut(tmp_path):
    machine = Machine(4, on_cluster=False)
    assert machine.seconds([Task(100.0, 1, 10.0), Task(60.0, 2, 30.0)]) == (100 + 2 * 60) / 4
    assert machine.seconds([Task(100.0, 1, 80.0)]) == 80
    assert machine.seconds([Task(100.0, 16, 10.0)]) == 100  # a run never has more threads than there are cores
    assert Machine(4, on_cluster=True).seconds([Task(100.0, 16, 10.0)]) == 25


def test_tasks_share_the_gpus():
    """What fits on the cores of a machine may still wait for its GPU."""
    tasks = [Task(100.0, 1, 10.0, gpus=1), Task(30.0, 2, 5.0, gpus=2), Task(64.0, 1, 1.0)]
    assert Machine(16, False).seconds(tasks) == (100 + 60 + 64) / 16
    assert Machine(16, False, gpus=1).seconds(tasks) == 130  # a run never waits for more GPUs than there are
    assert Machine(16, False, gpus=4).seconds(tasks) == (100 + 60) / 4


def test_several_processes_share_the_work_and_take_a_gpu_each(tmp_path):
    """A price is that of one GPU, and a rate, too; the peak of memory is that of one process."""
    one, four = (
        look(make_results(tmp_path / str(n), arms={"bert": {"processes": n}}, plan={"flops_per_second": 1e3}))[1][1]
        for n in (1, 4)
    )
    assert (one.gpus, four.gpus, one.threads, four.threads) == (1, 4, 1, 4)
    assert one.one.seconds - 4 == pytest.approx(4 * (four.one.seconds - 4))
    left = [total([row], [], Machine(8, False), 0, "none") for row in (one, four)]
    assert left[1].gpu_hours == pytest.approx((4 * four.training_left() + four.testing_left()) / 3600)
    tested = total([replace(four, runs_done=four.runs)], [], Machine(8, False), 0, "none")
    assert four.testing_left() > 0 and tested.gpu_hours == pytest.approx(four.testing_left() / 3600)  # on one GPU
    busy = make_results(tmp_path / "cpu", arms={"bert": {"processes": 2}}, experiment={"arms": ["bert"]})
    assert "Memory: up to 4.0 GB for 2 runs side by side" in page(busy, cores=4)


def test_where_only_testing_is_left_no_training_run_counts(tmp_path):
    _, rows, _, _ = look(make_results(tmp_path))
    row = replace(rows[0], cells_done=0, one=rows[0].one._replace(seconds=3600.0, expected=1800.0, predicting=0.01))
    assert row.runs_left == 0
    left = total([row], [], Machine(2, False), 0, "selected")
    testing = 2 * 4 + 0.01 * row.test_examples  # selection and testing, 4 s to start each
    assert left.seconds == left.at_most == pytest.approx(max(testing / 2, 4 + 0.01 * row.test_examples))
    assert left.cpu_hours == pytest.approx(testing / 3600) and left.gpu_hours == 0
    trained = total([replace(row, runs_done=0)], [], Machine(2, False), 0, "selected")
    assert (trained.seconds, trained.at_most) == (1800.0, 3600.0)


@pytest.mark.parametrize(
    ("left", "running", "seconds"),
    [(0, [], 4.9), (1, [], 100.0), (1, [0.75], 25.0), (2, [0.75], 100.0), (2, [0.75, 0.5], 50.0)],
)
def test_the_longest_job_is_what_is_left_of_it(tmp_path, left, running, seconds):
    _, rows, _, _ = look(make_results(tmp_path))
    one = rows[0].one._replace(seconds=100.0, expected=100.0, predicting=0.9 / rows[0].test_examples)
    row = replace(rows[0], cells=2, cells_done=1, runs=2, runs_done=2 - left, one=one)
    assert row.longest(running=running) == pytest.approx(seconds)


def test_the_total_counts_jobs_and_names_what_is_unknown(tmp_path):
    catalogue = make_results(tmp_path)
    _, rows, features, _ = look(catalogue)
    left = total(rows, features, Machine(2, False), 10, "selected")
    assert (left.runs, left.jobs) == (9, 9 + 2 * 5 + 10) and left.unknown == ["lstm", "tfidf"]
    assert left.disk_mb == 2.0 and left.gpu_hours == 0  # two cells of bert: 250,000 weights of 4 bytes each


def test_the_plan_says_what_is_left(tmp_path):
    text = page(make_results(tmp_path))
    assert "| bert  |     40 |    1 |    1 |" in text and "| lstm  |     40 |    2 |    0 |             ? |" in text
    assert "**Left: 9 of 10 training runs, 29 jobs in all: about 29 s on 2 cores**" in text
    assert "Not known, and not counted: lstm, tfidf." in text
    table = pd.read_parquet(tmp_path / "plan.parquet")
    assert table["runs_done"].tolist() == [1, 0, 0, 0, 0, 0]
    assert table["known_from"].fillna("").tolist() == ["finished", "finished", "", "", "", ""]
    assert table["flops"][0] == 16_000 / 4000 * table["tokens"][0]


def test_hours_of_the_machine_have_a_price_with_and_without_a_gpu(tmp_path):
    catalogue = make_results(tmp_path, costs={"hour": 2000.0})
    text, table = page(catalogue), pd.read_parquet(tmp_path / "plan.parquet")
    hours = table["hours_left"][:2].sum()
    assert f"CPU cores: {hours:,.2f} hours, which cost {2000 * hours:,.2f} at 2000 per hour; for those on a GPU" in text
    # 4 FLOPs per token at 1 per second
    catalogue = make_results(tmp_path, costs={"hour": 2.0}, plan={"flops_per_second": 1.0})
    text, table = page(catalogue), pd.read_parquet(tmp_path / "plan.parquet")
    hours = table["hours_left"][:2].sum()
    assert hours > 1 and f"GPU: {hours:,.2f} hours, which cost {2 * hours:,.2f} at 2 per hour." in text
    assert "as `plan.flops_per_second` says" in text


def test_the_next_size_and_a_further_seed_have_a_price(tmp_path):
    catalogue = make_results(tmp_path, experiment={"arms": ["bert", "lstm"]})
    write_run(catalogue, "lstm", tokens_seen=4000)
    rows = [{"dataset": "toy", "arm": "lstm", "reference": "bert", "next_size": value} for value in (63.2, None)]
    write_table(tmp_path / "answer.parquet", pa.Table.from_pylist(rows))
    text = page(catalogue)
    assert "- Size 63 tells most about from how many labels on the gap is small (lstm): 3 more runs, about " in text
    assert "- One more seed, 1, makes all intervals narrower: 6 more runs, about " in text
    write_table(tmp_path / "answer.parquet", pa.Table.from_pylist([rows[0] | {"next_size": 100.4}]))
    assert "Size 100" not in page(catalogue)  # the experiment has it
    # An answer of an earlier experiment: another dataset, and more rows than there are now.
    earlier = [rows[0] | {"dataset": "old"}, rows[0] | {"next_size": 630.0}]
    write_table(tmp_path / "answer.parquet", pa.Table.from_pylist(earlier))
    assert " tells most about from how many labels" not in page(catalogue)


def test_a_further_seed_has_a_price_beside_an_arm_without_labels(tmp_path):
    """Such an arm has one cell, of size 0; another seed would be the same."""
    asked = {"family": "prompt", "model": "tiny"}
    catalogue = make_results(
        tmp_path, experiment={"arms": ["bert", "asked"], "sizes": [0, 40, 100]}, arms={"asked": asked}
    )
    assert "- One more seed, 1, makes all intervals narrower: 2 more runs, about " in page(catalogue)


def test_what_was_guessed_of_the_data_is_told(tmp_path):
    catalogue = make_results(tmp_path)
    path = tmp_path / "toy" / "dataset.json"
    write_json(path, read_json(path) | {"warnings": ["reviews.csv: columns are separated by ';', a guess."]})
    assert "- The data, Toy: reviews.csv: columns are separated by ';', a guess." in page(catalogue)


def test_a_size_that_is_too_large_and_missing_data_are_refused(tmp_path):
    with pytest.raises(BadInput, match=r"500 training examples, and there are 200"):
        page(make_results(tmp_path, experiment={"sizes": [500], "arms": ["tfidf"], "reference": "tfidf"}))
    catalogue = make_results(tmp_path)
    (tmp_path / "toy" / "dataset.json").unlink()
    with pytest.raises(BadInput, match=r"toy/dataset.json: there is no such file yet"):
        page(catalogue)


def test_teachers_that_are_trained_but_not_scored_are_named(tmp_path):
    taught = {"lstm": {"teacher": {"arm": "bert"}}, "bert": {"title": "Big"}}
    experiment = {"arms": ["lstm"], "reference": "lstm"}
    assert "of these teachers, which are not in `arms`, is not counted: Big." in page(
        make_results(tmp_path, arms=taught, experiment=experiment)
    )


def test_a_measured_speed_counts_until_a_run_is_finished(tmp_path):
    catalogue = make_results(tmp_path, experiment={"arms": ["bert", "lstm"]})
    speed = {"dataset": "toy", "arm": "lstm", "n": 40, "steps": 5, "examples_seen": 100, "tokens_seen": 1000,
             "seconds": 1.0, "training_flops": 5000, "validation_seconds": 0.1, "validations": 1,
             "validation_examples": 10, "peak_memory_mb": 400, "parameters": 1000, "model_mb": 2.5, "device": "cpu",
             "startup_seconds": 3.0, "cpu_share": 0.5}  # fmt: skip
    place = tmp_path / "speed" / "toy" / "lstm" / "n100" / "seed0"
    write_json(place / "lr0.5.json", speed | {"config_digest": "of another recipe"})
    assert "Not known, and not counted: lstm." in page(catalogue)
    speed["config_digest"] = digest(JobParams(catalogue).recipe(cell("lstm")))
    write_json(tmp_path / "speed" / "toy" / "lstm" / "n40" / "seed0" / "lr0.02.json", speed)
    assert "Speed of lstm: 5e-06 billion" in page(catalogue)
    assert "by a short run on this machine, which got 50 % of a CPU, and is corrected for that." in page(catalogue)
    write_run(catalogue, "lstm", tokens_seen=4000)
    assert "by a short run" not in page(catalogue)


def test_the_disk_of_models_is_that_of_the_selected_ones_where_the_others_are_gone(tmp_path):
    """Weights that a model shares with others are in its number of parameters, not in its files."""
    catalogue = make_results(tmp_path, experiment={"arms": ["bert"]})
    folder = JobInputs(catalogue).folder({"dataset": "toy", "arm": "bert", "size": "40", "seed": 0}) / "selected"
    for name, size in (("model.safetensors", 299_000), ("config.json", 1_000)):
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(bytes(size))
    page(catalogue)
    table = pd.read_parquet(tmp_path / "plan.parquet")
    assert table["disk_mb"].tolist()[:2] == pytest.approx([0.3, 0.3])


def test_runs_of_all_models_of_an_arm_are_done(tmp_path):
    """Each model has its own recipe, and its own features."""
    own = {"pretrain": {"from": {"layers": 1, "hidden": 8, "heads": 1}, "tokenizer": "tiny", "texts": "letters",
                        "seed": [4, 5]}}  # fmt: skip
    catalogue = make_results(
        tmp_path, experiment={"arms": ["bert", "read"], "sizes": [40], "seeds": [0, 1]}, models={"own": own},
        arms={"bert": {"model": "own"}, "read": {"family": "probe", "model": "own", "C": [1]}},
        datasets={"letters": {"source": "files", "files": "letters.csv", "label": None}},
    )  # fmt: skip
    for arm in ("bert", "read"):
        for seed in (0, 1):
            write_run(catalogue, arm, seed=seed, tokens_seen=4000)
    forecast = Forecast(catalogue)
    done = Done(catalogue, forecast.inputs, forecast.params)
    assert len(done.runs) == 4 and len(done.tested) == 4
    rows = forecast.rows(done)
    assert [row.cells_done for row in rows] == [2, 2]
    features = forecast.features(rows, done)
    assert [one.model for one in features] == ["own", "own-seed5"]
    assert features[0].texts == features[1].texts  # one cell each, validation and test texts
    assert "- 2 more seeds, one per model, make all intervals narrower: " in page(catalogue)


@pytest.mark.parametrize(("amount", "texts"), [("100%", 160), (50, 50), ("50%", 100), (190, 160), (900, 160)])
def test_texts_that_a_cell_has_with_labels_are_not_counted_as_further_ones(tmp_path, amount, texts):
    """Dataset `toy` has 200 training rows, of which 40 have labels in the cell."""
    teacher = {"teacher": {"arm": "bert", "texts": "toy", "amount": amount}}
    catalogue = make_results(tmp_path, arms={"lstm": teacher})
    assert Forecast(catalogue).unlabelled("toy", "lstm", 40) == texts
