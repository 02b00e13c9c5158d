"""Find test examples whose label is likely wrong, by confident learning.

Northcutt, Jiang and Chuang 2021 (doi:10.1613/jair.1.12125). An example counts as one of class j if its probability of j
is at least the mean probability of j among the examples that are labelled j; of several such classes, the most probable
one. Counted against the labels, this is the confident joint. Scaled so that each label has as many examples as it is
given to, it estimates how many labels of each class are wrong.

The probabilities must come from a model that has not seen the labels. Here they are those of the test data.
"""

from __future__ import annotations

import numpy as np

from pretrain_or_not.evaluation.by_class import confusion_matrix

NONE = -1  # no class is probable enough


def confident_classes(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return the class that each example confidently belongs to, integers (n,), or NONE.

    labels: (n,). probabilities: (n, classes). A class without a label is never chosen.
    """
    classes = probabilities.shape[1]
    given = np.bincount(labels, minlength=classes)
    own = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    sums = np.bincount(labels, weights=own, minlength=classes)
    thresholds = np.divide(sums, given, out=np.full(classes, np.inf), where=given > 0)
    above = np.where(probabilities >= thresholds - 1e-6, probabilities, -np.inf)
    return np.where(np.isfinite(above).any(axis=1), above.argmax(axis=1), NONE)


def confident_joint(labels: np.ndarray, confident: np.ndarray, classes: int) -> np.ndarray:
    """Return how many examples of each label (row) belong to each class (column), estimated, (classes, classes).

    The confident joint, with rows scaled to the number of examples of each label. confident: of `confident_classes`.
    """
    known = confident != NONE
    joint = confusion_matrix(labels[known], confident[known], classes).astype(float)
    np.fill_diagonal(joint, np.maximum(np.diag(joint), 1))  # a class without a confident example is not all wrong
    given = np.bincount(labels, minlength=classes)
    return joint * (given / joint.sum(axis=1))[:, None]


def label_issues(labels: np.ndarray, probabilities: np.ndarray) -> tuple[dict[str, np.ndarray], float]:
    """Return the examples whose label is likely wrong, the most likely first, and the share of wrong labels.

    Of the examples of each label, as many as are estimated to belong to another class are taken, those with the largest
    margin of its probability over that of the label ("prune by noise rate"). Columns: `row`, the position of the
    example; `suggested`, the other class; `score`, the probability of the given label.
    """
    classes, n = probabilities.shape[1], len(labels)
    joint = confident_joint(labels, confident_classes(labels, probabilities), classes)
    margins, suggested = np.full(n, -np.inf), np.full(n, NONE)
    for given, other in np.argwhere(np.rint(joint) > 0):
        if given == other:
            continue
        rows = np.flatnonzero(labels == given)
        margin = probabilities[rows, other] - probabilities[rows, given]
        first = np.argsort(-margin, kind="stable")[: int(np.rint(joint[given, other]))]
        better = first[margin[first] > np.maximum(margins[rows[first]], 0)]
        margins[rows[better]], suggested[rows[better]] = margin[better], other
    rows = np.flatnonzero(suggested != NONE)
    score = probabilities[rows, labels[rows]].astype(np.float64)
    order = np.argsort(score, kind="stable")
    return (
        {"row": rows[order], "suggested": suggested[rows[order]], "score": score[order]},
        max(0.0, float(1 - np.trace(joint) / n)),  # rounding
    )
