"""What the jobs of further test sets need."""

from __future__ import annotations

from pretrain_or_not.config.shifts import as_labelled, change_of
from pretrain_or_not.data.sources import files, find_versions
from pretrain_or_not.files.paths import ABOUT, MODEL_FILES, is_watched
from pretrain_or_not.plan.catalogue import SHIFT_FOLDER, Catalogue
from pretrain_or_not.plan.cells import CELL, CELL_FOLDER
from pretrain_or_not.plan.code import shift_code
from pretrain_or_not.plan.inputs import JobInputs
from pretrain_or_not.plan.params import with_whole_numbers
from pretrain_or_not.plan.per_job import PerJob, per_job


class ShiftJobs(PerJob):
    """Inputs, then params, of their rules. Paths begin with ``<results>``, which Snakemake replaces."""

    def __init__(self, catalogue: Catalogue, inputs: JobInputs):
        super().__init__(catalogue)
        self.inputs = inputs

    def entry(self, wildcards) -> dict:
        """Return the keys of a shift; Snakemake may ask for one that another dataset has."""
        return self.catalogue.shifts(wildcards.dataset).get(wildcards.shift) or {"files": None}

    @per_job
    def files(self, wildcards):
        """Return the files of a shift that Snakemake can watch."""
        entry, dataset = self.entry(wildcards), wildcards.dataset
        if entry["files"] is None:
            return []
        texts = as_labelled(entry, self.catalogue.datasets[dataset])
        found = files.find_inputs(wildcards.shift, texts, f"datasets.{dataset}.shifts")
        return [path for path in found if is_watched(path)]

    @per_job
    def model(self, wildcards):
        """Return the files of the selected model of a cell and, for a shift from files, the checks of its texts."""
        folder = f"<results>/{CELL_FOLDER.format(**wildcards)}/selected"
        found = {"about": f"{folder}/{ABOUT}", "weights": [f"{folder}/{name}" for name in MODEL_FILES]}
        made = self.catalogue.made_for(wildcards)
        if teacher := self.catalogue.teacher_of(wildcards.arm):
            made += self.catalogue.made_behind(teacher, self.catalogue.repetition_of(wildcards))
        if made and self.entry(wildcards)["files"] is not None:
            found["leaks"] = [
                f"<results>/{SHIFT_FOLDER.format(**wildcards)}/leaks/{name}.json" for name in dict.fromkeys(made)
            ]
        return found

    def predictions(self, _wildcards):
        """Return the predictions of all cells to score on the further test sets of their datasets."""
        return [
            f"<results>/{SHIFT_FOLDER.format(dataset=cell['dataset'], shift=shift)}/predictions/{cell['arm']}/"
            f"{CELL.format(**cell)}.parquet"
            for cell in self.inputs.scored_cells()
            for shift in self.catalogue.shifts(cell["dataset"])
        ]

    @per_job
    def shift(self, wildcards):
        """Return what a shift is: {"change": …}, or {"texts": …}, with the versions of files that are not watched."""
        entry, dataset = self.entry(wildcards), self.catalogue.datasets[wildcards.dataset]
        if entry["files"] is None:
            return {"change": with_whole_numbers(change_of(entry, dataset["seed"]))}
        texts = as_labelled(entry, dataset)
        versions = find_versions(texts)
        return {"texts": texts | ({"versions": versions} if versions is not None else {})}

    @per_job
    def code(self, wildcards):
        """Return the digest of the code that tests the model of a cell on a shift."""
        return shift_code(self.catalogue.family(wildcards.arm))
