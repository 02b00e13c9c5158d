"""The params of every job: the keys of the config that it depends on, and versions of what it reads."""

from __future__ import annotations

from pretrain_or_not.files.model_versions import architecture_version, tokenizer_version, weights_version
from pretrain_or_not.plan.catalogue import Catalogue
from pretrain_or_not.plan.code import ingest_code, test_code, timing_code
from pretrain_or_not.plan.per_job import PerJob, per_job


class JobParams(PerJob):
    """Param functions of the rules. Their values are builtins, which Snakemake can compare with those of last time."""

    def __init__(self, catalogue: Catalogue):
        self.catalogue = catalogue
        super().__init__()

    @per_job
    def dataset_content(self, wildcards):
        """Return `content` of a job's dataset."""
        return self.catalogue.content(wildcards.dataset)

    @per_job
    def ingest_code(self, wildcards):
        """Return the digest of the code that reads a dataset."""
        return ingest_code(self.catalogue.datasets[wildcards.dataset]["source"])

    @per_job
    def test_code(self, wildcards):
        """Return the digest of the code that tests a cell."""
        return test_code(self.catalogue.family(wildcards.arm))

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
        """Return what an arm's family reads."""
        return self.catalogue.family(wildcards.arm).reads

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
        """Return the keys of an arm that shape its training: not its title, nor the values swept over.

        Sorted, and with whole numbers as integers: another order, or 2.0 for 2, is no change.
        """
        arm, sweep = self.catalogue.arms[wildcards.arm], self.catalogue.family(wildcards.arm).sweep
        left_out = {"title", sweep.key if sweep else None}
        keys = {key: arm[key] for key in sorted(arm) if key not in left_out}
        return {key: int(v) if isinstance(v, float) and v.is_integer() else v for key, v in keys.items()}

    @per_job
    def validation_max(self, wildcards):
        """Return how many validation examples a cell gets at most: no more than its size. None, all of the split."""
        if self.catalogue.experiment["selection"] == "test":
            return None
        most = self.catalogue.experiment["validation_max"]
        return min(most, int(wildcards.size)) if wildcards.size.isdigit() else most

    @per_job
    def tokenizer(self, wildcards):
        """Return which tokenizer a rule's wildcard, or its arm, names: path, revision and version."""
        name = wildcards.get("tokenizer") or self.catalogue.tokenizer_of(wildcards.arm)
        return self.without_weights(name, tokenizer_version)

    @per_job
    def pretrained(self, wildcards):
        """Return the pretrained model that a rule's wildcard or its arm loads, as in the config, and its version."""
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
    def untrained(self, wildcards):
        """Return what an arm takes from its pretrained model to be timed: the tokenizer, and its architecture."""
        model = self.tokenizer(wildcards)
        if self.catalogue.family(wildcards.arm).weights_key is None:
            return model
        return model | {"architecture": architecture_version(model["path"])}

    def without_weights(self, name, version):
        """Return where a model is and its `version`, a function of its path, for what takes no weights of it."""
        model = self.catalogue.models[name]
        return {"path": model["path"], "revision": model["revision"], "version": version(model["path"])}

    @per_job
    def shape(self, wildcards):
        """Return the keys of an arm that shape its model; the others say how it is trained."""
        keys = ("family", *self.catalogue.family(wildcards.arm).shape_keys)
        return {
            key: self.catalogue.arms[wildcards.arm][key] for key in keys if key in self.catalogue.arms[wildcards.arm]
        }
