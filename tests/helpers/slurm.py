"""A throwaway Slurm cluster, and the workflow run through it."""

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

PATIENCE = 1800  # seconds that anything may take, on however slow a machine, before a test fails

started = []  # Snakemakes


def free_port():
    """A port that is free, as the next one is."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            port = random.randrange(10_000, 30_000)  # below those that the system gives away
            with suppress(OSError):
                first.bind(("", port))
                second.bind(("", port + 1))
                return port


class Cluster:
    """What tests ask of Slurm, and do to it."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()

    def up(self):
        """Start what does not run of it."""
        environment = os.environ | {"SLURM_TEST_PORT": str(self.port)}
        answer([HERE / "cluster.sh", "up", self.folder], env=environment)

    def down(self):
        """End what tests started and its jobs, stop it and delete its folder."""
        for process in started:
            process.kill()
            process.wait()
        answer([HERE / "cluster.sh", "down", self.folder])

    def stop_controller(self):
        """End slurmctld, as in an outage; jobs run on."""
        daemon = psutil.Process(int((self.folder / "run" / "slurmctld.pid").read_text()))
        daemon.terminate()
        daemon.wait(PATIENCE)

    def jobs(self):
        """{Slurm job id: fields of `scontrol show job`} of all jobs that Slurm remembers, in the order they came."""
        text = answer(["scontrol", "show", "job", "--oneliner"])
        records = [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in text.splitlines() if line.startswith("JobId=")]
        return {record["JobId"]: record for record in sorted(records, key=lambda record: int(record["JobId"]))}

    def jobs_of(self, project, part=""):
        """As `jobs`: those sent from a project's folder, with `part` in the rule and wildcards of their comment."""
        of_project = {job: record for job, record in self.jobs().items() if record["WorkDir"] == str(project.folder)}
        return {job: record for job, record in of_project.items() if part in record["Comment"]}

    def cancel(self, project, part):
        """scancel such jobs."""
        answer(["scancel", *self.jobs_of(project, part)])

    def limit_time(self, project, part, minutes):
        """Cut the time limit of such jobs."""
        for job in self.jobs_of(project, part):
            answer(["scontrol", "update", f"JobId={job}", f"TimeLimit={minutes}"])


class SlurmProject(Project):
    """A project that is run by `snakemake --profile slurm`, with the profile as it is in the repository."""

    def __init__(self, folder, tiny_bert, config):
        super().__init__(folder, tiny_bert)
        shutil.copytree(ROOT / "slurm", self.folder / "slurm")
        (self.folder / "config.yaml").write_text(yaml.safe_dump(config))

    def copy(self, folder):
        """A copy in another folder, with all that was made so far."""
        other = copy.copy(self)
        other.folder = Path(shutil.copytree(self.folder, folder))
        return other

    def change_profile(self, change):
        """Apply a function to the profile, as a dict."""
        path = self.folder / "slurm" / "config.yaml"
        profile = yaml.safe_load(path.read_text())
        change(profile)
        path.write_text(yaml.safe_dump(profile))

    def fill_in_profile(self):
        """Take what the profile proposes for a cluster, in comments, as it is."""
        path = self.folder / "slurm" / "config.yaml"
        text, count = re.subn(r"^( *)# ([\w-]+: .*\bmy-)", r"\1\2", path.read_text(), flags=re.MULTILINE)
        assert count == 3, "the profile proposes an account, a constraint and partitions"
        path.write_text(text)

    def slow_down(self, seconds):
        """Let each optimizer step of a training that starts from now on take so long, or `None` longer."""
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
        # As in the profile, ten seconds between two questions after the state of jobs; here, a fifth of one.
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
        """Wait until Snakemake has ended; its exit status."""
        wait_until(lambda: process.poll() is not None, "Snakemake to end", self.output)
        return process.returncode

    def run(self, *arguments):
        """Run Snakemake through Slurm; its exit status."""
        return self.end_of(self.start(*arguments))

    def run_here(self, *arguments):
        """Run Snakemake without Slurm; its output."""
        return answer([sys.executable, "-m", "snakemake", *arguments], cwd=self.folder)

    def training_log(self, run):
        """The log of an LSTM's run, named by its folder below runs/."""
        path = self.folder / "results/logs/train_lstm/toy" / f"{run}.log"
        return path.read_text() if path.is_file() else ""

    def wait_for(self, condition, what, process):
        """Wait until `condition()` holds, for which Snakemake has to run on."""

        def holds():
            assert process.poll() is None, f"Snakemake ended while the test waited for {what}\n{self.output()}"
            return condition()

        wait_until(holds, what, self.output)

    def wait_for_training(self, process, runs):
        """Wait until such runs have made their first step."""
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
    """What a command prints; it has to end well."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    done = subprocess.run(command, timeout=PATIENCE, **pipes, **options)
    assert done.returncode == 0, f"{command} exits {done.returncode}\n{done.stdout}"
    return done.stdout


def wait_until(condition, what, explain=lambda: ""):
    """Return as soon as `condition()` holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"waited {PATIENCE} s in vain for {what}\n{explain()}"
        time.sleep(0.2)
