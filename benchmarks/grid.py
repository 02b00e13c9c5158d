"""Seconds to plan a large experiment, and to find nothing to do in a finished one, against plain Snakemake.

    .venv/bin/python benchmarks/grid.py                                 # experiments of 2,000 and of 10,000 cells
    .venv/bin/python benchmarks/grid.py --cells 2000 --rounds 5
    .venv/bin/python benchmarks/grid.py --cells 2000 --cases plan       # one of plan, no-op and job

Plain Snakemake has the same jobs, with as many input and output files, the same temporary folder and the same options,
but empty rules (plain.smk): only patterns of file names. The two are measured alternately; medians are reported.

- plan: `snakemake --dry-run` before anything has run
- no-op: `snakemake` when all files exist and are recorded; it reports that there is nothing to be done
- job: what each job on a cluster does before its own work: read the Snakefile and plan this one job
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml
from gpu import make_model

ROOT = Path(__file__).resolve().parent.parent
LIMIT = 1.5
LARGE = 5000  # from this number of cells on, there is one round
SIDES = ("ours", "plain")
ARMS = {
    "bert": {"family": "bert", "model": "tiny", "learning_rates": [1e-3, 2e-3]},
    "bert-random": {"family": "bert", "model": "tiny", "init": "random", "learning_rates": [1e-3, 2e-3]},
    "lstm": {"family": "lstm", "tokenizer": "tiny", "learning_rates": [1e-3, 2e-3]},
    "lstm-wide": {"family": "lstm", "tokenizer": "tiny", "hidden": 512, "learning_rates": [1e-3, 2e-3]},
    "tfidf": {"family": "tfidf", "tokenizer": "tiny", "C": [1, 10]},
}
ONE_JOB = ["--dry-run", "--nolock", "--force", "--allowed-rules", "evaluate"]
ONE_JOB += ["--target-jobs", "evaluate:dataset=toy,arm=lstm,size=100,seed=0"]
ROWS = 1200
COMMANDS = {"plan": ["--dry-run"], "no-op": [], "job": ONE_JOB}


def experiment(cells):
    """Return a config of `cells` cells (a multiple of 200): 2 data sets, 5 arms of 2 settings, 20 sizes, and seeds."""
    per_seed = 2 * len(ARMS) * 20
    if cells < per_seed or cells % per_seed:
        raise SystemExit(f"{cells} cells: give a multiple of {per_seed}")
    dataset = {"source": "files", "files": "toy.csv", "splits": {"validation": 10, "test": 10}, "max_length": 32}
    return {
        "experiment": {
            "datasets": ["toy", "toy-2"],
            "arms": list(ARMS),
            "reference": "bert",
            "sizes": [100 * i for i in range(1, 21)],
            "seeds": list(range(cells // per_seed)),
            "validation_max": 500,
        },
        "datasets": {"toy": dataset, "toy-2": dataset | {"seed": 1}},
        "models": {"tiny": {"path": "tiny"}},
        "arms": ARMS,
        "timing": {"devices": {"cpu": []}},
    }


def make(folder, cells):
    """Make a project of `cells` cells for each side, in `folder`."""
    for side in SIDES:
        project = folder / side
        project.mkdir()
        shutil.copytree(ROOT / "profiles", project / "profiles")
        (project / "config.yaml").write_text(yaml.safe_dump(experiment(cells)))
        (project / "toy.csv").write_text("text,label\n" + ROWS * "good,1\nbad,0\n")  # enough for the largest size
        make_model("small", project / "tiny")
    shutil.copy(ROOT / "Snakefile", folder / "ours")
    for name in ("workflow", "envs"):
        shutil.copytree(ROOT / name, folder / "ours" / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "benchmarks" / "plain.smk", folder / "plain" / "Snakefile")


def finish(project):
    """Make all files of a project, each newer than its inputs, with Snakemake's record of each job."""
    run([__file__, "--finish"], project)


def content(job, path):
    """Return the content of an output file of a job, as far as planning reads it."""
    contents = {
        "dataset.json": lambda: {"config_digest": None},
        "selected.json": lambda: {"selected": {"setting": Path(job.input[0]).parent.name}},
    }
    return json.dumps(contents[path.name]()) if path.name in contents else ""


def finish_here():
    """Do the work of `finish` in the working directory; a separate process, because it replaces part of Snakemake."""
    from snakemake import cli, workflow

    def record(self, *plugins, **settings):
        self._prepare_dag(forceall=False, ignore_incomplete=True, lock_warn_only=True)
        self._build_dag()
        self.iocache.deactivate()
        started = time.time()
        levels = [list(level) for level in self.dag.toposorted()]
        for i, level in enumerate(levels):
            for job, path in ((maker, Path(path)) for maker in level for path in maker.output):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content(job, path))
                os.utime(path, (started + i - len(levels), started + i - len(levels)))
            for job in level:
                self.async_run(self.persistence.finished(job))

    workflow.Workflow.execute = record
    os.utime("toy.csv", (1, 1))
    cli.main(["--cores", "1"])


def seconds(project, case):
    """Return how many seconds Snakemake takes, and its output."""
    started = time.perf_counter()
    said = run(["-m", "snakemake", "--cores", "1", *COMMANDS[case]], project)
    return time.perf_counter() - started, said


def run(arguments, project):
    """Run Python with these arguments in the folder of a project; return its output."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=project, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} in {project}:\n{done.stdout[-2000:]}")
    return done.stdout


def jobs(said):
    """Return the number of jobs that Snakemake would run, according to its output."""
    found = re.search(r"^total +(\d+)$", said, re.MULTILINE)
    return int(found[1]) if found else 0


def compare(folder, case, rounds):
    """Return the seconds of each side, a list each, measured alternately; both must plan the same number of jobs."""
    taken = {side: [] for side in SIDES}
    for _ in range(rounds):
        planned = set()
        for side in SIDES:
            duration, said = seconds(folder / side, case)
            taken[side].append(duration)
            planned.add(jobs(said))
        if len(planned) > 1 or (case == "no-op") == any(planned):
            raise SystemExit(f"{case}: {planned} jobs are planned")
    return taken


def measure(arguments):
    """Return `comparisons` of all cases, for the suite."""
    return comparisons(arguments.rounds)


def comparisons(rounds=3, cells=(2000, 10_000), cases=tuple(COMMANDS), folder=None):
    """Measure all cases, large ones once; return one dict per case. A ratio of medians above 1: ours is faster."""
    results = []
    for n in cells:
        with tempfile.TemporaryDirectory(dir=folder) as place:
            make(Path(place), n)
            unfinished = list(SIDES)
            for case in sorted(cases, key=list(COMMANDS).index):
                while case != "plan" and unfinished:
                    finish(Path(place) / unfinished.pop())
                taken = compare(Path(place), case, rounds if n < LARGE else 1)
                ours, plain = (statistics.median(taken[side]) for side in SIDES)
                results.append(
                    {
                        "benchmark": "grid",
                        "case": f"{case}, {n:,} cells",
                        "unit": "s",
                        "ours": ours,
                        "peer": plain,
                        "peer_name": "Snakemake, empty rules",
                        "ratio": plain / ours,
                        "target": f"at most {LIMIT} times as long",
                        "rounds": len(taken["ours"]),
                        "threads": 1,
                        "note": f"medians; ours {listed(taken['ours'])}, peer {listed(taken['plain'])}",
                    }
                )
    return results


def listed(values):
    """Return seconds as text."""
    return "/".join(f"{value:.1f}" for value in values)


def main():
    """Measure the cases of the command line; print one line per case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, nargs="+", default=[2000, 10_000], help="multiples of 200")
    parser.add_argument("--cases", nargs="+", choices=COMMANDS, default=list(COMMANDS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", help="where to make the experiments (default: the system's temporary folder)")
    parser.add_argument("--finish", action="store_true", help=argparse.SUPPRESS)  # how it calls itself
    arguments = parser.parse_args()
    if arguments.finish:
        finish_here()
        return
    print(f"{'case':<20} {'ours, s':>8} {'plain, s':>8} {'times as long':>14}")
    for n in arguments.cells:
        for row in comparisons(arguments.rounds, [n], arguments.cases, arguments.folder):
            print(f"{row['case']:<20} {row['ours']:>8.1f} {row['peer']:>8.1f} {1 / row['ratio']:>14.2f}", flush=True)


if __name__ == "__main__":
    main()
