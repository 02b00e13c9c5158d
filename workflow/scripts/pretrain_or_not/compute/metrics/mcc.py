"""MCC: Matthews' correlation coefficient, for any number of classes.

Gorodkin 2004, doi:10.1016/j.compbiolchem.2004.09.006.
"""

import numpy as np


def values(labels, probabilities):
    """Return the coefficient plus each example's influence on it, float64 (n,); zeros if it is not defined.

    With the shares t of the labels and p of the predicted classes, it is (accuracy − Σ p t) / √((1 − Σ p²)(1 − Σ t²)).
    It is not defined where labels or predictions have one class only; `matthews_corrcoef` of scikit-learn is 0 there
    too.
    """
    predicted, classes, n = probabilities.argmax(axis=1), probabilities.shape[1], len(labels)
    t, p = (np.bincount(of, minlength=classes) / n for of in (labels, predicted))
    spread_p, spread_t = 1 - p @ p, 1 - t @ t
    if (p == 1).any() or (t == 1).any():
        return np.zeros(n)
    right = (predicted == labels).astype(np.float64)
    root = np.sqrt(spread_p * spread_t)
    coefficient = (right.mean() - p @ t) / root
    over = right - right.mean() - (t[predicted] + p[labels] - 2 * p @ t)
    under = (p @ p - p[predicted]) / spread_p + (t @ t - t[labels]) / spread_t  # of the logarithm of the root
    return coefficient + over / root - coefficient * under
