"""The params of every job: the keys of the config that it depends on, with the versions of its inputs."""

from __future__ import annotations

from pathlib import Path

from pretrain_or_not.config.grid import NO_LABELS
from pretrain_or_not.config.made_models import MADE
from pretrain_or_not.files.model_versions import architecture_version, tokenizer_version, weights_version
from pretrain_or_not.plan.catalogue import WHOLE
from pretrain_or_not.plan.code import ingest_code, teaching_code, test_code, timing_code, training_code
from pretrain_or_not.plan.per_job import PerJob, per_job

# Keys of arms that are no param unless they are set: they came later, and without them nothing has changed.
UNLESS_SET = ("augment", "reselect", "sparse_finetune")

# Keys of `augment` that say how an arm is trained on the examples, not how they are written.
TRAINED_BY = (
    "steps",
    "batch_size",
    "learning_rate",
    "label_smoothing",
    "momentum",
    "threshold",
    "consistency",
    "refresh",
)


def with_whole_numbers(value):
    """Return a value of the config in which 2.0 is 2, and mappings are sorted: written otherwise, it is no change."""
    if isinstance(value, dict):
        return {key: with_whole_numbers(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [with_whole_numbers(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


class JobParams(PerJob):
    """Param functions of the rules. They return builtins, which Snakemake can compare with those of the last run."""

    @per_job
    def dataset_content(self, wildcards):
        """Return the `content` of a job's dataset."""
        return self.catalogue.content(wildcards.dataset)

    @per_job
    def ingest_code(self, wildcards):
        """Return the digest of the code that reads a dataset."""
        return ingest_code(self.catalogue.datasets[wildcards.dataset]["source"])

    @per_job
    def training_code(self, wildcards):
        """Return the digest of the code that trains a run of an arm."""
        arm = self.catalogue.arms[wildcards.arm]
        return training_code(self.catalogue.family(wildcards.arm), self.catalogue.metric, arm)

    @per_job
    def test_code(self, wildcards):
        """Return the digest of the code that tests a cell."""
        return test_code(self.catalogue.family(wildcards.arm), self.catalogue.metric)

    @per_job
    def timing_code(self, wildcards):
        """Return the digest of the code that times an arm."""
        return timing_code(self.catalogue.family(wildcards.arm))

    @per_job
    def family(self, wildcards):
        """Return the name of an arm's family."""
        return self.catalogue.arms[wildcards.arm]["family"]

    @per_job
    def reads(self, wildcards):
        """Return the form in which an arm reads examples: "tokens", "features" or "texts"."""
        return self.catalogue.reads(wildcards.arm)

    @per_job
    def neural(self, wildcards):
        """Return whether an arm is a neural network."""
        return self.catalogue.family(wildcards.arm).neural

    @per_job
    def settings(self, wildcards):
        """Return the settings of an arm."""
        return self.catalogue.settings(wildcards.arm)

    @per_job
    def recipe(self, wildcards):
        """Return the keys of an arm that affect its training: all except its title and the values of its sweep.

        `max_length` is that of the arm or of the dataset, for arms that do not read texts and for language models. Keys
        are sorted and whole numbers are integers, so another order, or 2.0 for 2, is no change. The states of a frozen
        model are left out where they are the mean of the last ones: arms from before there were others stay the same.
        """
        arm, family = self.catalogue.keys_in(wildcards), self.catalogue.family(wildcards.arm)
        left_out = {"title", family.sweep.key if family.sweep else None}
        left_out |= {key for key in UNLESS_SET if not arm.get(key)}
        keys = {key: arm[key] for key in sorted(arm) if key not in left_out}
        if self.catalogue.reads(wildcards.arm) == "features" and self.catalogue.states(wildcards.arm) is None:
            keys = {key: value for key, value in keys.items() if key not in ("layers", "pooling")}
        if self.catalogue.reads(wildcards.arm) != "texts" or family.language_model:
            keys["max_length"] = self.catalogue.max_length(wildcards.arm, wildcards.dataset)
        else:
            keys.pop("max_length", None)
        if keys.get("model") and (owner := self.catalogue.tokenizer_of(wildcards.arm)) != keys["model"]:
            keys["tokenizer"] = owner
        elif keys.get("tokenizer"):
            keys["tokenizer"] = self.catalogue.tokenizer_of(wildcards.arm)
        return with_whole_numbers(keys)

    @per_job
    def validation_max(self, wildcards):
        """Return the maximum number of validation examples of a cell, no more than its size; None means all.

        An arm that reads no labels uses none for validation either.
        """
        if self.catalogue.experiment["selection"] == "test" and wildcards.size != NO_LABELS:
            return None
        maximum = self.catalogue.experiment["validation_max"]
        return min(maximum, int(wildcards.size)) if wildcards.size.isdigit() else maximum

    @per_job
    def teacher(self, wildcards):
        """Return who teaches a student, on which texts. How much that counts is a matter of its own training."""
        teacher = self.catalogue.arms[wildcards.arm]["teacher"]
        return {key: teacher[key] for key in ("arm", "texts", "amount")}

    @per_job
    def tested(self, wildcards):
        """Return the examples that no text of a job may repeat.

        A param: Snakemake runs a job again whose params have changed, but not one that has other, older inputs.
        """
        return self.catalogue.tested_on(wildcards.dataset)

    @per_job
    def generation(self, wildcards):
        """Return how examples are written for an arm: its `augment` but for what they are used for, and `precision`.

        An arm whose second phase changes goes on with the same examples.
        """
        arm = self.catalogue.arms[wildcards.arm]
        return with_whole_numbers({key: v for key, v in arm["augment"].items() if key not in TRAINED_BY}) | {
            "precision": arm["precision"]
        }

    @per_job
    def generator(self, wildcards):
        """Return the language model that writes examples for an arm: its keys in the config, its version."""
        return self.language_model(self.catalogue.arms[wildcards.arm]["augment"]["generator"])

    @per_job
    def teaching_code(self, wildcards):
        """Return the digest of the code that asks a teacher."""
        return teaching_code(self.catalogue.family(self.catalogue.arms[wildcards.arm]["teacher"]["arm"]))

    @per_job
    def feature_length(self, wildcards):
        """Return the tokens to which texts are cut for features; None for as many as the model can read."""
        return None if wildcards.length == WHOLE else int(wildcards.length)

    @per_job
    def stored_length(self, wildcards):
        """Return the most tokens of a text of a dataset that an arm reads with a tokenizer; None for all."""
        return self.catalogue.stored_length(wildcards.tokenizer, wildcards.dataset)

    @per_job
    def tokenizer(self, wildcards):
        """Return the tokenizer that the wildcards, or their arm, name: its path, revision and version."""
        return self.tokenizer_named(wildcards.get("tokenizer") or self.catalogue.tokenizer_of(wildcards.arm))

    def tokenizer_named(self, name):
        """Return the path, revision and version of a tokenizer. name: in `models`."""
        if self.catalogue.is_made(name):
            return {"path": str(self.catalogue.made_folder(name) / "tokenizer"), "revision": None, "version": MADE}
        return self.without_weights(name, tokenizer_version)

    def given(self, name):
        """Return the keys in the config of a model whose weights are used, with its version. name: in `models`."""
        model = self.catalogue.models[name]
        if self.catalogue.is_made(name):  # its files are inputs
            return {"path": model["path"], "revision": None, "sha256": None, "version": MADE}
        keys = {key: model[key] for key in ("path", "revision", "sha256", "gguf") if key != "gguf" or model["gguf"]}
        return keys | {"version": weights_version(model["path"])}

    @per_job
    def pretrained(self, wildcards):
        """Return the pretrained model that the wildcards, or their arm, name: its keys in the config, its version."""
        name = wildcards.get("model")
        if name is None:
            arm, key = self.catalogue.keys_in(wildcards), self.catalogue.family(wildcards.arm).weights_key
            if key is None:
                return None
            name = arm[key]
            if arm.get("init") == "random":
                return self.without_weights(name, architecture_version)
            if self.catalogue.family(wildcards.arm).language_model:
                return self.language_model(name)
        return self.given(name)

    def language_model(self, name):
        """Return the keys of a language model, with its version and that of its tokenizer. name: in `models`."""
        return self.given(name) | {"tokenizer": tokenizer_version(self.catalogue.models[name]["path"])}

    @per_job
    def timed_model(self, wildcards):
        """Return what the time of an arm depends on: its recipe, its tokenizer, the architectures of its models.

        It does not depend on weights, so a model that is trained again is not timed again.
        """
        arm, keys = self.catalogue.keys_in(wildcards), self.catalogue.family(wildcards.arm).model_keys
        named = {key: self.without_weights(arm[key], architecture_version) for key in keys if arm.get(key)}
        tokenizer = self.tokenizer(wildcards) if self.catalogue.reads(wildcards.arm) != "texts" else None
        return {"recipe": self.recipe(wildcards), "tokenizer": tokenizer, "models": named}

    @per_job
    def timing(self, wildcards):
        """Return how an arm is timed on a device: the keys of the config that its time depends on."""
        how = self.catalogue.timing
        keys = {key: how[key] for key in ("length", "seconds", "threads")}
        return {"batch_sizes": how["devices"][wildcards.device]} | keys

    def without_weights(self, name, version):
        """Return the path, revision and version of a model whose weights are not used.

        name: in `models`. version: function of the path that returns the version.
        """
        model = self.catalogue.models[name]
        known = MADE if self.catalogue.is_made(name) else version(model["path"])
        return {"path": model["path"], "revision": model["revision"], "version": known}

    @per_job
    def origin(self, wildcards):
        """Return where the model of a cell comes from: see `evaluation.model_folder.Origin`."""
        arm, dataset = self.catalogue.keys_in(wildcards), self.catalogue.datasets[wildcards.dataset]
        text, pair = dataset.get("text") or "text", dataset.get("pair")
        data = {
            "text": pair or ([text] if isinstance(text, str) else text),
            "pair": bool(pair),
            "separator": dataset.get("separator", "\n"),
            "hub": dataset["id"] if dataset["source"] == "hub" and not Path(dataset["id"]).is_dir() else None,
        }
        named = {key: arm[key] for key in self.catalogue.family(wildcards.arm).model_keys if arm.get(key)}
        if named.get("tokenizer"):  # that of a model that is made may be there long before the model
            named["tokenizer"] = self.catalogue.tokenizer_of(wildcards.arm)
        if arm.get("augment"):
            named["generator"] = arm["augment"]["generator"]
        if arm.get("teacher"):
            behind = self.catalogue.models_of(arm["teacher"]["arm"], repeated=self.catalogue.repetition_of(wildcards))
            if behind:
                named["teacher"] = behind[0]
        return {"data": data, "models": {key: self.catalogue.models[name] for key, name in named.items()}}
