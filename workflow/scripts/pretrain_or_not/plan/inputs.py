"""The input files of every job."""

from __future__ import annotations

from contextlib import suppress

from pretrain_or_not.config.selection import best_setting
from pretrain_or_not.data.sources import find_inputs
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.paths import ABOUT, MODEL_FILES, is_watched, subset_name
from pretrain_or_not.files.provenance import digest
from pretrain_or_not.plan.cells import CELL, CELL_FOLDER, Cells, read_if_complete, weights_of
from pretrain_or_not.plan.code import test_code
from pretrain_or_not.plan.per_job import per_job


class JobInputs(Cells):
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
        model, folder = (
            self.catalogue.keys_in(wildcards)["model"],
            self.catalogue.feature_folder(arm, wildcards.dataset),
        )
        return f"<results>/{wildcards.dataset}/features/{model}/{folder}/{split}.parquet"

    @per_job
    def training_examples(self, wildcards):
        """Return the file that holds the training examples of a cell."""
        return self.examples_of(wildcards, "train")

    @per_job
    def training(self, wildcards):
        """Return the other inputs of a training run, except its subset: examples to validate on, and embeddings."""
        validation = self.examples_of(wildcards, self.catalogue.experiment["selection"])
        found = {"validation": validation} | self.embeddings(wildcards) | self.made_weights(wildcards)
        if self.catalogue.arms[wildcards.arm].get("teacher"):
            cell = CELL.format(**wildcards)
            found["taught"] = f"<results>/{wildcards.dataset}/soft_labels/{wildcards.arm}/{cell}.parquet"
        if self.catalogue.arms[wildcards.arm].get("augment"):
            cell = CELL.format(**wildcards)
            found["generated"] = f"<results>/{wildcards.dataset}/generated/{wildcards.arm}/{cell}.parquet"
        return found

    def files_before_training(self, wildcards) -> list[str]:
        """Return the files that are older than a run of a cell, unless it will be trained again.

        Features of the training texts are left out: they grow with each cell that is added.
        """
        others = self.training(wildcards).values()
        subset = f"<results>/{wildcards.dataset}/subsets/{CELL.format(**wildcards)}.parquet"
        return [subset, *(path for other in others for path in ([other] if isinstance(other, str) else other))]

    @per_job
    def generation(self, wildcards):
        """Return the examples of a dataset, and those that no generated text may repeat."""
        return {
            "examples": f"<results>/{wildcards.dataset}/examples.parquet",
            "tested": self.catalogue.tested_on(wildcards.dataset),
        }

    @per_job
    def teaching(self, wildcards):
        """Return the selected model of a student's teacher, the examples of the dataset, and further texts."""
        teacher = self.catalogue.arms[wildcards.arm]["teacher"]
        folder = f"<results>/{CELL_FOLDER.format(**{**wildcards, 'arm': teacher['arm']})}/selected"
        found: dict = {"teacher": f"{folder}/{ABOUT}", "weights": [f"{folder}/{name}" for name in MODEL_FILES]}
        found["examples"] = f"<results>/{wildcards.dataset}/examples.parquet"
        if teacher["texts"]:
            found["texts"] = f"<results>/{teacher['texts']}/examples.parquet"
            found["tested"] = self.catalogue.tested_on(wildcards.dataset)
        return found

    def made_weights(self, wildcards):
        """Return the weights of a model that the workflow makes, as {"pretrained": path}, and the checks of its texts.

        An arm with random weights needs only its config.
        """
        arm = self.catalogue.keys_in(wildcards)
        found: dict = {}
        if (key := self.catalogue.family(wildcards.arm).weights_key) and self.catalogue.is_made(arm[key]):
            name = "config.json" if arm.get("init") == "random" else MODEL_FILES[0]
            found["pretrained"] = f"<results>/pretrained/{arm[key]}/{name}"
        if made := self.catalogue.made_for(wildcards):
            found["leaks"] = [f"<results>/{wildcards.dataset}/leaks/{name}.json" for name in made]
        return found

    def is_trained(self, wildcards, recipe):
        """Return whether a run was trained with this recipe."""
        run = read_if_complete(self.folder(wildcards) / wildcards.setting / "run.json")
        return run is not None and run.get("config_digest") == digest(recipe)

    @per_job
    def feature_subsets(self, wildcards):
        """Return the training subsets of all cells to score, or their teachers', that read these features of a dataset.

        With folds, none: the rows of all cells are all rows.
        """
        if self.catalogue.datasets[wildcards.dataset].get("folds"):
            return []
        subsets = [
            f"<results>/{cell['dataset']}/subsets/{CELL.format(**cell)}.parquet"
            for cell in self.with_teachers()
            if cell["dataset"] == wildcards.dataset
            and self.catalogue.reads(cell["arm"]) == "features"
            and self.catalogue.keys_in(cell)["model"] == wildcards.model
            and self.catalogue.feature_length(cell["arm"], cell["dataset"]) == wildcards.length
            and self.catalogue.states(cell["arm"]) == wildcards.get("states")
        ]
        return list(dict.fromkeys(subsets))

    def with_teachers(self):
        """Return the cells to score, and those of the arms that teach theirs."""
        teacher_of = self.catalogue.teacher_of
        return [
            cell | {"arm": arm}
            for cell in self.scored_cells()
            for arm in (cell["arm"], teacher_of(cell["arm"]))
            if arm is not None
        ]

    @per_job
    def state_subsets(self, wildcards):
        """Return the subsets whose rows of a split have states: of the training split, as `feature_subsets`."""
        return self.feature_subsets(wildcards) if wildcards.split == "train" else []

    @per_job
    def names_of_state_subsets(self, wildcards):
        """Return the names of `state_subsets`, sorted."""
        return sorted(map(subset_name, self.state_subsets(wildcards)))

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
        model = self.catalogue.keys_in(wildcards).get(key) if key else None
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
