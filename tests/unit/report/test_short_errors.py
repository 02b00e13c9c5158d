"""Of a failed job, the terminal shows one line; what Snakemake alone knows stays."""

import logging
import os
import time

import pytest

from pretrain_or_not.report.short_errors import ShortErrors, shorten_errors

RAISED = "RuleException:\nCalledProcessError in file \"a.smk\", line 3:\nCommand 'x' returned non-zero exit status 1."
KILLED = "RuleException:\nCalledProcessError in file \"a.smk\", line 3:\nCommand 'x' died with <Signals.SIGKILL: 9>."
END = ["Shutting down, this might take some time.", "Exiting because a job execution failed. Look above",
       "Complete log(s): /a/b.log", "Elapsed time: 0:00:14",
       "WorkflowError:\nAt least one job did not complete successfully."]  # fmt: skip


def record(text, **more):
    return logging.makeLogRecord({"msg": text, **more})


def failed(*logs, event="job_error"):
    """Return Snakemake's record of a failed job, or of a failed group of jobs, with these logs."""
    jobs = [{"rule_name": "ingest", "log": [str(log)]} for log in logs]
    return record("Error in rule", event=event, **(jobs[0] if event == "job_error" else {"job_error_info": jobs}))


@pytest.fixture
def short():
    return ShortErrors(lambda: False)


@pytest.fixture
def log(tmp_path):
    """Return a log as `job.job` leaves it, with two errors: the last one counts."""
    path = tmp_path / "a.log"
    later = time.time() + 60  # the clock of a file system may be late
    path.write_text("10:00:00 start\n10:00:01 Traceback\n  x\n\n10:00:01 ERROR early\n10:00:02 ERROR toy.csv: wrong\n")
    os.utime(path, (later, later))
    return path


@pytest.mark.parametrize("event", ["job_error", "group_error"])
def test_a_job_that_told_its_error_needs_no_other_words(short, log, event, capsys):
    line = f"ERROR in ingest: toy.csv: wrong (log: {log})"
    assert not short.filter(record(RAISED)) and not short.filter(failed(log, event=event))
    assert not any(short.filter(record(text)) for text in END)
    assert list(short.errors) == [line] and short.repeated() == "" and capsys.readouterr().err == ""
    assert short.filter(record("Finished jobid: 3")) and short.repeated() == line


def test_a_job_on_another_machine_is_spoken_for(log, capsys):
    ShortErrors(lambda: True).filter(failed(log))
    assert capsys.readouterr().err == f"ERROR in ingest: toy.csv: wrong (log: {log})\n"


@pytest.mark.parametrize("content", ["10:00:00 start\n", None])
def test_a_job_that_died_without_a_word_is_left_to_snakemake(short, tmp_path, content):
    if content:
        (tmp_path / "a.log").write_text(content)
    assert short.filter(record(KILLED)) and short.filter(failed(tmp_path / "a.log"))
    assert all(short.filter(record(text)) for text in END)


def test_an_error_of_an_earlier_run_is_not_that_of_this_one(short, log):
    before = time.time() - 60
    os.utime(log, (before, before))
    assert short.filter(failed(log)) and not short.errors


def test_a_mistake_that_the_snakefile_reports_loses_its_place(short):
    text = 'WorkflowError in file "/a/b.smk", line 29:\nconfig.yaml: two mistakes:\n  a\n  b\n'
    seen = record(text + '  File "/a/Snakefile", line 64, in __onstart\n  File "/a/b.smk", line 29, in x')
    assert short.filter(seen) and seen.msg == "config.yaml: two mistakes:\n  a\n  b"


def test_only_the_terminal_is_shortened():
    logger = logging.Logger("x")
    terminal, file = logging.StreamHandler(), logging.NullHandler()
    terminal.name = "DefaultStreamHandler"
    logger.addHandler(terminal)
    logger.addHandler(file)
    assert terminal.filters == [shorten_errors(logger, lambda: False)] and file.filters == []
