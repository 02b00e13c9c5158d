"""Scores of predictions, with their intervals."""

import math

import numpy as np

Z_95 = 1.959963984540054  # two-sided 95 % of the normal distribution


def accuracy(labels, predicted):
    """Share of equal entries of two integer arrays (n,)."""
    return float(np.mean(labels == predicted))


def macro_f1(labels, predicted, classes):
    """Unweighted mean over classes of F1 = 2 TP / (2 TP + FP + FN); a class never seen nor predicted counts 0."""
    confusion = np.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, classes)
    hits = np.diag(confusion)
    both = confusion.sum(axis=0) + confusion.sum(axis=1)
    return float(np.mean(np.divide(2 * hits, both, out=np.zeros(classes), where=both > 0)))


def wilson_interval(correct, n):
    """95 % interval (low, high) of an accuracy from `correct` of `n` test examples (Wilson 1927)."""
    share, z2 = correct / n, Z_95**2 / n
    centre = (share + z2 / 2) / (1 + z2)
    half = Z_95 / (1 + z2) * math.sqrt(share * (1 - share) / n + z2 / (4 * n))
    return centre - half, centre + half


def paired_gap(reference_right, arm_right):
    """Gap in points between two arms on the same test examples, and its standard error.

    Both: boolean arrays (n,), whether each example was got right. The standard error is that of a mean of paired
    differences; it covers the sampling of test examples, not that of training subsets and seeds.
    """
    differences = 100.0 * (np.asarray(reference_right, float) - np.asarray(arm_right, float))
    return float(differences.mean()), float(differences.std(ddof=1) / math.sqrt(len(differences)))
