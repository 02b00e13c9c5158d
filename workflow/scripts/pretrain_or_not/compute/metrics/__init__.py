"""The metrics: one module per metric, each with the same function.

``values(labels, probabilities)`` returns one number per example, float64 (n,), whose mean is the score. labels: (n,)
integers. probabilities: (n, classes), finite. For accuracy and log loss, the number is that of the example alone. For
the others it is the score plus the example's influence on it: its share of the first-order change of the score when
examples are drawn anew (the infinitesimal jackknife; Jaeckel 1972, Efron and Tibshirani 1993, chapter 21). So the
standard error of a score, and of a difference of two scores on the same examples, is that of a mean.

A job imports only the metric that it is for, or all of them where it scores. What the workflow must know of a metric to
plan jobs and to write words is in the table of `config.metrics`.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass

import numpy as np


def metric_values(name: str, labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return the values of a metric on each example, float64 (n,); see the docstring of this package."""
    return importlib.import_module(f"{__name__}.{name}").values(labels, probabilities)


@dataclass(frozen=True)
class Measure:
    """What training validates by. name: of a metric. sign: 1 if a higher score is better, −1 if a lower one is."""

    name: str
    sign: int

    def score(self, labels: np.ndarray, probabilities: np.ndarray) -> float | None:
        """Return the score, or None if a probability is not finite. labels: (n,). probabilities: (n, classes)."""
        if not np.isfinite(probabilities).all():
            return None
        return float(metric_values(self.name, labels, probabilities).mean())


ACCURACY = Measure("accuracy", 1)
