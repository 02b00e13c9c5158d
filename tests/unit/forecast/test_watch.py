"""Following a run by its logs: which jobs run, how far they are, how much time is left."""

import io
import os
import platform
import re
import time

import pytest
from rich.console import Console

from helpers.results import make_results, write_run
from pretrain_or_not.forecast import watch as watching
from pretrain_or_not.forecast.running import running_jobs, seconds_since
from pretrain_or_not.forecast.watch import Watch, drawn, follow, main
from pretrain_or_not.plan.experiment import note_experiment

ENDED = 2**22 + 1  # above the largest number that Linux gives a process
TRAINING = "finetune_bert/toy/bert/n100/seed0/lr0.001"
LINES = "step 2/8  25 % | 48 examples/s | loss 2.25 | validation - | 0:53 left\n"


def write_log(folder, name=TRAINING, lines=LINES, host=None, process=None, ago=0.0):
    """Write a log as `job.job` begins it. host, process: of the job, by default this one. ago: seconds since."""
    path = folder / "logs" / f"{name}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    at = time.time() - ago
    clock = time.strftime("%H:%M:%S", time.localtime(at))
    first = f"{clock} {name.partition('/')[0]} on {host or platform.node()}, process {process or os.getpid()}\n"
    path.write_text(first + "".join(f"{clock} {line}" for line in lines.splitlines(keepends=True)))
    os.utime(path, (at, at))


def jobs(folder, since=0.0):
    return running_jobs(folder / "logs", since)


def test_a_training_run_tells_its_steps_and_the_time_left(tmp_path):
    write_log(tmp_path, lines="training on 100 examples\n" + LINES.replace("2/8", "1/8").replace("53", "59") + LINES)
    (job,) = jobs(tmp_path)
    assert (job.rule, job.path, job.step, job.steps) == ("finetune_bert", "toy/bert/n100/seed0/lr0.001", 2, 8)
    assert job.share == 0.25 and job.left == pytest.approx(53, abs=2)


def test_other_jobs_have_no_steps(tmp_path):
    write_log(tmp_path, "ingest/toy", "reading\n")
    write_log(tmp_path, "score", "")
    assert {(job.rule, job.path, job.steps, job.share) for job in jobs(tmp_path)} == {
        ("ingest", "toy", None, 0.0), ("score", "score", None, 0.0),
    }  # fmt: skip


@pytest.mark.parametrize("end", ["ERROR toy.csv: wrong", "stopped by SIGTERM", "interrupted"])
def test_a_job_that_says_its_end_runs_no_more(tmp_path, end):
    write_log(tmp_path, lines=f"{LINES}{end}\n")
    assert jobs(tmp_path) == []


@pytest.mark.parametrize(
    ("where", "runs"),
    [
        ({"process": ENDED}, False),
        ({"host": "node7", "process": ENDED}, True),  # of another machine, only the log is known
        ({"host": "node7", "ago": 300}, True),  # it may validate
        ({"host": "node7", "ago": 3000}, False),
        ({"host": "node7", "ago": 100, "lines": "reading\n"}, False),
        ({"host": "node7", "ago": 100, "lines": LINES.replace("2/8", "8/8")}, False),
        ({"host": "node7", "ago": 10, "lines": "reading\n"}, True),
    ],
)
def test_whether_a_job_runs_is_seen_from_its_process_or_from_its_log(tmp_path, where, runs):
    write_log(tmp_path, **where)
    assert len(jobs(tmp_path)) == runs


def test_logs_of_earlier_runs_do_not_count(tmp_path):
    write_log(tmp_path, host="node7", ago=50)
    assert len(jobs(tmp_path, since=time.time() - 60)) == 1 and jobs(tmp_path, since=time.time() - 40) == []


def test_steps_without_a_time_are_extrapolated(tmp_path):
    """Two of eight steps in 60 s: 180 s are left."""
    write_log(tmp_path, lines="step 2/8 | loss 0.25\n", host="node7", ago=60)
    (job,) = jobs(tmp_path)
    assert job.left == pytest.approx(180, abs=8)


def test_a_day_ends_at_midnight():
    midnight = time.mktime((2026, 3, 4, 0, 0, 30, 0, 0, -1))
    assert seconds_since("23:59:50", midnight) == 40


@pytest.fixture
def results(tmp_path):
    """Return a folder of results in which a run was started a minute ago on two cores."""
    catalogue = make_results(tmp_path, experiment={"arms": ["bert", "lstm"]})
    write_run(catalogue, "lstm", tokens_seen=4000)
    note_experiment(catalogue, 2, False)
    past = time.time() - 60
    os.utime(tmp_path / "logs" / "experiment.json", (past, past))
    return tmp_path


def test_a_look_says_what_is_done_and_left(results):
    write_log(results)
    write_log(results, "ingest/toy", "reading\n")
    look = Watch(results).look()
    assert re.match(r"2 of 6 training runs done, 2 jobs running; about \d+ s left, until \w+ \d\d:\d\d", look.summary)
    assert "  bert, toy, 100 labels, seed 0, lr0.001: 25 %, step 2 of 8, 53 s left" in [
        line.replace("52 s", "53 s") for line in look.lines()
    ]
    assert any(re.fullmatch(r"  ingest toy, for (under 1|\d+) s", line) for line in look.lines())
    assert not look.finished


def test_what_a_running_job_has_done_is_not_left(results):
    before = Watch(results).look().summary
    write_log(results, lines=LINES.replace("2/8", "7/8").replace("0:53", "0:01"))
    after = Watch(results).look().summary
    seconds = [float(re.search(r"about ([\d.]+) s left", text)[1]) for text in (before, after)]
    assert seconds[1] < seconds[0]


def test_a_run_that_is_slower_than_foretold_is_waited_for(results):
    write_log(results, lines=LINES.replace("0:53", "90:00"))
    assert re.search(r"about 90 min left", Watch(results).look().summary)


def test_arms_of_which_nothing_is_known_are_named(results):
    catalogue = make_results(results, experiment={"arms": ["bert", "lstm", "tfidf"]})
    note_experiment(catalogue, 2, False)
    assert Watch(results).look().summary.endswith(" left, without what is not known yet: tfidf")


@pytest.mark.parametrize("name", ["subsets/n40/seed0.parquet", "tokens/tiny/validation.parquet"])
def test_a_run_on_data_that_changed_since_is_not_done(results, name):
    """Its cell is trained again, so neither the run nor its test counts; how long it took still tells the speed."""
    before = Watch(results).look().summary
    runs = [path.stat().st_mtime for path in results.glob("toy/runs/*/n40/seed0/*/run.json")]
    assert before.startswith("2 of 6 training runs done") and len(runs) == 2
    (results / "toy" / name).parent.mkdir(parents=True, exist_ok=True)
    (results / "toy" / name).touch()
    os.utime(results / "toy" / name, (max(runs) + 1,) * 2)
    after = Watch(results).look().summary
    assert after.startswith("0 of 6 training runs done") and "not known" not in after
    times = [float(re.search(r"about ([\d.]+) s left", text)[1]) for text in (before, after)]
    assert times[1] > times[0]


def test_predictions_of_a_model_that_was_trained_again_are_not_done(results):
    note_experiment(make_results(results, experiment={"arms": ["bert"], "sizes": [40]}), 2, False)
    done = "1 of 1 training run done, nothing runs now; "
    assert Watch(results).look().summary == f"{done}all models are trained and tested"
    (run,) = results.glob("toy/runs/bert/n40/seed0/*/run.json")
    os.utime(run, (time.time() + 1,) * 2)
    assert re.fullmatch(rf"{done}about \d+ s left", Watch(results).look().summary)


def test_before_the_data_are_read_there_is_no_forecast(results):
    (results / "toy" / "dataset.json").unlink()
    assert Watch(results).look().summary == "The data are not read yet."


def test_it_ends_when_the_answer_is_there(results, monkeypatch, capsys):
    catalogue = make_results(results, experiment={"arms": ["bert"], "sizes": [40]})
    note_experiment(catalogue, 2, False)
    looks = []
    monkeypatch.setattr(watching.time, "sleep", lambda seconds: looks.append((results / "answer.md").touch()))
    assert main([str(results)]) == 0 and len(looks) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and lines[0].endswith(
        "1 of 1 training run done, nothing runs now; all models are trained and tested"
    )


def test_lines_fit_the_terminal(results):
    write_log(results)
    for width in (60, 80, 110):
        console = Console(width=width, force_terminal=True, record=True, file=io.StringIO())
        console.print(drawn(Watch(results).look(), width))
        lines = console.export_text().splitlines()
        assert all(len(line) <= width for line in lines)
        assert re.search(r"step 2 of 8 +5\d s left +\S", lines[-1])


def test_another_folder_is_refused(tmp_path, capsys):
    assert main([str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith(f"{tmp_path}: no run was started there")


def test_a_look_at_once_ends(results, capsys):
    follow(Watch(results), Console(force_terminal=True, file=io.StringIO()), once=True)
    assert main(["--once", str(results)]) == 0 and "training runs done" in capsys.readouterr().out
