"""Weights of classes in a training loss, so that a rare class counts as much as a frequent one."""

from __future__ import annotations

import numpy as np

BALANCED = "balanced"  # the value of the key `class_weights` of an arm


def class_weights(
    labels: np.ndarray,  # (n,) of the training subset
    classes: int,
    scheme: str | None,
) -> np.ndarray:
    """Return the weight of each class, float32 (classes,): all ones without a scheme.

    "balanced" is scikit-learn's formula, n / (k * count of the class), with k the number of classes in `labels`. A
    class that is not among the labels weighs 0.
    """
    if scheme is None:
        return np.ones(classes, dtype=np.float32)
    from sklearn.utils.class_weight import compute_class_weight  # here, as it takes a second

    weights, present = np.zeros(classes, dtype=np.float32), np.unique(labels)
    weights[present] = compute_class_weight(scheme, classes=present, y=labels)
    return weights
