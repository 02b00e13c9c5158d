"""Calibration: whether an arm is right as often as its probabilities say."""

from __future__ import annotations

import numpy as np

from pretrain_or_not.compute.metrics import metric_values
from pretrain_or_not.compute.temperature import scaled

BINS = 15  # as in Guo et al. 2017


def brier_score(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean over examples of Σ (p − 1[class is the label])², from 0 to 2 (Brier 1950).

    For two classes it is twice scikit-learn's `brier_score_loss`. labels: (n,). probabilities: (n, classes).
    """
    squares = np.square(probabilities, dtype=np.float64).sum(axis=1)
    return float((squares - 2 * probabilities[np.arange(len(labels)), labels] + 1).mean())


def confidence_bins(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, np.ndarray]:
    """Return the examples by the probability of their predicted class, in BINS bins of equal width over 0 to 1.

    Arrays (BINS,): `examples` in the bin, `confidence`, the mean of that probability, and `right`, the share whose
    predicted class is the label; both are 0 for an empty bin.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    place = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)  # a bin contains its upper end
    examples = np.bincount(place, minlength=BINS)
    means = [np.bincount(place, weights=of, minlength=BINS) / np.maximum(examples, 1) for of in (confidence, right)]
    return {"examples": examples, "confidence": means[0], "right": means[1]}


def expected_calibration_error(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean over examples of |share right − confidence| of their bin (Guo et al. 2017, arXiv:1706.04599)."""
    bins = confidence_bins(labels, probabilities)
    return float(np.average(abs(bins["right"] - bins["confidence"]), weights=bins["examples"]))


def calibration(labels: np.ndarray, probabilities: np.ndarray, temperature: float | None) -> dict:
    """Return the columns of scores.parquet on calibration, before and after scaling by a temperature.

    temperature: fitted on validation data, or None.
    """
    columns = {
        "brier": brier_score(labels, probabilities),
        "ece": expected_calibration_error(labels, probabilities),
        "temperature": temperature,
    }
    after = scaled(probabilities, temperature) if temperature else probabilities
    return columns | {
        "brier_scaled": brier_score(labels, after),
        "ece_scaled": expected_calibration_error(labels, after),
        "log_loss_scaled": float(metric_values("log_loss", labels, after).mean()),
    }


def reliability_rows(labels: np.ndarray, probabilities: np.ndarray, temperature: float | None) -> list[dict]:
    """Return one row per bin that is not empty, before and after scaling (`scaled`), for the figure `reliability`."""
    forms = {False: probabilities} | ({True: scaled(probabilities, temperature)} if temperature else {})
    rows = []
    for is_scaled, values in forms.items():
        bins = confidence_bins(labels, values)
        rows += [
            {"scaled": is_scaled, "bin": i, **{key: of[i].item() for key, of in bins.items()}}
            for i in np.flatnonzero(bins["examples"])
        ]
    return rows
