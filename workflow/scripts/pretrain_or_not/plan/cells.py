"""The cells of an experiment: which there are, are complete, are scored, are timed."""

from __future__ import annotations

from pathlib import Path

from pretrain_or_not.config.grid import grid
from pretrain_or_not.config.sizes import size_order
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.files.paths import MODEL_FILES
from pretrain_or_not.plan.per_job import PerJob

CELL = "n{size}/seed{seed}"
CELL_FOLDER = f"{{dataset}}/runs/{{arm}}/{CELL}"
TIMING_FILE = f"{{dataset}}/timing/{{arm}}/{CELL}/{{device}}.parquet"


class Cells(PerJob):
    """The cells of an experiment, and their files. Paths begin with ``<results>``, which Snakemake replaces."""

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
        return [file for file in files if self.catalogue.on_disk(file).exists()]

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
        cells = grid(self.catalogue.config)
        return [cell for cell in cells if self.is_complete(cell)] if self.catalogue.experiment["partial"] else cells

    def missing_cells(self) -> list[dict]:
        """Return the cells of the experiment that `partial` leaves out of the scores."""
        return self.progress()[1] if self.catalogue.experiment["partial"] else []

    def progress(self) -> tuple[int, list[dict]]:
        """Return how many cells of the experiment are complete, and the others."""
        cells = grid(self.catalogue.config)
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

    def pretraining_runs(self, _wildcards):
        """Return the run.json of each model that is made for the weights of a cell to score, or of its teacher."""
        behind = self.catalogue.pretraining()
        places = dict.fromkeys((cell["arm"], self.catalogue.repetition_of(cell)) for cell in self.scored_cells())
        names = [name for arm, i in places for key in ("made", "teachers") for name in behind[arm][key][i]]
        return [f"<results>/pretrained/{name}/run.json" for name in dict.fromkeys(names)]

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
