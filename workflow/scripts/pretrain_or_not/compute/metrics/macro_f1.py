"""Macro-F1: the unweighted mean of F1 over the classes that occur among the labels."""

import numpy as np


def values(labels, probabilities):
    """Return macro-F1 plus each example's influence on it, float64 (n,).

    F1 of a class is 2 TP / (2 TP + FP + FN) = 2 a / b, where a is the share of examples that have and are given the
    class, and b the sum of the shares that have it and that are given it. The influence of an example is
    (2 da − F1 db) / b. A class that no label has does not count, so that all arms are measured on the same classes:
    scikit-learn's `f1_score` with the classes of the labels as `labels`.
    """
    predicted, classes, n = probabilities.argmax(axis=1), probabilities.shape[1], len(labels)
    right = predicted == labels
    given = np.bincount(labels, minlength=classes)
    both = (given + np.bincount(predicted, minlength=classes)) / n
    hits = np.bincount(labels[right], minlength=classes) / n
    scale = np.divide(1, both, out=np.zeros(classes), where=given > 0)
    f1 = 2 * hits * scale
    weight = f1 * scale
    change = 2 * right * scale[labels] - weight[labels] - weight[predicted]  # without the mean, which is 0
    return (f1.sum() + change) / (given > 0).sum()
