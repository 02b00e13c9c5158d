"""Say which class is predicted, without counting numbers that are not finite as predictions."""

from __future__ import annotations

import numpy as np

NO_CLASS = -1  # the class of an example whose probabilities are not finite


def predicted_classes(
    probabilities: np.ndarray,  # (n, classes)
) -> np.ndarray:
    """Return the most probable class of each example, int32 (n,); NO_CLASS where a probability is not finite."""
    if not len(probabilities):
        return np.empty(0, dtype=np.int32)
    finite = np.isfinite(probabilities).all(axis=1)
    return np.where(finite, probabilities.argmax(axis=1), NO_CLASS).astype(np.int32)
