"""Slurm jobs of a killed Snakemake are cancelled, those of a living one are not; squeue and scancel are fakes."""

import os
import subprocess
import sys

import pytest

from helpers.processes import environment
from pretrain_or_not.cluster.orphans import cancel_orphans, cancel_rest, forget, register
from pretrain_or_not.errors import BadInput

REGISTER = """
import sys
from pretrain_or_not.cluster.orphans import register
register(sys.argv[1])
print('here', flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a working folder whose bin/ is first in PATH."""
    (tmp_path / "bin").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return tmp_path


@pytest.fixture
def other_run(folder):
    """Yield a function that starts a process that registers itself as a run."""
    processes = []

    def start(run):
        process = subprocess.Popen(
            [sys.executable, "-c", REGISTER, run],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(),
        )  # fmt: skip
        processes.append(process)
        assert process.stdout.readline() == "here\n"
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def pretend(folder, squeue, scancel="rm jobs"):
    """Replace Slurm's commands by shell scripts with these lines; squeue.log lists the names that `squeue` gets."""
    for name, lines in {
        "squeue": f'echo "$*" >> squeue.log; {squeue}',
        "scancel": f'echo "$*" >> scancel.log; {scancel}',
    }.items():
        (folder / "bin" / name).write_text(f"#!/bin/sh\n{lines}\n")
        (folder / "bin" / name).chmod(0o755)


def test_jobs_of_a_killed_run_are_cancelled_and_it_is_forgotten(folder, other_run, capsys):
    process = other_run("run-1")
    process.kill()
    process.wait()
    (folder / "jobs").write_text("17\n18\n")
    pretend(folder, squeue="cat jobs 2>/dev/null; true")
    cancel_orphans()
    assert capsys.readouterr().out == "Cancelling Slurm jobs of an earlier run that was killed: 17, 18\n"
    assert (folder / "scancel.log").read_text() == "17 18\n"
    assert "--name=run-1" in (folder / "squeue.log").read_text()
    (folder / "squeue.log").unlink()
    cancel_orphans()
    assert not (folder / "squeue.log").exists()  # nothing left to ask for


def test_jobs_of_a_run_that_lives_are_left_alone(folder, other_run):
    other_run("run-1")
    pretend(folder, squeue="echo 17")
    cancel_orphans()
    assert not (folder / "squeue.log").exists() and not (folder / "scancel.log").exists()


def test_slurm_is_not_asked_after_a_run_that_ended_well(folder):
    register("run-1")
    cancel_orphans()  # this process lives
    forget("run-1")
    pretend(folder, squeue="false")
    cancel_orphans()


@pytest.mark.parametrize(
    ("squeue", "scancel", "message"),
    [
        ("echo no controller >&2; exit 1", "true", "may still write results, and squeue: no controller"),
        ("echo 17", "echo 17: Access denied >&2; exit 1", "may still write results, and scancel: 17: Access denied"),
    ],
)
def test_nothing_starts_without_an_answer_from_slurm(folder, other_run, squeue, scancel, message):
    process = other_run("run-1")
    process.kill()
    process.wait()
    pretend(folder, squeue, scancel)
    for _ in range(2):  # and again, until Slurm answers
        with pytest.raises(BadInput, match=message):
            cancel_orphans()


def test_jobs_left_by_an_interrupted_run_are_cancelled_if_slurm_answers(folder, capsys):
    pretend(folder, squeue="cat jobs 2>/dev/null; true")
    cancel_rest("run-1")
    assert not (folder / "scancel.log").exists()
    (folder / "jobs").write_text("17\n18\n")
    cancel_rest("run-1")
    assert capsys.readouterr().out == "Cancelling Slurm jobs that are left: 17, 18\n"
    assert (folder / "scancel.log").read_text() == "17 18\n"
    assert "--name=run-1" in (folder / "squeue.log").read_text()
    pretend(folder, squeue="false")
    cancel_rest("run-1")


def test_the_error_without_slurm_says_what_to_do(folder, other_run, monkeypatch):
    process = other_run("run-1")
    process.kill()
    process.wait()
    monkeypatch.setenv("PATH", str(folder / "bin"))
    with pytest.raises(BadInput, match=r"there is no squeue on this machine.*rm -r \.snakemake/slurm_runs"):
        cancel_orphans()
