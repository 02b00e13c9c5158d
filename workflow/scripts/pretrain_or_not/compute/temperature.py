"""The temperature that calibrates probabilities on validation data (Guo et al. 2017, arXiv:1706.04599)."""

from __future__ import annotations

import numpy as np

BOUNDS = (0.1, 10.0)  # without them, a validation set without an error would ask for a temperature of 0


def logits(probabilities: np.ndarray) -> np.ndarray:
    """Return the logarithms of probabilities, float64 (n, classes): logits, up to a number per example."""
    return np.log(probabilities.astype(np.float64).clip(min=np.finfo(np.float32).tiny))


def scaled(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Return the probabilities at a temperature, float64 (n, classes): the softmax of logits / temperature."""
    values = logits(probabilities) / temperature
    values = np.exp(values - values.max(axis=1, keepdims=True))
    return values / values.sum(axis=1, keepdims=True)


def fit_temperature(labels: np.ndarray, probabilities: np.ndarray) -> float | None:
    """Return the temperature, within BOUNDS, at which the mean log loss is lowest; None if a probability is not finite.

    labels: (n,). probabilities: (n, classes). The loss is convex in 1 / temperature.
    """
    if not np.isfinite(probabilities).all():
        return None
    from scipy.optimize import minimize_scalar  # here, as it takes a moment
    from scipy.special import logsumexp

    values = logits(probabilities)
    of_labels = values[np.arange(len(labels)), labels].mean()

    def loss(inverse):
        return logsumexp(inverse * values, axis=1).mean() - inverse * of_labels

    found = minimize_scalar(loss, bounds=(1 / BOUNDS[1], 1 / BOUNDS[0]), method="bounded", options={"xatol": 1e-4})
    return float(1 / found.x)
