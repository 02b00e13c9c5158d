"""What the jobs need that classify new texts."""

from __future__ import annotations

from pretrain_or_not.config.predictions import cells_for
from pretrain_or_not.data.sources import files, find_versions
from pretrain_or_not.files.paths import ABOUT, MODEL_FILES, is_watched
from pretrain_or_not.files.provenance import digest
from pretrain_or_not.plan.catalogue import Catalogue
from pretrain_or_not.plan.cells import CELL_FOLDER
from pretrain_or_not.plan.code import prediction_code
from pretrain_or_not.plan.inputs import JobInputs
from pretrain_or_not.plan.per_job import PerJob, per_job


class PredictionJobs(PerJob):
    """Inputs, then params, of the rule `predict`. Paths begin with ``<results>``, which Snakemake replaces."""

    def __init__(self, catalogue: Catalogue, inputs: JobInputs):
        super().__init__(catalogue)
        self.inputs = inputs

    @per_job
    def files(self, wildcards):
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

    @per_job
    def recommendation(self, wildcards):
        """Return the table that says which arm classifies new texts, or nothing if only models of one arm may do so."""
        arms = {cell["arm"] for cell in self.candidate_cells(wildcards)}
        return {"recommendation": "<results>/recommendation.parquet"} if len(arms) > 1 else {}

    def candidate_cells(self, wildcards):
        """Return the cells whose models an entry of `predict` allows; with `partial`, those that are complete."""
        entry, experiment = self.catalogue.predictions[wildcards.prediction], self.catalogue.experiment
        cells = cells_for(entry, self.catalogue.config)
        return [cell for cell in cells if self.inputs.is_complete(cell)] if experiment["partial"] else cells

    @per_job
    def texts(self, wildcards):
        """Return how new texts are read, and the versions of files that are not watched."""
        texts = self.catalogue.new_texts(wildcards.prediction)
        versions = find_versions(texts)
        return texts | ({"versions": versions} if versions is not None else {})

    @per_job
    def models(self, wildcards):
        """Return a digest of which models may classify new texts: others may be older than what is there already."""
        return digest(self.candidate_cells(wildcards))

    @per_job
    def code(self, wildcards):
        """Return the digest of the code that classifies new texts: that of the families whose models may do so."""
        arms = {
            cell["arm"] for cell in cells_for(self.catalogue.predictions[wildcards.prediction], self.catalogue.config)
        }
        return prediction_code([self.catalogue.family(arm) for arm in sorted(arms)])
