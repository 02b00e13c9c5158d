"""The jobs that measure, for the plan, how fast arms are trained."""

from __future__ import annotations

from pretrain_or_not.config.grid import grid, reads_no_labels
from pretrain_or_not.plan.cells import CELL
from pretrain_or_not.plan.code import speed_code
from pretrain_or_not.plan.inputs import JobInputs
from pretrain_or_not.plan.params import JobParams
from pretrain_or_not.plan.per_job import PerJob, Wildcards, per_job
from pretrain_or_not.plan.resources import JobResources

SPEED = f"<results>/speed/{{dataset}}/{{arm}}/{CELL}/{{setting}}.json"

MEASURED_SIZE = 2000  # training examples: speed is measured at the largest size up to this one


class Measured(PerJob):
    """What `measure_speed` and `plan` need, where it is not what a training run needs."""

    def __init__(self, inputs: JobInputs, params: JobParams, resources: JobResources):
        super().__init__(inputs.catalogue)
        self.inputs, self.params, self.resources = inputs, params, resources

    def speeds(self, _wildcards) -> list[str]:
        """Return the measured speed of each arm of the experiment of which no run is finished.

        Arms that wait for a model that is made, or for a teacher, are not measured: first these would have to be
        trained. Nor are those without labels: nothing is validated whose time would tell. The plan calls them not
        known.
        """
        cells: dict[str, list] = {}
        for cell in grid(self.catalogue.config):
            cells.setdefault(cell["arm"], []).append(cell)
        return [
            self.speed(of_arm)
            for arm, of_arm in cells.items()
            if not self.catalogue.waits_for_training(arm)
            and not reads_no_labels(self.catalogue.arms[arm])
            and not self.any_trained(of_arm)
        ]

    def speed(self, cells) -> str:
        """Return the file of the speed of the arm of `cells`: with few examples, in the middle of its sweep."""
        dataset, settings = cells[0]["dataset"], self.catalogue.settings(cells[0]["arm"])
        sizes = [cell["size"] for cell in cells if cell["dataset"] == dataset]
        counts = sorted({int(size) for size in sizes if size.isdigit()})
        small = [size for size in counts if size <= MEASURED_SIZE] or counts[:1]
        size = small[-1] if small else min(sizes, key=lambda share: float(share.removesuffix("pct")))
        return SPEED.format(**cells[0] | {"size": size}, setting=settings[len(settings) // 2])

    def any_trained(self, cells) -> bool:
        """Return whether any run of `cells` is finished, by the recipe of its arm now."""
        return any(
            self.inputs.is_trained(Wildcards(cell, setting=setting), self.params.recipe(Wildcards(cell)))
            for cell in cells
            for setting in self.catalogue.settings(cell["arm"])
        )

    def all_training_tokens(self, _wildcards) -> list[str]:
        """Return the files of training tokens that arms of the experiment read: the plan needs their lengths."""
        cells = [cell for cell in grid(self.catalogue.config) if self.catalogue.reads(cell["arm"]) != "texts"]
        return list(dict.fromkeys(self.training_tokens(Wildcards(cell)) for cell in cells))

    def training_tokens(self, wildcards) -> str:
        """Return the file of the tokens of training texts, by the tokenizer of an arm."""
        return f"<results>/{wildcards.dataset}/tokens/{self.catalogue.tokenizer_of(wildcards.arm)}/train.parquet"

    def reads_features(self, wildcards) -> bool:
        """Return whether an arm reads features; the time of these is then measured, from tokens."""
        return self.catalogue.reads(wildcards.arm) == "features"

    @per_job
    def training_examples(self, wildcards):
        """Return the file of examples that an arm is measured on."""
        return (
            self.training_tokens(wildcards)
            if self.reads_features(wildcards)
            else (self.inputs.training_examples(wildcards))
        )

    @per_job
    def training(self, wildcards):
        """Return the other inputs, except the subset: those of a training run; none for features."""
        return {} if self.reads_features(wildcards) else self.inputs.training(wildcards)

    @per_job
    def pretrained(self, wildcards):
        """Return the pretrained model that is loaded: that of the features, or the one that a training run loads."""
        if self.reads_features(wildcards):
            return self.params.pretrained(Wildcards(model=self.catalogue.arms[wildcards.arm]["model"]))
        return self.params.pretrained(wildcards)

    @per_job
    def leases_gpu(self, wildcards):
        """Return whether the script has to lease a GPU itself, as the common loop of networks does."""
        family = self.catalogue.family(wildcards.arm)
        return family.fitted and (family.neural or self.reads_features(wildcards))

    @per_job
    def only_flops(self, wildcards):
        """Return whether only the operations of an arm are counted, because the user gives the speed of a GPU."""
        return self.catalogue.config["plan"]["flops_per_second"] is not None

    @per_job
    def code(self, wildcards):
        """Return the digest of the code that measures an arm."""
        return speed_code(self.catalogue.family(wildcards.arm), self.catalogue.metric)

    @per_job
    def threads(self, wildcards):
        """Return the CPU threads of a job."""
        if self.reads_features(wildcards):
            return self.catalogue.experiment["threads"]
        return self.resources.training_threads(wildcards)

    @per_job
    def gpus(self, wildcards):
        """Return the number of GPUs of a job."""
        return self.resources.gpus() if self.reads_features(wildcards) else self.resources.training_gpus(wildcards)
