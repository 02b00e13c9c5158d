"""What a metric is: a row of the table in ``config/metrics.py``.

Jobs that score by one metric import this module, not the table, so that a new row runs none of them again.
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
    says nothing. over_classes: whether a score is a mean over the classes among the labels, so that texts with other
    classes cannot be compared. exact: whether it is the mean of one number per example as it is; otherwise
    by linear approximation.
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
    over_classes: bool = False
    exact: bool = True

    @property
    def sign(self) -> int:
        """Return 1 if a higher score is better, and −1 if a lower one is."""
        return 1 if self.higher_is_better else -1

    def can_compare(self, classes: set, others: set) -> bool:
        """Return whether a score on some texts can be compared with that on others.

        classes, others: the classes among the labels of the texts, and of the others.
        """
        return len(classes) >= self.fewest_classes and (classes == others or not self.over_classes)

    def as_scored(self) -> dict:
        """Return the fields that a score and its interval depend on, and no words: a change of others runs no job."""
        return {"name": self.name, "title": self.name, "unit": "", "bounds": self.bounds,
                "higher_is_better": self.higher_is_better, "of_classes": self.of_classes}  # fmt: skip

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


ACCURACY = Metric("accuracy", "accuracy", "%")
