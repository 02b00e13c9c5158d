"""The input files of every job."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from pretrain_or_not.config.grid import grid
from pretrain_or_not.config.predictions import cells_for
from pretrain_or_not.config.selection import best_setting
from pretrain_or_not.config.sizes import size_order
from pretrain_or_not.data.sources import files, find_inputs
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.files.paths import ABOUT, MODEL_FILES, is_watched, subset_name
from pretrain_or_not.files.provenance import digest
from pretrain_or_not.plan.code import test_code
from pretrain_or_not.plan.per_job import PerJob, per_job

CELL = "n{size}/seed{seed}"
CELL_FOLDER = f"{{dataset}}/runs/{{arm}}/{CELL}"
TIMING_FILE = f"{{dataset}}/timing/{{arm}}/{CELL}/{{device}}.parquet"


class JobInputs(PerJob):
    """Input functions of the rules. Paths begin with ``<results>``; Snakemake replaces it with the results folder."""

    @per_job
    def source_files(self, wildcards):
        """Return the source files of a dataset that Snakemake can watch; `find_versions` covers the others."""
        return [p for p in find_inputs(wildcards.dataset, self.catalogue.datasets[wildcards.dataset]) if is_watched(p)]

    def examples_of(self, wildcards, split):
        """Return the file that holds the examples of one split in the form that a cell's arm reads.

        With folds, all examples are in that of the training split.
        """
        arm = wildcards.arm
        if self.catalogue.datasets[wildcards.dataset].get("folds"):
            split = "train"
        reads = self.catalogue.reads(arm)
        if reads == "texts":
            return f"<results>/{wildcards.dataset}/examples.parquet"
        if reads == "tokens":
            return f"<results>/{wildcards.dataset}/tokens/{self.catalogue.tokenizer_of(arm)}/{split}.parquet"
        model, length = self.catalogue.arms[arm]["model"], self.catalogue.feature_length(arm, wildcards.dataset)
        return f"<results>/{wildcards.dataset}/features/{model}/length-{length}/{split}.parquet"

    @per_job
    def training_examples(self, wildcards):
        """Return the file that holds the training examples of a cell."""
        return self.examples_of(wildcards, "train")

    @per_job
    def training(self, wildcards):
        """Return the other inputs of a training run, except its subset: examples to validate on, and embeddings."""
        validation = self.examples_of(wildcards, self.catalogue.experiment["selection"])
        return {"validation": validation} | self.embeddings(wildcards)

    def is_trained(self, wildcards, recipe):
        """Return whether a run was trained with this recipe."""
        run = read_if_complete(self.folder(wildcards) / wildcards.setting / "run.json")
        return run is not None and run.get("config_digest") == digest(recipe)

    @per_job
    def feature_subsets(self, wildcards):
        """Return the training subsets of all cells to score whose arms read these features of a dataset.

        With folds, none: the rows of all cells are all rows.
        """
        if self.catalogue.datasets[wildcards.dataset].get("folds"):
            return []
        subsets = [
            f"<results>/{cell['dataset']}/subsets/{CELL.format(**cell)}.parquet"
            for cell in self.scored_cells()
            if cell["dataset"] == wildcards.dataset
            and self.catalogue.reads(cell["arm"]) == "features"
            and self.catalogue.arms[cell["arm"]]["model"] == wildcards.model
            and self.catalogue.feature_length(cell["arm"], cell["dataset"]) == wildcards.length
        ]
        return list(dict.fromkeys(subsets))

    @per_job
    def subsets_with_features(self, wildcards):
        """Return the training subsets whose texts have features already or are to have them, sorted.

        This is a param of the job that computes them: it runs again for a new subset, not for one fewer.
        """
        folder = self.catalogue.results / wildcards.dataset / "features" / wildcards.model
        path = folder / f"length-{wildcards.length}" / "train.parquet"
        known: list[str] = []
        if path.exists():
            from pretrain_or_not.files.parquet import read_metadata  # here, because it takes a quarter of a second

            with suppress(BadInput):  # the job itself says what is wrong
                known = read_metadata(path).get("subsets", [])
        return sorted({*known, *map(subset_name, self.feature_subsets(wildcards))})

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
    def tokenizer(self, wildcards):
        """Return the list of the files of the tokenizer that a cell's arm reads by, or no path."""
        if self.catalogue.reads(wildcards.arm) == "texts":
            return []
        name = self.catalogue.tokenizer_of(wildcards.arm)
        return f"<results>/{wildcards.dataset}/tokens/{name}/tokenizer/about.json"

    @per_job
    def new_texts(self, wildcards):
        """Return the files of new texts that Snakemake can watch."""
        name = wildcards.prediction
        return [p for p in files.find_inputs(name, self.catalogue.new_texts(name), "predict") if is_watched(p)]

    @per_job
    def candidates(self, wildcards):
        """Return what is known of each model of which one classifies new texts: the paths of classifier.json."""
        return [f"<results>/{CELL_FOLDER.format(**cell)}/selected/{ABOUT}" for cell in self.candidate_cells(wildcards)]

    @per_job
    def candidate_files(self, wildcards):
        """Return the weights and configs of these models."""
        folders = [f"<results>/{CELL_FOLDER.format(**cell)}/selected" for cell in self.candidate_cells(wildcards)]
        return [f"{folder}/{name}" for folder in folders for name in MODEL_FILES]

    def candidate_cells(self, wildcards):
        """Return the cells whose models an entry of `predict` allows; with `partial`, those that are complete."""
        entry, experiment = self.catalogue.predictions[wildcards.prediction], self.catalogue.experiment
        cells = cells_for(entry, experiment)
        return [cell for cell in cells if self.is_complete(cell)] if experiment["partial"] else cells

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
        run = self.lost_run(wildcards)
        return [weights_of(wildcards, run)] if run else []

    def lost_run(self, wildcards):
        """Return the content of the run.json of a cell's best trained run if its weights are deleted, otherwise None.

        Its `setting` is the name of its folder.
        """
        folder = self.folder(wildcards)
        trained = [s for s in self.catalogue.settings(wildcards.arm) if (folder / s / "run.json").exists()]
        has_weights = {s: (folder / s / MODEL_FILES[0]).exists() for s in trained}
        if all(has_weights.values()):
            return None  # no file is read for most cells, which have one run
        runs = {s: run | {"setting": s} for s in trained if (run := read_if_complete(folder / s / "run.json"))}
        metric = self.catalogue.metric  # a run that another metric has validated is trained again in any case
        scores = {s: run["validation_score"] for s, run in runs.items() if run.get("metric") == metric.name}
        best = best_setting(scores, metric.sign)
        return runs[best] if best and not has_weights[best] else None

    @per_job
    def untested_weights(self, wildcards):
        """Return the weights that must be trained again to test a cell with `keep_models: none`: none or one file.

        Deleted weights are not needed if predictions of that run, made by the same code, exist.
        """
        run = self.lost_run(wildcards)
        if run is None:
            return []
        from pretrain_or_not.evaluation.predict import is_tested  # here, because it takes a quarter of a second

        code = test_code(self.catalogue.family(wildcards.arm), metric=self.catalogue.metric)
        tested = is_tested(self.predictions_path(wildcards), run, code)
        return [] if tested else [weights_of(wildcards, run)]

    def folder(self, wildcards) -> Path:
        """Return the folder of a cell's runs."""
        return self.catalogue.results / CELL_FOLDER.format(**wildcards)

    def timings(self) -> list[str]:
        """Return the files of all timings; with `partial`, of those that exist.

        There is none with `keep_models: none`, as a model that is deleted cannot be timed.
        """
        if self.catalogue.experiment["keep_models"] == "none":
            return []
        devices = [device for device, batch_sizes in self.catalogue.timing["devices"].items() if batch_sizes]
        files = [
            f"<results>/{TIMING_FILE.format(device=device, **cell)}"
            for cell in self.timed_cells()
            for device in devices
        ]
        if not self.catalogue.experiment["partial"]:
            return files
        return [file for file in files if Path(file.replace("<results>", str(self.catalogue.results), 1)).exists()]

    def timed_cells(self) -> list[dict]:
        """Return one cell to score per arm to time and dataset: that of its largest size and its first seed.

        A share counts as larger than a count of examples. Texts of a fixed `length` take as long in every dataset, so
        an arm is timed on its first one.
        """
        largest: dict[tuple, dict] = {}
        timed = set(self.catalogue.timed_arms())
        for cell in self.scored_cells():
            if cell["arm"] not in timed:
                continue
            place = cell["arm"], cell["dataset"]
            if self.catalogue.timing["length"] is not None:
                place = next((known for known in largest if known[0] == cell["arm"]), place)
                if place[1] != cell["dataset"]:
                    continue
            if place not in largest or size_order(cell["size"]) > size_order(largest[place]["size"]):
                largest[place] = cell
        return list(largest.values())

    def scored_cells(self) -> list[dict]:
        """Return the cells to score: all of the experiment or, with `partial`, those that are complete on disk."""
        cells = grid(self.catalogue.experiment)
        return [cell for cell in cells if self.is_complete(cell)] if self.catalogue.experiment["partial"] else cells

    def missing_cells(self) -> list[dict]:
        """Return the cells of the experiment that `partial` leaves out of the scores."""
        return self.progress()[1] if self.catalogue.experiment["partial"] else []

    def progress(self) -> tuple[int, list[dict]]:
        """Return how many cells of the experiment are complete, and the others."""
        cells = grid(self.catalogue.experiment)
        missing = [cell for cell in cells if not self.is_complete(cell)]
        return len(cells) - len(missing), missing

    def is_complete(self, cell) -> bool:
        """Return whether all runs of a cell, their selection and its predictions exist."""
        folder, settings = self.folder(cell), self.catalogue.settings(cell["arm"])
        files = [folder / setting / "run.json" for setting in settings]
        files += [folder / "selected.json", self.predictions_path(cell)]
        return all(path.exists() for path in files)

    def predictions_path(self, cell) -> Path:
        """Return the path of a cell's predictions."""
        name = f"{CELL.format(**cell)}.parquet"
        return self.catalogue.results / cell["dataset"] / "predictions" / cell["arm"] / name

    def check_partial(self):
        """Raise BadInput if only complete cells are to be scored, and there are none."""
        if not self.scored_cells():
            raise BadInput("experiment.partial: no cell is complete yet, so there is nothing to score; run without it")

    def summaries(self, _wildcards):
        """Return the dataset.json of each dataset that has a cell to score."""
        return [f"<results>/{name}/dataset.json" for name in dict.fromkeys(c["dataset"] for c in self.scored_cells())]

    def examples(self, _wildcards):
        """Return the examples.parquet of each dataset that has a cell to score, in the order of `summaries`."""
        return [path.replace("dataset.json", "examples.parquet") for path in self.summaries(_wildcards)]

    def cells(self, pattern):
        """Return an input function that returns `pattern` for every cell to score.

        With a list instead, Snakemake would hash the complete list for each file in it, and the list would be made
        whenever the Snakefile is parsed, once per job on a cluster.
        """
        return lambda wildcards: [pattern.format(**cell) for cell in self.scored_cells()]


def weights_of(wildcards, run):
    """Return the weights of a run of a cell. run: the content of its run.json."""
    return f"<results>/{CELL_FOLDER.format(**wildcards)}/{run['setting']}/{MODEL_FILES[0]}"


def read_if_complete(path):
    """Read a JSON file; return None if it is missing or broken."""
    try:
        return read_json(path)
    except (OSError, BadInput):
        return None
