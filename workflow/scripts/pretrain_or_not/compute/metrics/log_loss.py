"""Log loss: the mean negative logarithm of the probability of the label, in nats."""

import numpy as np

SMALLEST = float(np.finfo(np.float32).eps)  # the probabilities are float32; scikit-learn's `log_loss` clips them so


def values(labels, probabilities):
    """Return −log p of each example's label, float64 (n,); p is clipped to SMALLEST and 1 − SMALLEST."""
    p = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return -np.log(p.clip(SMALLEST, 1 - SMALLEST))
