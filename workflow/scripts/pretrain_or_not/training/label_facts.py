"""Measure what guessing achieves, from the labels of a training subset."""

from __future__ import annotations

import numpy as np

from pretrain_or_not.compute.class_weights import class_weights


def label_facts(
    labels: np.ndarray,  # (n,) integers, at least one
    classes: int,
    scheme: str | None,  # how the classes are weighted, see `compute.class_weights`
) -> dict:
    """Return how many examples each class has, and the loss of guessing.

    The loss of guessing is the entropy of the weighted classes in nats: the mean cross-entropy, weighted like that of
    training, of a classifier that knows how frequent each class is, and nothing else.
    """
    counts = np.bincount(labels, minlength=classes)
    weighted = (counts * class_weights(labels, classes, scheme))[counts > 0]
    shares = weighted / weighted.sum()
    return {"class_counts": counts.tolist(), "guessing_loss": abs(float((shares * np.log(shares)).sum()))}
