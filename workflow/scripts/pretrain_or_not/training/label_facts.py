"""Measure what guessing achieves, from the labels of a training subset."""

from __future__ import annotations

import numpy as np

from pretrain_or_not.compute.class_weights import class_weights


def label_facts(
    labels: np.ndarray,  # (n,) integers, at least one
    scheme: str | None,  # how the classes are weighted, see `compute.class_weights`
) -> dict:
    """Return the most frequent class, of equals the first one, the number of classes, and the loss of guessing.

    The loss of guessing is the entropy of the weighted classes in nats: the mean cross-entropy, weighted like that of
    training, of a classifier that knows how frequent each class is, and nothing else.
    """
    counts = np.bincount(labels)
    weighted = (counts * class_weights(labels, len(counts), scheme))[counts > 0]
    shares = weighted / weighted.sum()
    return {
        "majority_class": int(counts.argmax()),
        "subset_classes": len(shares),
        "guessing_loss": abs(float((shares * np.log(shares)).sum())),
    }
