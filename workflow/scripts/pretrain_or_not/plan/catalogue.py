"""The catalogue of a config: its datasets, models, arms by name."""

from __future__ import annotations

import re
from pathlib import Path

from pretrain_or_not.config.families import FAMILIES, Family
from pretrain_or_not.config.metrics import METRICS, Metric
from pretrain_or_not.config.predictions import as_dataset, dataset_of
from pretrain_or_not.config.recipe import tokenizer_of
from pretrain_or_not.config.sizes import count
from pretrain_or_not.data.sources import files, find_inputs, find_versions, look_into
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.files.model_files import check_architecture, check_weight_files
from pretrain_or_not.files.pretrained import locate
from pretrain_or_not.files.provenance import digest
from pretrain_or_not.files.static_table import static_table
from pretrain_or_not.files.vocabulary_files import check_vocabulary_files

ONLY_SETTING = "only"  # the setting of a run without a sweep

WHOLE = "model"  # in the path of features of texts that are cut only where the model has to cut them


def training_rows(facts):
    """Return how many training rows a cell has at most. facts: the content of dataset.json."""
    return (facts["folds"] or facts)["rows"]["train"]


def one_of(names):
    """Return a wildcard constraint, a regular expression, that allows only these names."""
    return "|".join(map(re.escape, names)) or "(?!)"


class Catalogue:
    """A config with its defaults filled in (`config.check.check_config`)."""

    def __init__(self, config: dict):
        self.config = config
        self.experiment, self.datasets, self.arms, self.models, self.timing = (
            config[key] for key in ("experiment", "datasets", "arms", "models", "timing")
        )
        self.predictions = config["predict"]
        self.results = Path(config["pathvars"]["results"])

    @property
    def metric(self) -> Metric:
        """Return the metric of the experiment."""
        return METRICS[self.experiment["metric"]]

    @property
    def one_point(self) -> float:
        """Return the gap below which an arm is close to the reference arm: of the config, or of the metric."""
        given = self.config["figures"]["one_point"]
        return self.metric.small if given is None else given

    def family(self, arm: str) -> Family:
        """Return the family of an arm."""
        return FAMILIES[self.arms[arm]["family"]]

    def arms_of(self, family: str) -> list[str]:
        """Return the arms of a family."""
        return [name for name, arm in self.arms.items() if arm["family"] == family]

    def settings(self, arm: str) -> list[str]:
        """Return the settings of an arm, one per run of a cell, as in the names of their folders."""
        sweep = self.family(arm).sweep
        if sweep is None:
            return [ONLY_SETTING]
        return [f"{sweep.prefix}{float(value)!r}" for value in self.arms[arm][sweep.key]]

    def reads(self, arm: str) -> str:
        """Return the form in which an arm reads examples: "tokens", "features" or "texts"."""
        return self.family(arm).reads_of(self.arms[arm])

    def tokenizer_of(self, arm: str) -> str | None:
        """Return the name in `models` of an arm's tokenizer, None if it has none."""
        return tokenizer_of(self.arms[arm])

    def max_length(self, arm: str, dataset: str) -> int | None:
        """Return to how many tokens an arm cuts the texts of a dataset; None for as many as its model can read."""
        length = self.arms[arm].get("max_length", "dataset")
        return self.datasets[dataset]["max_length"] if length == "dataset" else length

    def feature_length(self, arm: str, dataset: str) -> str:
        """Return the `max_length` of an arm that reads features as in their path: a number of tokens, or WHOLE."""
        length = self.max_length(arm, dataset)
        return WHOLE if length is None else str(length)

    def stored_length(self, tokenizer: str, dataset: str) -> int | None:
        """Return the most tokens of a text that an arm of the experiment reads with a tokenizer; None for all."""
        lengths = [
            self.max_length(arm, dataset)
            for arm in self.experiment["arms"]
            if self.reads(arm) != "texts" and self.tokenizer_of(arm) == tokenizer
        ]
        known = [length for length in lengths if length is not None]
        return None if len(known) < len(lengths) else max(known, default=self.datasets[dataset]["max_length"])

    def timed_arms(self) -> list[str]:
        """Return the arms to time: those that the config names, or all of the experiment.

        With a `length` in tokens, arms that read texts are not among them.
        """
        names = self.experiment["arms"] if self.timing["arms"] is None else self.timing["arms"]
        return [arm for arm in names if self.timing["length"] is None or self.reads(arm) != "texts"]

    def shown_time(self) -> dict | None:
        """Return the `device` and `batch_size` of the times that figures show, None if nothing is timed."""
        timed = [
            {"device": device, "batch_size": sizes[0]} for device, sizes in self.timing["devices"].items() if sizes
        ]
        return min(timed, key=lambda time: time["device"] != "cpu") if timed else None

    def titles(self) -> dict:
        """Return the titles of the experiment's datasets and arms: {"dataset": {name: title}, "arm": {name: title}}."""
        datasets = {name: self.datasets[name]["title"] or name for name in self.experiment["datasets"]}
        return {"dataset": datasets, "arm": self.titles_of(self.experiment["arms"])}

    def titles_of(self, arms) -> dict:
        """Return the titles of arms, as tables and figures show them: {name: title}."""
        return {name: self.arms[name]["title"] or name for name in arms}

    def wildcard_constraints(self) -> dict[str, str]:
        """Return a regular expression per wildcard: {wildcard: expression}."""
        prefixes = {family.sweep.prefix for family in FAMILIES.values() if family.sweep}
        return {
            "dataset": one_of(self.datasets),
            "arm": one_of(self.arms),
            "tokenizer": one_of(self.models),
            "model": one_of(self.models),
            "length": rf"\d+|{WHOLE}",
            "size": r"\d+|\d+(\.\d+)?pct",
            "seed": r"\d+",
            "prediction": one_of(self.predictions),
            "setting": rf"({one_of(sorted(prefixes))})[0-9.e+-]+|{ONLY_SETTING}",
        }

    def check_data(self):
        """Raise BadInput if a source of the experiment is missing, its first rows are wrong, or a size is too large."""
        self.check_new_texts()
        for name, sources in self.find_sources().items():
            try:
                facts = self.ingested(name, sources)
                rows = training_rows(facts) if facts else look_into(self.datasets[name])
                for size in self.experiment["sizes"] if rows is not None else ():
                    count(size, rows, at_most=not facts)
            except BadInput as error:
                raise BadInput(f"dataset {name!r}: {error}") from error

    def new_texts(self, name: str) -> dict:
        """Return an entry of `predict` as a dataset of source `files` without labels."""
        entry = self.predictions[name]
        return as_dataset(entry, self.datasets[str(dataset_of(self.experiment, entry))])

    def check_new_texts(self):
        """Raise BadInput if a file of new texts is missing, or its first rows are wrong."""
        for name in self.predictions:
            texts = self.new_texts(name)
            files.find_inputs(name, texts, "predict")
            try:
                files.look_into(texts)
            except BadInput as error:
                raise BadInput(f"config: predict.{name}: {error}") from error

    def find_sources(self):
        """Return the source files of each dataset of the experiment: {name: paths}; raise BadInput for all mistakes."""
        found, mistakes = {}, []
        for name in self.experiment["datasets"]:
            try:
                found[name] = find_inputs(name, self.datasets[name])
            except BadInput as error:
                mistakes.append(str(error))
        if mistakes:
            raise BadInput("\n".join(mistakes))
        return found

    def check_models(self):
        """Raise BadInput if a file of a model that the experiment uses is missing or cannot be used.

        Models of the Hub are checked when they are loaded.
        """
        for arm in self.experiment["arms"]:
            keys = self.arms[arm]
            if tokenizer := self.tokenizer_of(arm):
                check_vocabulary_files(locate(self.models[tokenizer]["path"]))
            for key in self.family(arm).model_keys:
                if key == "tokenizer" or not keys.get(key):
                    continue
                folder = locate(self.models[keys[key]]["path"])
                if key == self.family(arm).embeddings_key and static_table(folder):
                    continue
                check_architecture(folder)
                if keys.get("init") != "random":
                    check_weight_files(folder)

    def ingested(self, name, sources):
        """Return the content of the dataset.json of a dataset that need not be ingested again; otherwise None."""
        summary = self.results / name / "dataset.json"
        if not summary.is_file() or any(Path(path).stat().st_mtime > summary.stat().st_mtime for path in sources):
            return None
        facts = read_json(summary)
        return facts if facts["config_digest"] == digest(self.content(name)) else None

    def content(self, name):
        """Return the keys of a dataset that determine its content, and the versions of data that are not watched."""
        dataset = self.datasets[name]
        keys = {key: dataset[key] for key in sorted(dataset) if key not in ("title", "max_length")}
        versions = find_versions(dataset)
        return keys | ({"versions": versions} if versions is not None else {})
