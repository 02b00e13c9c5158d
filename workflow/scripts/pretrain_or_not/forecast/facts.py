"""What runs of an arm took: finished ones, or a short one that was measured for the plan."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pretrain_or_not.config.grid import grid
from pretrain_or_not.files.paths import MODEL_FILES
from pretrain_or_not.files.provenance import digest
from pretrain_or_not.plan.catalogue import Catalogue
from pretrain_or_not.plan.cells import read_if_complete
from pretrain_or_not.plan.inputs import JobInputs
from pretrain_or_not.plan.params import JobParams
from pretrain_or_not.plan.per_job import Wildcards

MEGABYTE = 1e6
FREE = 0.9  # share of a CPU below which a measurement was disturbed by other programs
BYTES_PER_WEIGHT = 4


@dataclass(frozen=True)
class Facts:
    """What one run took.

    n: training examples. steps: optimizer steps that were done. examples, tokens: what was computed on, as in `Work`;
    tokens is None where they are not counted. seconds, flops: of training. validation_seconds: per text that was
    predicted. feature_seconds: per text whose features the arm reads; not part of `seconds`, as they are computed once
    for all runs. startup_seconds: of the job besides, None if not known. memory_mb: peak. model_mb: of its files.
    device: as in run.json. cpu_share: of a CPU that a measured run got, 1 for others. finished: whether it is a run of
    the experiment, not one measured for the plan.
    """

    dataset: str
    arm: str
    n: int
    steps: int
    examples: int
    tokens: int | None
    seconds: float
    flops: int
    validation_seconds: float
    feature_seconds: float
    startup_seconds: float | None
    memory_mb: int
    model_mb: float
    device: str
    cpu_share: float
    finished: bool


def facts_of(run: dict, model_mb: float | None = None) -> Facts:
    """Return the Facts of a run. run: the content of its run.json, or of a measured speed.

    model_mb: of its files; None where they are gone, and its weights are counted.
    """
    model_mb = run.get("model_mb", model_mb)
    features = run.get("feature_seconds", 0.0)
    predicted = max(1, run["validations"] * run["validation_examples"])
    return Facts(
        dataset=run["dataset"],
        arm=run["arm"],
        n=run["n"],
        steps=run["steps"],
        examples=run["examples_seen"],
        tokens=run.get("tokens_seen"),
        seconds=run["seconds"] - features,
        flops=run["training_flops"],
        validation_seconds=run["validation_seconds"] / predicted,
        feature_seconds=features / run["n"],
        startup_seconds=run.get("startup_seconds"),
        memory_mb=run["peak_memory_mb"],
        model_mb=run["parameters"] * BYTES_PER_WEIGHT / MEGABYTE if model_mb is None else model_mb,
        device=run["device"],
        cpu_share=run.get("cpu_share", 1.0),
        finished="startup_seconds" not in run,
    )


class Done:
    """What is done of an experiment.

    runs: the content of the run.json of each finished run that will not be trained again, by (dataset, arm, size, seed,
    setting). tested: the cells with predictions of these, as (dataset, arm, size, seed).
    """

    def __init__(self, catalogue: Catalogue, inputs: JobInputs, params: JobParams):
        self.runs: dict[tuple, dict] = {}
        self.tested: set[tuple] = set()
        self.facts: list[Facts] = []
        self.times: dict[Path, float] = {}  # of files that runs read: most are the same for many cells
        recipes: dict[tuple, str] = {}
        selected_by = catalogue.metric.name, catalogue.experiment["selection"]
        for cell in grid(catalogue.config):
            wildcards, key = Wildcards(cell), tuple(cell.values())
            keys = catalogue.keys_in(cell)
            of_arm = (cell["dataset"], cell["arm"], *(keys.get(key) for key in catalogue.weighing(cell["arm"])))
            if of_arm not in recipes:
                recipes[of_arm] = digest(params.recipe(wildcards))
            read = max(map(self.time_of, map(catalogue.on_disk, inputs.files_before_training(wildcards))))
            complete, trained = True, 0.0
            for setting in catalogue.settings(cell["arm"]):
                folder = inputs.folder(wildcards) / setting
                run = read_if_complete(folder / "run.json")
                # A run by another recipe will be trained again.
                if run is None or run.get("config_digest") != recipes[of_arm]:
                    complete = False
                    continue
                written = written_at(folder / "run.json")
                # So will one on data that have changed since, or selected in another way, but as fast as before.
                if written < read or (run.get("metric"), run.get("selection")) != selected_by:
                    complete = False
                else:
                    self.runs[(*key, setting)] = run
                    trained = max(trained, written)
                if run["n"]:  # without labels, nothing was predicted in time that would tell how fast the arm is
                    # Of the models of a cell, often only the selected one is kept; they are about as large.
                    size = files_mb(folder) or files_mb(folder.parent / "selected")
                    self.facts.append(facts_of(run, size))
            if complete and inputs.is_complete(cell) and written_at(inputs.predictions_path(cell)) >= trained:
                self.tested.add(key)
        self.facts += [
            facts_of(speed)
            for path in speeds(catalogue.results)
            # One by another recipe lies where another size or value of the sweep was measured.
            if (speed := read_if_complete(path)) and speed.get("config_digest") in recipes.values()
        ]

    def time_of(self, path: Path) -> float:
        """Return when a file was written, as `written_at`; it is looked at once."""
        if path not in self.times:
            self.times[path] = written_at(path)
        return self.times[path]


def written_at(path: Path) -> float:
    """Return when a file was written, in seconds since 1970; 0 if there is none."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def speeds(results: Path):
    """Return the paths of all measured speeds in a folder of results."""
    return sorted(results.glob("speed/*/*/*/*/*.json"))


def files_mb(folder: Path) -> float | None:
    """Return the size of a model's files in MB, None where they are deleted."""
    try:
        return sum((folder / name).stat().st_size for name in MODEL_FILES) / MEGABYTE
    except OSError:
        return None
