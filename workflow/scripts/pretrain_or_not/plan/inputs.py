"""The input files of every job."""

from __future__ import annotations

import json
from pathlib import Path

from pretrain_or_not.config.grid import grid
from pretrain_or_not.config.selection import best_setting
from pretrain_or_not.data.sources import find_inputs
from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.files.paths import MODEL_FILES
from pretrain_or_not.plan.catalogue import Catalogue
from pretrain_or_not.plan.code import test_code
from pretrain_or_not.plan.per_job import PerJob, per_job

CELL = "n{size}/seed{seed}"
CELL_FOLDER = f"{{dataset}}/runs/{{arm}}/{CELL}"


class JobInputs(PerJob):
    """Input functions of the rules. Paths begin with ``<results>``; Snakemake replaces it with the results folder."""

    def __init__(self, catalogue: Catalogue):
        self.catalogue = catalogue
        super().__init__()

    @per_job
    def source_files(self, wildcards):
        """Return the source files of a dataset."""
        return find_inputs(wildcards.dataset, self.catalogue.datasets[wildcards.dataset])

    def examples_of(self, wildcards, split):
        """Return the file of one split in the form that the family of a cell's arm reads."""
        arm = wildcards.arm
        reads = self.catalogue.family(arm).reads
        name = self.catalogue.tokenizer_of(arm) if reads == "tokens" else self.catalogue.arms[arm]["model"]
        return f"<results>/{wildcards.dataset}/{reads}/{name}/{split}.parquet"

    @per_job
    def training(self, wildcards):
        """Return the inputs of a training run, except its subset: examples, and embeddings if it starts from some."""
        splits = {"train": "train", "validation": self.catalogue.experiment["selection"]}
        files = {key: self.examples_of(wildcards, split) for key, split in splits.items()}
        return files | self.embeddings(wildcards)

    @per_job
    def embeddings(self, wildcards):
        """Return the embedding file that an arm starts from, as {"embeddings": path}, or an empty dict."""
        key = self.catalogue.family(wildcards.arm).embeddings_key
        model = self.catalogue.arms[wildcards.arm].get(key) if key else None
        return {"embeddings": f"<results>/embeddings/{model}.safetensors"} if model else {}

    @per_job
    def test(self, wildcards):
        """Return the file of the test split that a cell's arm reads."""
        return self.examples_of(wildcards, "test")

    @per_job
    def run_costs(self, wildcards):
        """Return the run.json of each run of a cell, in the order of the sweep."""
        cell = CELL_FOLDER.format(**wildcards)
        return [f"<results>/{cell}/{setting}/run.json" for setting in self.catalogue.settings(wildcards.arm)]

    @per_job
    def lost_weights(self, wildcards):
        """Return the weights that must be trained again to select among the runs of a cell: none or one file.

        Weights of runs that were not selected are deleted, unless `keep_models` is all. They are needed again if such a
        run becomes the best trained one: because the selected learning rate was dropped, the sweep was reordered on a
        tie, the selected run was trained again, or its files were deleted.
        """
        best = self.best_run(wildcards)
        if best is None or (self.folder(wildcards) / best / MODEL_FILES[0]).exists():
            return []
        return [f"<results>/{CELL_FOLDER.format(**wildcards)}/{best}/{MODEL_FILES[0]}"]

    def best_run(self, wildcards):
        """Return the setting of the best trained run of a cell; None if all trained runs have their weights."""
        folder = self.folder(wildcards)
        trained = [s for s in self.catalogue.settings(wildcards.arm) if (folder / s / "run.json").exists()]
        if all((folder / s / MODEL_FILES[0]).exists() for s in trained):
            return None  # most cells have one run: no file is read
        runs = {s: run for s in trained if (run := read_if_complete(folder / s / "run.json"))}
        return best_setting({s: run["validation_accuracy"] for s, run in runs.items()})

    @per_job
    def untested_weights(self, wildcards):
        """Return the weights that must be trained again to test a cell with `keep_models: none`: none or one file.

        Deleted weights are not needed if predictions of that run, made by the same code, exist.
        """
        lost = self.lost_weights(wildcards)
        if lost:
            from pretrain_or_not.evaluation.predict import is_tested  # here, because it takes a quarter of a second

            run = read_json(self.folder(wildcards) / self.best_run(wildcards) / "run.json")
            predictions = Path(wildcards.dataset, "predictions", wildcards.arm, CELL.format(**wildcards))
            if is_tested(
                self.catalogue.results / f"{predictions}.parquet", run, test_code(self.catalogue.family(wildcards.arm))
            ):
                return []
        return lost

    def folder(self, wildcards) -> Path:
        """Return the folder of a cell's runs."""
        return self.catalogue.results / CELL_FOLDER.format(**wildcards)

    def timings(self) -> list[str]:
        """Return the files of all timings."""
        return [
            f"<results>/timing/{arm}/{device}-batch{batch_size}-length{length}.parquet"
            for device, batch_sizes in self.catalogue.timing["devices"].items()
            for batch_size in batch_sizes
            for length in self.catalogue.timing["lengths"]
            for arm in self.catalogue.timed_arms()
        ]

    def cells(self, pattern):
        """Return an input function that returns `pattern` for every cell of the experiment.

        With a list instead, Snakemake would hash the complete list for each file in it, and the list would be made
        whenever the Snakefile is parsed, once per job on a cluster.
        """
        return lambda wildcards: [pattern.format(**cell) for cell in grid(self.catalogue.experiment)]


def read_if_complete(path):
    """Read a JSON file; return None if it is missing or broken."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
