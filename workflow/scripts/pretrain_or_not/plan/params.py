"""The params of every job: the keys of the config that it depends on, with the versions of its inputs."""

from __future__ import annotations

from pathlib import Path

from pretrain_or_not.config.predictions import cells_for
from pretrain_or_not.data.sources import find_versions
from pretrain_or_not.files.model_versions import architecture_version, tokenizer_version, weights_version
from pretrain_or_not.plan.catalogue import WHOLE
from pretrain_or_not.plan.code import ingest_code, prediction_code, test_code, timing_code
from pretrain_or_not.plan.per_job import PerJob, per_job


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

        `max_length` is that of the arm or of the dataset, for arms that do not read texts. Keys are sorted and whole
        numbers are integers, so another order, or 2.0 for 2, is no change.
        """
        arm, sweep = self.catalogue.arms[wildcards.arm], self.catalogue.family(wildcards.arm).sweep
        left_out = {"title", sweep.key if sweep else None}
        keys = {key: arm[key] for key in sorted(arm) if key not in left_out}
        if self.catalogue.reads(wildcards.arm) != "texts":
            keys["max_length"] = self.catalogue.max_length(wildcards.arm, wildcards.dataset)
        else:
            keys.pop("max_length", None)
        return {key: int(v) if isinstance(v, float) and v.is_integer() else v for key, v in keys.items()}

    @per_job
    def validation_max(self, wildcards):
        """Return the maximum number of validation examples of a cell, no more than its size; None means all."""
        if self.catalogue.experiment["selection"] == "test":
            return None
        maximum = self.catalogue.experiment["validation_max"]
        return min(maximum, int(wildcards.size)) if wildcards.size.isdigit() else maximum

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
        name = wildcards.get("tokenizer") or self.catalogue.tokenizer_of(wildcards.arm)
        return self.without_weights(name, tokenizer_version)

    @per_job
    def pretrained(self, wildcards):
        """Return the pretrained model that the wildcards, or their arm, name: its keys in the config, its version."""
        name = wildcards.get("model")
        if name is None:
            arm, key = self.catalogue.arms[wildcards.arm], self.catalogue.family(wildcards.arm).weights_key
            if key is None:
                return None
            name = arm[key]
            if arm.get("init") == "random":
                return self.without_weights(name, architecture_version)
        return self.catalogue.models[name] | {"version": weights_version(self.catalogue.models[name]["path"])}

    @per_job
    def timed_model(self, wildcards):
        """Return what the time of an arm depends on: its recipe, its tokenizer, the architectures of its models.

        It does not depend on weights, so a model that is trained again is not timed again.
        """
        arm, keys = self.catalogue.arms[wildcards.arm], self.catalogue.family(wildcards.arm).model_keys
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
        return {"path": model["path"], "revision": model["revision"], "version": version(model["path"])}

    @per_job
    def origin(self, wildcards):
        """Return where the model of a cell comes from: see `evaluation.model_folder.Origin`."""
        arm, dataset = self.catalogue.arms[wildcards.arm], self.catalogue.datasets[wildcards.dataset]
        text, pair = dataset.get("text") or "text", dataset.get("pair")
        data = {
            "text": pair or ([text] if isinstance(text, str) else text),
            "pair": bool(pair),
            "separator": dataset.get("separator", "\n"),
            "hub": dataset["id"] if dataset["source"] == "hub" and not Path(dataset["id"]).is_dir() else None,
        }
        named = {key: arm[key] for key in self.catalogue.family(wildcards.arm).model_keys if arm.get(key)}
        return {"data": data, "models": {key: self.catalogue.models[name] for key, name in named.items()}}

    @per_job
    def new_texts(self, wildcards):
        """Return how new texts are read, and the versions of files that are not watched."""
        texts = self.catalogue.new_texts(wildcards.prediction)
        versions = find_versions(texts)
        return texts | ({"versions": versions} if versions is not None else {})

    @per_job
    def prediction_code(self, wildcards):
        """Return the digest of the code that classifies new texts: that of the families whose models may do so."""
        arms = {
            cell["arm"]
            for cell in cells_for(self.catalogue.predictions[wildcards.prediction], self.catalogue.experiment)
        }
        return prediction_code([self.catalogue.family(arm) for arm in sorted(arms)])
