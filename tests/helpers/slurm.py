"""A temporary Slurm cluster, and projects that run on it."""

import copy
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import yaml

from helpers.paths import ROOT
from helpers.project import Project

HERE = ROOT / "tests" / "slurm"

PATIENCE = 1800  # seconds that a step may take, even on a slow machine, before a test fails

started = []  # processes of Snakemake


def free_port():
    """Return a free port whose next port is free too."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            port = random.randrange(10_000, 30_000)  # below the ports that the system assigns
            with suppress(OSError):
                first.bind(("", port))
                second.bind(("", port + 1))
                return port


class Cluster:
    """A Slurm cluster that tests query and disturb."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()

    def up(self):
        """Start the daemons that do not run."""
        environment = os.environ | {"SLURM_TEST_PORT": str(self.port)}
        answer([HERE / "cluster.sh", "up", self.folder], env=environment)

    def down(self):
        """Kill the processes that tests started, stop the cluster with its jobs, and delete its folder."""
        for process in started:
            process.kill()
            process.wait()
        answer([HERE / "cluster.sh", "down", self.folder])

    def stop_controller(self):
        """End slurmctld, as in an outage; jobs continue."""
        daemon = psutil.Process(int((self.folder / "run" / "slurmctld.pid").read_text()))
        daemon.terminate()
        daemon.wait(PATIENCE)

    def jobs(self):
        """Return {Slurm job id: fields of `scontrol show job`} of all jobs that Slurm remembers, oldest first."""
        text = answer(["scontrol", "show", "job", "--oneliner"])
        records = [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in text.splitlines() if line.startswith("JobId=")]
        return {record["JobId"]: record for record in sorted(records, key=lambda record: int(record["JobId"]))}

    def jobs_of(self, project, part=""):
        """Return those of `jobs` that were sent from a project's folder, with `part` in their comment."""
        of_project = {job: record for job, record in self.jobs().items() if record["WorkDir"] == str(project.folder)}
        return {job: record for job, record in of_project.items() if part in record["Comment"]}

    def cancel(self, project, part):
        """Cancel the jobs that `jobs_of` returns."""
        answer(["scancel", *self.jobs_of(project, part)])

    def limit_time(self, project, part, minutes):
        """Set the time limit of the jobs that `jobs_of` returns."""
        for job in self.jobs_of(project, part):
            answer(["scontrol", "update", f"JobId={job}", f"TimeLimit={minutes}"])


class SlurmProject(Project):
    """A project that is run by `snakemake --profile slurm`, with the profile as it is in the repository."""

    def __init__(self, folder, tiny_bert, config):
        super().__init__(folder, tiny_bert)
        shutil.copytree(ROOT / "slurm", self.folder / "slurm")
        (self.folder / "config.yaml").write_text(yaml.safe_dump(config))

    def copy(self, folder):
        """Return a copy in another folder, with all files made so far."""
        other = copy.copy(self)
        other.folder = Path(shutil.copytree(self.folder, folder))
        return other

    def change_profile(self, change):
        """Apply the function `change` to the profile, a dict that it changes."""
        path = self.folder / "slurm" / "config.yaml"
        profile = yaml.safe_load(path.read_text())
        change(profile)
        path.write_text(yaml.safe_dump(profile))

    def fill_in_profile(self):
        """Activate the proposals for a cluster that are comments in the profile."""
        path = self.folder / "slurm" / "config.yaml"
        text, count = re.subn(r"^( *)# ([\w-]+: .*\bmy-)", r"\1\2", path.read_text(), flags=re.MULTILINE)
        assert count == 3, "the profile proposes an account, a constraint and partitions"
        path.write_text(text)

    def slow_down(self, seconds):
        """Make each optimizer step of trainings that start from now on `seconds` longer; None, not longer."""
        module, pace = (
            self.folder / "workflow" / "scripts" / "pretrain_or_not" / "training" / "schedule.py",
            self.folder / "seconds_per_step",
        )
        if "seconds_per_step" not in module.read_text():
            with module.open("a") as file:
                file.write(SLOWLY)
        pace.unlink(missing_ok=True)
        if seconds:
            pace.write_text(str(seconds))

    def start(self, *arguments):
        """Start Snakemake; its output goes to output.txt."""
        # The profile checks the state of jobs every ten seconds; here, every fifth of a second.
        command = [sys.executable, HERE / "fast_polling.py", "--profile", "slurm", *arguments]
        if "--max-status-checks-per-second" not in arguments:
            command += ["--max-status-checks-per-second", "5"]
        with open(self.folder / "output.txt", "w") as output:
            process = subprocess.Popen(command, cwd=self.folder, stdout=output, stderr=subprocess.STDOUT)
        started.append(process)
        return process

    def output(self):
        return (self.folder / "output.txt").read_text()

    def end_of(self, process):
        """Wait until Snakemake has ended; return its exit status."""
        wait_until(lambda: process.poll() is not None, "Snakemake to end", self.output)
        return process.returncode

    def run(self, *arguments):
        """Run Snakemake through Slurm; return its exit status."""
        return self.end_of(self.start(*arguments))

    def run_here(self, *arguments):
        """Run Snakemake without Slurm; return its output."""
        return answer([sys.executable, "-m", "snakemake", *arguments], cwd=self.folder)

    def training_log(self, run):
        """Return the log of an LSTM's run. run: its folder below runs/."""
        path = self.folder / "results/logs/train_lstm/toy" / f"{run}.log"
        return path.read_text() if path.is_file() else ""

    def wait_for(self, condition, what, process):
        """Wait until `condition()` is true; fail if Snakemake ends before."""

        def holds():
            assert process.poll() is None, f"Snakemake ended while the test waited for {what}\n{self.output()}"
            return condition()

        wait_until(holds, what, self.output)

    def wait_for_training(self, process, runs):
        """Wait until `runs` have made their first step."""
        self.wait_for(
            lambda: all("first step done" in self.training_log(run) for run in runs), "trainings to start", process
        )


SLOWLY = """

import time
from contextlib import suppress
from pathlib import Path

_pace = Path("seconds_per_step")
_seconds = float(_pace.read_text()) if _pace.exists() else 0
_multiplier = multiplier


def multiplier(*arguments):
    time.sleep(_seconds)
    return _multiplier(*arguments)
"""


def answer(command, **options):
    """Run a command that must succeed; return its output."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    done = subprocess.run(command, timeout=PATIENCE, **pipes, **options)
    assert done.returncode == 0, f"{command} exits {done.returncode}\n{done.stdout}"
    return done.stdout


def wait_until(condition, what, explain=lambda: ""):
    """Return as soon as `condition()` is true; fail after PATIENCE."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"waited {PATIENCE} s in vain for {what}\n{explain()}"
        time.sleep(0.2)
