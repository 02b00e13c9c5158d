"""Measure what guessing achieves, from the labels of a training subset."""

from __future__ import annotations

import numpy as np


def label_facts(
    labels: np.ndarray,  # (n,) integers, at least one
) -> dict:
    """Return the most frequent class, of equals the first one, the number of classes, and the loss of guessing.

    The loss of guessing is the entropy of the classes in nats: the mean cross-entropy of a classifier that knows how
    frequent each class is, and nothing else.
    """
    counts = np.bincount(labels)
    shares = counts[counts > 0] / len(labels)
    return {
        "majority_class": int(counts.argmax()),
        "subset_classes": len(shares),
        "guessing_loss": abs(float((shares * np.log(shares)).sum())),
    }
