"""The table of metrics: what scores are measured in.

A metric `NAME` has its code in ``compute/metrics/NAME.py``. This module is imported whenever the Snakefile is parsed,
so it imports no large library. No training job imports it, so a new row trains nothing again.
"""

from __future__ import annotations

from typing import NamedTuple


class Metric(NamedTuple):
    """One row of the table.

    name: as in ``experiment: {metric: NAME}``, and its column in scores.parquet. title: in running text. unit: of a
    score in a heading. scale: what a score is multiplied by where it is shown. step: unit of a gap. digits: decimals of
    a shown gap. small: below which gap an arm is close to the reference arm (``figures.one_point``), in that unit.
    bounds: lowest and highest possible score. higher_is_better: whether a higher score is better. of_classes: whether
    only the predicted classes matter, not their probabilities. fewest_classes: among the labels, below which the score
    says nothing.
    """

    name: str
    title: str
    unit: str
    scale: int = 100
    step: str = "point"
    digits: int = 1
    small: float = 1.0
    bounds: tuple[float, float] = (0.0, 1.0)
    higher_is_better: bool = True
    of_classes: bool = True
    fewest_classes: int = 1

    @property
    def sign(self) -> int:
        """Return 1 if a higher score is better, and −1 if a lower one is."""
        return 1 if self.higher_is_better else -1

    @property
    def points(self) -> int:
        """Return the factor from a difference of scores to a gap: a positive gap is behind the reference arm."""
        return self.sign * self.scale

    def error(self, score):
        """Return how far a score, or an array of them, is from the best possible one, in the unit of a gap, >= 0.

        For accuracy it is the error rate in points, for macro-F1, MCC and AUC 100 times one minus the score, for log
        loss the loss itself. The noise between seeds is assumed to grow with it (`evaluation.seed_variance`).
        """
        best = self.bounds[1] if self.higher_is_better else self.bounds[0]
        return self.points * (best - score)

    @property
    def module(self) -> str:
        """Return the path of the module, relative to the folder of the scripts."""
        return f"pretrain_or_not/compute/metrics/{self.name}.py"


METRICS = {
    metric.name: metric
    for metric in (
        Metric("accuracy", "accuracy", "%"),
        Metric("macro_f1", "macro-F1", "%"),
        Metric("mcc", "MCC", "× 100", bounds=(-1.0, 1.0), fewest_classes=2),
        Metric(
            "log_loss", "log loss", "nats", scale=1, step="nat", digits=3, small=0.02, bounds=(0.0, float("inf")),
            higher_is_better=False, of_classes=False,
        ),
        Metric("auc", "AUC", "× 100", of_classes=False, fewest_classes=2),
    )
}  # fmt: skip

ACCURACY = METRICS["accuracy"]
