"""The catalogue of a config: its datasets, models, arms by name."""

from __future__ import annotations

import re
from pathlib import Path

from pretrain_or_not.config.families import FAMILIES
from pretrain_or_not.config.made_models import texts_read, tokenizer_owner
from pretrain_or_not.config.metric import Metric
from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.config.predictions import as_dataset, dataset_of
from pretrain_or_not.config.recipe import tokenizer_of
from pretrain_or_not.data.sources import find_versions
from pretrain_or_not.plan.arm_models import ArmModels

SHIFT_FOLDER = "{dataset}/shifts/{shift}"

ONLY_SETTING = "only"  # the setting of a run without a sweep

WHOLE = "model"  # in the path of features of texts that are cut only where the model has to cut them


def one_of(names):
    """Return a wildcard constraint, a regular expression, that allows only these names."""
    return "|".join(map(re.escape, names)) or "(?!)"


class Catalogue(ArmModels):
    """A config with its defaults filled in (`config.check.check_config`)."""

    @property
    def metric(self) -> Metric:
        """Return the metric of the experiment."""
        return METRICS[self.experiment["metric"]]

    @property
    def one_point(self) -> float:
        """Return the gap below which an arm is close to the reference arm: of the config, or of the metric."""
        given = self.config["figures"]["one_point"]
        return self.metric.small if given is None else given

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
        """Return the name in `models` of an arm's tokenizer, None if it has none.

        Of a model that is made, it is that of the model whose tokenizer it has: texts are tokenized once for both.
        """
        name = tokenizer_of(self.arms[arm])
        return None if name is None else tokenizer_owner(self.models, name)

    def on_disk(self, path: str) -> Path:
        """Return the place of a file whose path begins with ``<results>``."""
        return Path(path.replace("<results>", str(self.results), 1))

    def arms_with(self, key: str) -> list[str]:
        """Return the arms that have a key, as `teacher` or `augment`."""
        return [name for name, arm in self.arms.items() if arm.get(key)]

    def teachers(self) -> dict[str, dict]:
        """Return the `teacher` of each arm of the experiment that has one, and the `plain` arm that has none, by name.

        The plain arm has the same keys but for the teacher and the title; it is None if the experiment has no such arm.
        """

        def keys(arm):
            return {key: value for key, value in self.arms[arm].items() if key not in ("teacher", "title")}

        arms = self.experiment["arms"]
        plain = [arm for arm in arms if not self.arms[arm].get("teacher")]
        return {
            arm: {
                "teacher": self.arms[arm]["teacher"]["arm"],
                "plain": next((other for other in plain if keys(other) == keys(arm)), None),
            }
            for arm in arms
            if self.arms[arm].get("teacher")
        }

    def waits_for_training(self, arm: str) -> bool:
        """Return whether an arm is trained on what other jobs make: a model, what a teacher says, written examples."""
        keys = self.arms[arm]
        return any(map(self.is_made, self.models_of(arm, random=True))) or bool(
            keys.get("teacher") or keys.get("augment")
        )

    def max_length(self, arm: str, dataset: str) -> int | None:
        """Return to how many tokens an arm cuts the texts of a dataset; None for as many as its model can read."""
        length = self.arms[arm].get("max_length", "dataset")
        return self.datasets[dataset]["max_length"] if length == "dataset" else length

    def feature_length(self, arm: str, dataset: str) -> str:
        """Return the `max_length` of an arm that reads features as in their path: a number of tokens, or WHOLE."""
        length = self.max_length(arm, dataset)
        return WHOLE if length is None else str(length)

    def states(self, arm: str) -> str | None:
        """Return which states an arm reads, as in their path; None for means of the last ones, or without features."""
        keys = self.arms[arm]
        if self.reads(arm) != "features":
            return None
        layers, pooling = keys["layers"], keys["pooling"]
        if (layers, pooling) == ("last", "mean"):
            return None
        return f"{'all' if layers == 'weighted' else layers}-{pooling}"

    def feature_folder(self, arm: str, dataset: str) -> str:
        """Return the name of the folder of the features that an arm reads."""
        states = self.states(arm)
        return f"length-{self.feature_length(arm, dataset)}" + (f"-{states}" if states else "")

    def stored_length(self, tokenizer: str, dataset: str) -> int | None:
        """Return the most tokens of a text that an arm that is trained reads with a tokenizer; None for all."""
        lengths = [
            self.max_length(arm, dataset)
            for arm in self.trained_arms()
            if self.reads(arm) != "texts" and self.tokenizer_of(arm) == tokenizer
        ]
        lengths += [
            recipe["length"]
            for name in self.made_models()
            if (recipe := self.models[name]["pretrain"])["objective"] == "supervised"
            and dataset in recipe["tasks"]
            and tokenizer_owner(self.models, name) == tokenizer
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
            "made": one_of(name for name in self.models if self.is_made(name)),
            "states": r"(\d+|last|mean|all)-(mean|cls|max)",
            "length": rf"\d+|{WHOLE}",
            "size": r"\d+|\d+(\.\d+)?pct",
            "seed": r"\d+",
            "prediction": one_of(self.predictions),
            "shift": one_of(sorted({shift for name in self.datasets for shift in self.shifts(name)})),
            "setting": rf"({one_of(sorted(prefixes))})[0-9.e+-]+|{ONLY_SETTING}",
        }

    def new_texts(self, name: str) -> dict:
        """Return an entry of `predict` as a dataset of source `files` without labels."""
        entry = self.predictions[name]
        return as_dataset(entry, self.datasets[str(dataset_of(self.experiment, entry))])

    def shifts(self, dataset: str) -> dict:
        """Return the further test sets of a dataset, by name."""
        return self.datasets[dataset].get("shifts") or {}

    def tested_on(self, dataset: str) -> list[str]:
        """Return the examples.parquet of a dataset, then those of its further test sets that are read from files."""
        folders = [SHIFT_FOLDER.format(dataset=dataset, shift=s) for s, e in self.shifts(dataset).items() if e["files"]]
        return [f"<results>/{folder}/examples.parquet" for folder in (dataset, *folders)]

    def answered_texts(self) -> list[str]:
        """Return the datasets of texts without labels of which teachers of the experiment say something."""
        teachers = [self.arms[arm].get("teacher") or {} for arm in self.experiment["arms"]]
        return list(dict.fromkeys(teacher["texts"] for teacher in teachers if teacher.get("texts")))

    def text_sets(self) -> list[str]:
        """Return the datasets that models are pretrained on, or whose test texts they leave out."""
        recipes = [self.models[name]["pretrain"] for name in self.made_models()]
        names = [name for recipe in recipes for name in (*texts_read(recipe), *recipe["without"])]
        return [name for name in dict.fromkeys(names) if name not in self.experiment["datasets"]]

    def content(self, name):
        """Return the keys of a dataset that determine its content, and the versions of data that are not watched."""
        dataset = self.datasets[name]
        keys = {key: dataset[key] for key in sorted(dataset) if key not in ("title", "max_length", "shifts")}
        if isinstance(splits := keys.get("splits"), dict):
            keys["splits"] = dict(sorted(splits.items()))
        versions = find_versions(dataset)
        return keys | ({"versions": versions} if versions is not None else {})
