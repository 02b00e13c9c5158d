"""The description of one training run."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from pretrain_or_not.compute.metrics import ACCURACY, Measure
from pretrain_or_not.config.recipe import tokenizer_of
from pretrain_or_not.config.settings import setting_value

SECONDS_PER_MINUTE = 60


@dataclass(frozen=True)
class Run:
    """One training run: a cell at one value of its arm's sweep. All values are JSON-able.

    cell: which run it is, by `dataset`, `arm`, `size`, `seed`, `setting` and the split used for `selection`.
    recipe: the keys of the arm that shape its training. value: the one that is swept over, None without a sweep.
    inputs: paths by name, `train`, `validation`, `subset` and what else the family asks for. outputs: paths of `model`,
    `config`, `history` and `cost`. pretrained: the model of the config that weights come from, or None.
    validation_max: at most so many validation examples, None for all. threads: CPU threads of one process.
    checkpoint_seconds: between checkpoints. code: digest of the code that trains. reads: what the arm reads, "tokens",
    "features" or "texts". metric: what validates, the fields of a `compute.metrics.Measure`.
    """

    cell: dict
    recipe: dict
    value: float | None
    inputs: dict
    outputs: dict
    pretrained: dict | None = None
    validation_max: int | None = None
    threads: int = 1
    checkpoint_seconds: float = 600.0
    code: str = ""
    reads: str = "tokens"
    metric: dict = field(default_factory=lambda: asdict(ACCURACY))

    @property
    def tokenizer(self) -> str | None:
        """Return the name of the model whose tokenizer the arm reads by; None if it reads texts."""
        return None if self.reads == "texts" else tokenizer_of(self.recipe)

    @property
    def measure(self) -> Measure:
        """Return what the run is validated by."""
        return Measure(**self.metric)


def run_of_job(snakemake) -> Run:
    """Return the run that a training rule's `snakemake` object describes."""
    wildcards, params = snakemake.wildcards, snakemake.params
    cell = {key: wildcards[key] for key in ("dataset", "arm", "size", "setting")} | {"seed": int(wildcards.seed)}
    return Run(
        cell=cell | {"selection": params.selection},
        recipe=params.recipe,
        value=setting_value(wildcards.setting),
        inputs=dict(snakemake.input.items()),
        outputs=dict(snakemake.output.items()),
        pretrained=params.pretrained,
        validation_max=params.validation_max,
        threads=max(1, snakemake.threads // params.recipe.get("processes", 1)),
        # Not a param: how often a run is saved does not change it.
        checkpoint_seconds=SECONDS_PER_MINUTE * snakemake.config["experiment"]["checkpoint_minutes"],
        code=params.code,
        reads=params.reads,
        metric=params.metric,
    )
