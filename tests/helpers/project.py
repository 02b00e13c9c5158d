"""A copy of the workflow with tiny data, a tiny BERT and a config, for tests to run Snakemake in."""

import copy
import csv
import re
import shutil
from contextlib import contextmanager
from pathlib import Path

import yaml

from helpers import fork
from helpers.paths import ROOT
from helpers.texts import make_rows

CONFIG = {
    "pathvars": {"results": "results"},
    "experiment": {
        "datasets": ["toy"],
        "arms": ["bert", "lstm", "lstm-bert-embeddings", "tfidf", "probe"],
        "reference": "bert",
        "sizes": [40, "50%"],
        "seeds": [0],
        "validation_max": 50,
    },
    "datasets": {
        "toy": {
            "title": "Toy",
            "source": "files",
            "files": "toy.csv",
            "splits": {"validation": 60, "test": 90},
            "max_length": 32,
        }
    },
    "models": {"tiny": {"path": "tiny-bert"}},
    "timing": {"devices": {"cpu": [2]}, "seconds": 0.01},
    "arms": {
        "bert": {
            "family": "bert",
            "model": "tiny",
            "learning_rates": [1e-3],
            "epochs": 2,
            "min_steps": 0,
            "validations": 2,
        },
        "lstm": {
            "family": "lstm",
            "tokenizer": "tiny",
            "learning_rates": [1e-3, 2e-2],
            "embedding_size": 16,
            "hidden": 16,
            "min_steps": 30,
            "dropout": 0.1,
        },
        "lstm-bert-embeddings": {
            "family": "lstm",
            "tokenizer": "tiny",
            "embeddings": "tiny",
            "learning_rates": [2e-2],
            "hidden": 16,
            "min_steps": 30,
        },
        "tfidf": {"family": "tfidf", "C": [1, 10]},
        "probe": {"family": "probe", "model": "tiny", "C": [0.1]},
    },
}


class Project:
    """A copy of the workflow in a folder of its own, with tiny data, a tiny BERT and a config."""

    def __init__(self, folder, tiny_bert, fork_jobs=True):
        self.folder, self.fork_jobs = Path(folder), fork_jobs
        for name in ("Snakefile", "workflow", "profiles", "envs"):
            source = ROOT / name
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, self.folder / name, ignore=ignore) if source.is_dir() else shutil.copy(
                source, self.folder
            )
        shutil.copytree(tiny_bert, self.folder / "tiny-bert")
        with open(self.folder / "toy.csv", "w", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *make_rows(400)])

    def snakemake(self, *arguments, config=CONFIG):
        """Run Snakemake with `config` as config.yaml; return the finished process, its output in one text."""
        (self.folder / "config.yaml").write_text(yaml.safe_dump(config))
        return fork.snakemake(self.folder, ["--cores", "2", *arguments], self.fork_jobs)

    def jobs(self, config=CONFIG, targets=()):
        """Return the number of jobs of each rule that would run: a dict, without rules that would not run."""
        done = self.snakemake("--dry-run", *targets, config=config)
        assert done.returncode == 0, done.stdout
        table = done.stdout.partition("Job stats:")[2].partition("\n\n")[0]
        return {rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE) if rule != "total"}

    @contextmanager
    def edited(self, module, old, new):
        """Replace `old` by `new` in a module of the copy's package during the block."""
        path = self.folder / "workflow" / "scripts" / "pretrain_or_not" / module
        text = path.read_text()
        assert text.count(old) >= 1, f"{module} no longer has {old!r}"
        path.write_text(text.replace(old, new, 1))
        try:
            yield
        finally:
            path.write_text(text)


def changed(path, value):
    """Return CONFIG with the value at `path` (a tuple of keys) replaced."""
    config = copy.deepcopy(CONFIG)
    place = config
    for key in path[:-1]:
        place = place.setdefault(key, {})
    place[path[-1]] = value
    return config
