"""The forecast of an experiment: what each arm takes at each size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

import numpy as np
import pyarrow.compute as pc

from pretrain_or_not.config.grid import grid
from pretrain_or_not.config.sizes import at_most, count
from pretrain_or_not.data.examples import validation_count
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.files.parquet import open_parquet
from pretrain_or_not.forecast.estimate import STARTUP_SECONDS, Estimate, estimate, relevant, share_done
from pretrain_or_not.forecast.facts import Done, Facts
from pretrain_or_not.forecast.work import Work, planned_work
from pretrain_or_not.plan.catalogue import Catalogue
from pretrain_or_not.plan.file_checks import training_rows
from pretrain_or_not.plan.inputs import JobInputs
from pretrain_or_not.plan.params import JobParams

JOBS_PER_CELL = 2  # besides its runs: `select` and `evaluate`


@dataclass(frozen=True)
class Row:
    """An arm at a size of a dataset: all its cells.

    n: training examples. cells, runs: how many there are, and how many of them are done. work: of one run. one: its
    Estimate, None if nothing is known of the arm. seconds_taken: of the training runs that are done,
    without features. test_examples: per cell. processes: of a run. threads: of all of them.
    """

    dataset: str
    arm: str
    size: str
    n: int
    cells: int
    cells_done: int
    runs: int
    runs_done: int
    work: Work
    one: Estimate | None
    seconds_taken: float
    test_examples: int
    processes: int
    threads: int

    @property
    def runs_left(self) -> int:
        """Return how many runs are to be trained."""
        return self.runs - self.runs_done

    def seconds_left(self, at_most: bool = False) -> float:
        """Return the seconds of all jobs that are left, one after another; without an estimate, 0.

        at_most: no run is stopped early.
        """
        return self.training_left(at_most) + self.testing_left()

    def training_left(self, at_most: bool = False) -> float:
        """Return the seconds of all runs that are left; see `seconds_left`."""
        return self.runs_left * self._training(at_most) if self.one else 0.0

    def testing_left(self) -> float:
        """Return the seconds of all jobs that select and test; see `seconds_left`."""
        selecting = (JOBS_PER_CELL - 1) * STARTUP_SECONDS
        return (self.cells - self.cells_done) * (selecting + self._testing()) if self.one else 0.0

    def longest(self, at_most: bool = False, running: Sequence[float] = ()) -> float:
        """Return the seconds of the longest job that is left: of a run or, where all are done, of a test.

        running: the share that is done of each run that runs now.
        """
        if self.one is None or self.cells == self.cells_done:
            return 0.0
        if not self.runs_left:
            return self._testing()
        done = min(running) if len(running) >= self.runs_left else 0.0
        return (1 - done) * self._training(at_most)

    def _training(self, at_most):
        return self.one.seconds if at_most else self.one.expected

    def _testing(self):
        return STARTUP_SECONDS + self.test_examples * self.one.predicting

    @property
    def on_gpu(self) -> bool:
        """Return whether its runs compute on a GPU."""
        return self.one is not None and self.one.device != "cpu"

    @property
    def gpus(self) -> int:
        """Return how many GPUs a run computes on."""
        return self.processes if self.on_gpu else 0


@dataclass(frozen=True)
class Features:
    """The features that arms read of a frozen model, computed once for all of their runs.

    texts: how many are encoded in all. texts_left: how many are not encoded yet. per_text: seconds, None if not known.
    """

    dataset: str
    model: str
    texts: int
    texts_left: int
    per_text: float | None
    threads: int
    on_gpu: bool

    @property
    def seconds_left(self) -> float:
        """Return the seconds that are left; 0 if the speed is not known."""
        return self.texts_left * (self.per_text or 0.0)

    @property
    def gpus(self) -> int:
        """Return how many GPUs the job computes on."""
        return int(self.on_gpu)


class Forecast:
    """The forecast of an experiment, from the files in its folder of results."""

    def __init__(self, catalogue: Catalogue):
        self.catalogue, self.params = catalogue, JobParams(catalogue)
        self.inputs = JobInputs(catalogue)
        self.summaries: dict[str, dict] = {}
        self.lengths: dict[tuple[str, str], np.ndarray | None] = {}

    def summary(self, dataset: str) -> dict:
        """Return the content of the dataset.json of a dataset; raise BadInput if it has not been ingested."""
        if dataset not in self.summaries:
            path = self.catalogue.results / dataset / "dataset.json"
            if not path.is_file():
                raise BadInput(f"{path}: there is no such file yet; it is written by the first job of a run")
            self.summaries[dataset] = read_json(path)
        return self.summaries[dataset]

    def lengths_of(self, dataset: str, arm: str) -> np.ndarray | None:
        """Return the tokens of each training text as an arm reads it, (k,); None if they are not known."""
        key = (dataset, arm)
        if key not in self.lengths:
            self.lengths[key] = None
            if self.catalogue.reads(arm) == "tokens":
                name = self.catalogue.tokenizer_of(arm)
                path = self.catalogue.results / dataset / "tokens" / str(name) / "train.parquet"
                if path.is_file():
                    self.lengths[key] = text_lengths(path, self.catalogue.max_length(arm, dataset))
        return self.lengths[key]

    def rows(self, done: Done) -> list[Row]:
        """Return a Row for each dataset, arm and size of the experiment, in the order of the config."""
        groups: dict[tuple, list] = {}
        for cell in grid(self.catalogue.config):
            groups.setdefault((cell["dataset"], cell["arm"], cell["size"]), []).append(cell["seed"])
        return [self.row(dataset, arm, size, seeds, done) for (dataset, arm, size), seeds in groups.items()]

    def row(self, dataset: str, arm: str, size: str, seeds: list[int], done: Done) -> Row:
        """Return the Row of cells, one per seed."""
        summary, settings = self.summary(dataset), self.catalogue.settings(arm)
        n = count(size, training_rows(summary))
        work = self.work(dataset, arm, n)
        runs = [
            run for seed in seeds for setting in settings if (run := done.runs.get((dataset, arm, size, seed, setting)))
        ]
        neural, one = self.catalogue.family(arm).neural, self.estimate(dataset, arm, work, done.facts)
        processes = self.catalogue.arms[arm].get("processes", 1) if neural else 1
        taken = [run["seconds"] - run.get("feature_seconds", 0.0) + run["validation_seconds"] for run in runs]
        if one and len(runs) == len(seeds) * len(settings):  # nothing is left to estimate
            one = one._replace(expected=STARTUP_SECONDS + mean(taken))
        return Row(
            dataset=dataset,
            arm=arm,
            size=size,
            n=n,
            cells=len(seeds),
            cells_done=sum((dataset, arm, size, seed) in done.tested for seed in seeds),
            runs=len(seeds) * len(settings),
            runs_done=len(runs),
            work=work,
            one=one,
            seconds_taken=sum(taken),
            test_examples=(summary["folds"] or summary)["rows"]["test"],
            processes=processes,
            threads=self.catalogue.experiment["threads"] * processes if neural else 1,
        )

    def features(self, rows: list[Row], done: Done) -> list[Features]:
        """Return the Features of each dataset, model, length and kind of states that arms read. rows: see `rows`."""
        by_place = {(row.dataset, row.arm, row.size): row for row in rows}
        readers: dict[tuple, Counter] = {}  # of each model, how many cells of each row
        for cell in grid(self.catalogue.config):
            place = cell["dataset"], cell["arm"], cell["size"]
            if self.catalogue.reads(cell["arm"]) == "features" and place in by_place:
                of_arm = self.catalogue.feature_folder(cell["arm"], cell["dataset"])
                key = (cell["dataset"], self.catalogue.keys_in(cell)["model"], of_arm)
                readers.setdefault(key, Counter())[place] += 1
        found = []
        for (dataset, model, name), cells in readers.items():
            of_model = [by_place[place] for place in cells]
            counts, folds = self.summary(dataset)["rows"], self.summary(dataset)["folds"]
            # The subsets of a seed are nested, those of several seeds overlap little.
            used = min(counts["train"], max(by_place[place].n * count for place, count in cells.items()))
            texts = sum(counts.values()) if folds else used + counts["validation"] + counts["test"]
            folder = self.catalogue.results / dataset / "features" / model / name
            there = sum(number_of_rows(path) for path in folder.glob("*.parquet"))
            facts = [fact for row in of_model for fact in relevant(done.facts, row.arm, dataset)]
            found.append(
                Features(
                    dataset, model, texts, max(0, texts - there),
                    median(fact.feature_seconds for fact in facts) if facts else None,
                    self.catalogue.experiment["threads"],
                    any(fact.device != "cpu" for fact in facts),
                )
            )  # fmt: skip
        return found

    def work(self, dataset: str, arm: str, n: int) -> Work:
        """Return the Work of a run of an arm on `n` examples of a dataset."""
        keys, lengths = self.catalogue.arms[arm], self.lengths_of(dataset, arm)
        return planned_work(self.catalogue.family(arm), keys, n, lengths, self.unlabelled(dataset, arm, n))

    def unlabelled(self, dataset: str, arm: str, n: int) -> int:
        """Return how many texts without labels an arm reads that its teacher has answered; 0 before they are ingested.

        Of its own dataset, the `n` texts with labels are left out. Others may be, too, because they are tested on.
        """
        teacher = self.catalogue.arms[arm].get("teacher") or {"texts": None}
        if teacher["texts"] is None or not (self.catalogue.results / teacher["texts"] / "dataset.json").is_file():
            return 0
        rows = self.summary(teacher["texts"])["rows"]["train"]
        return min(count(at_most(teacher["amount"], rows), rows), rows - n if teacher["texts"] == dataset else rows)

    def estimate(self, dataset: str, arm: str, work: Work, facts: list[Facts]) -> Estimate | None:
        """Return the Estimate of a run of an arm; None if nothing is known of the arm."""
        if not work.n:
            return None
        experiment, summary = self.catalogue.experiment, self.summary(dataset)
        rows = (summary["folds"] or summary)["rows"]
        if experiment["selection"] == "test":
            validation = rows["test"]
        else:
            most = validation_count(work.n, experiment["validation_max"])
            validation = min(rows["validation"], most)
        known = relevant(facts, arm, dataset)
        steps = [(fact.steps, self.work(fact.dataset, arm, fact.n).steps) for fact in known if fact.finished]
        rate = self.catalogue.config["plan"]["flops_per_second"]  # of one GPU
        rate = rate and rate * self.catalogue.arms[arm].get("processes", 1)
        share = share_done(steps)
        return estimate(self.catalogue.family(arm), known, work, validation, share, rate)


def text_lengths(path: Path, max_length: int | None) -> np.ndarray:
    """Return the number of tokens of each text in a file of tokens, cut to `max_length`, int64 (n,)."""
    with open_parquet(path) as file:
        lengths = pc.list_value_length(file.read(columns=["input_ids"])["input_ids"]).to_numpy().astype(np.int64)
    return lengths if max_length is None else lengths.clip(max=max_length)


def number_of_rows(path: Path) -> int:
    """Return the number of rows of a Parquet file."""
    with open_parquet(path) as file:
        return file.metadata.num_rows
