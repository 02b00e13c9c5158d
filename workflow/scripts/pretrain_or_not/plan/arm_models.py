"""The models of the arms of a config, cell by cell."""

from __future__ import annotations

import json
import math
from pathlib import Path

from pretrain_or_not.config.families import FAMILIES, Family
from pretrain_or_not.config.grid import repetition
from pretrain_or_not.config.made_models import begins_elsewhere, made_in, recipe_of, series_of, with_each_seed


class ArmModels:
    """The arms of a config with its defaults filled in (`config.check.check_config`), and their models."""

    def __init__(self, config: dict):
        self.config = config
        self.experiment, self.datasets, self.arms, self.timing = (
            config[key] for key in ("experiment", "datasets", "arms", "timing")
        )
        self.predictions = config["predict"]
        self.results = Path(config["pathvars"]["results"])
        models, self.of_seeds = with_each_seed(config["models"])
        made = {name: {"path": str(self.made_folder(name))} for name in models if recipe_of(models, name)}
        self.models = {name: model | made.get(name, {}) for name, model in models.items()}

    def family(self, arm: str) -> Family:
        """Return the family of an arm."""
        return FAMILIES[self.arms[arm]["family"]]

    def made_folder(self, name: str) -> Path:
        """Return the folder of a model that the workflow makes."""
        return self.results / "pretrained" / name

    def trained_arms(self) -> list[str]:
        """Return the arms of the experiment, then their teachers that are not among them."""
        arms = self.experiment["arms"]
        teachers = [teacher for arm in arms if (teacher := self.teacher_of(arm))]
        return list(dict.fromkeys([*arms, *teachers]))

    def teacher_of(self, arm: str) -> str | None:
        """Return the arm that teaches an arm; None if it learns from labels alone."""
        return (self.arms[arm].get("teacher") or {}).get("arm")

    def is_made(self, name: str) -> bool:
        """Return whether the workflow makes a model."""
        return recipe_of(self.models, name) is not None

    def keys_in(self, cell) -> dict:
        """Return the keys of the arm of a cell: of models that are pretrained with several seeds, that of the cell.

        cell: wildcards. If they have no seed, the model is that of the first seed.
        """
        return self.keys_of(cell["arm"], self.repetition_of(cell) if cell.get("seed") is not None else 0)

    def repetition_of(self, cell) -> int:
        """Return the repetition of the experiment that a cell is of; 0 where all start from the same models."""
        if not self.of_seeds:
            return 0
        return repetition(int(cell["seed"]), self.datasets[cell["dataset"]].get("folds"))

    def keys_of(self, arm: str, repeated: int) -> dict:
        """Return the keys of an arm in a repetition of the experiment, see `keys_in`.

        Repetition r has the weights of the model in place r modulo the number of seeds. Random weights, and a
        tokenizer, are of no seed.
        """
        keys = self.arms[arm]
        if not self.of_seeds or keys.get("init") == "random":
            return keys
        several = {key: self.of_seeds[keys[key]] for key in self.weighing(arm) if keys.get(key) in self.of_seeds}
        return keys | {key: names[repeated % len(names)] for key, names in several.items()}

    def weighing(self, arm: str) -> list[str]:
        """Return the keys of an arm that name a model of whose weights it has some, or the embeddings."""
        return [key for key in self.family(arm).model_keys if key != "tokenizer"]

    def repetitions(self) -> list[int]:
        """Return the repetitions of the experiment in which models differ: the first one alone if none do."""
        if not self.of_seeds:
            return [0]
        folds = {self.datasets[name].get("folds") for name in self.experiment["datasets"]}
        return sorted({repetition(seed, count) for seed in self.experiment["seeds"] for count in folds})

    def models_of(self, arm: str, random: bool = False, repeated: int = 0) -> list[str]:
        """Return the models of whose weights an arm has some, or the embeddings: not those that lend a tokenizer.

        random: whether that of random weights counts, which lends its architecture. repeated: in which repetition.
        """
        keys = self.keys_of(arm, repeated)
        if keys.get("init") == "random" and not random:
            return []
        return list(dict.fromkeys(keys[key] for key in self.weighing(arm) if keys.get(key)))

    def pretraining(self) -> dict:
        """Return what pretraining is behind each arm of the experiment; see `evaluation.pretraining_cost`.

        `made` and `teachers` are those of each of the `repetitions`.
        """
        found: dict[str, dict] = {}
        used: dict[str, dict[str, str]] = {}  # series -> keys of arms -> the first arm with them
        for arm in self.experiment["arms"]:
            made, series = self.made_behind(arm), None
            if made:
                # The same models, used in another way, are another series: fine-tuned and frozen, for example.
                left_out = {"title", *self.family(arm).model_keys}
                keys = {key: value for key, value in self.arms[arm].items() if key not in left_out}
                series = series_of(made[0], self.models[made[0]]["pretrain"])
                ways = used.setdefault(series, {})
                first = ways.setdefault(json.dumps(keys, sort_keys=True), arm)
                series += f" ({first})" if first != next(iter(ways.values())) else ""
            teacher = self.teacher_of(arm)
            behind = {i: self.made_behind(arm, i) for i in self.repetitions()}
            found[arm] = {
                "series": series,
                "made": behind,
                "teachers": {
                    i: [name for name in self.made_behind(teacher, i) if name not in own] if teacher else []
                    for i, own in behind.items()
                },
                "redrawn": self.family(arm).weights_key is not None,
                "elsewhere": self.has_foreign_weights(arm),
                "teacher_elsewhere": teacher is not None and self.has_foreign_weights(teacher),
            }
        return found

    def has_foreign_weights(self, arm: str) -> bool:
        """Return whether an arm starts from weights that were pretrained elsewhere."""
        return any(begins_elsewhere(self.models, name) for name in self.models_of(arm))

    def made_behind(self, arm: str, repeated: int = 0) -> list[str]:
        """Return the models that the workflow makes for the weights of an arm, with those they start from."""
        names = self.models_of(arm, repeated=repeated)
        return list(dict.fromkeys(one for name in names for one in made_in(self.models, name)))

    def made_for(self, cell) -> list[str]:
        """Return the models that the workflow makes for the weights of a cell, with those they start from."""
        return self.made_behind(cell["arm"], self.repetition_of(cell))

    def models_per_arm(self) -> int:
        """Return how many seeds it takes for each arm to have all its models equally often; 1 if no arm has several."""
        names = {name for arm in self.trained_arms() for name in self.named(arm, 0)}
        return math.lcm(*(len(self.of_seeds[name]) for name in names if name in self.of_seeds))

    def unused_seeds(self) -> list[str]:
        """Return a sentence on each model with several seeds of which arms of the experiment use only a part."""
        found = {}
        for arm in self.trained_arms():
            keys = self.keys_of(arm, 0)
            for name in (self.arms[arm][key] for key in self.weighing(arm) if self.arms[arm].get(key) in self.of_seeds):
                every, used = self.of_seeds[name], {i % len(self.of_seeds[name]) for i in self.repetitions()}
                if keys.get("init") != "random" and len(used) < len(every):
                    found[name] = (
                        f"models: {name}: of its {len(every)} seeds, {len(used)} {'is' if len(used) == 1 else 'are'} "
                        f"used: cells of seed s (with folds, of round s) start from the model in place s modulo "
                        f"{len(every)}. Give the experiment more `seeds`, or others"
                    )
        return list(found.values())

    def made_models(self) -> list[str]:
        """Return the models that the workflow makes for the arms that are trained, with those they start from."""
        named = [name for arm in self.trained_arms() for i in self.repetitions() for name in self.named(arm, i)]
        return list(dict.fromkeys(made for name in named for made in made_in(self.models, name)))

    def named(self, arm: str, repeated: int) -> list[str]:
        """Return the models that an arm names in a repetition, for weights, architecture or tokenizer."""
        keys = self.keys_of(arm, repeated)
        return [keys[key] for key in self.family(arm).model_keys if keys.get(key)]
