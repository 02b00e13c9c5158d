"""AUC: the area under the ROC curve of each class against the rest, averaged over the classes among the labels."""

import numpy as np


def values(labels, probabilities):
    """Return the area plus each example's influence on it, float64 (n,); 0.5 if all labels are the same.

    The area of a class is the share of pairs, of an example that has the class and one that has not, in which the first
    one has the higher probability of the class; a tie counts half. The influence follows from the placements of DeLong
    et al. (1988, doi:10.2307/2531595). The mean over classes is unweighted, as in scikit-learn's `roc_auc_score` with
    ``multi_class="ovr", average="macro"``, which needs all classes among the labels. Here, a class that no label has
    does not count.
    """
    from scipy.stats import rankdata  # here, as it takes half a second

    n, present = len(labels), np.unique(labels)
    if len(present) < 2:
        return np.full(n, 0.5)
    total = np.zeros(n)
    for label in present:
        has = labels == label
        score, positives = probabilities[:, label], has.sum()
        ranks = rankdata(score)
        # The share of the other side that an example is placed on the right side of.
        placed = np.empty(n)
        placed[has] = (ranks[has] - rankdata(score[has])) / (n - positives)
        placed[~has] = 1 - (ranks[~has] - rankdata(score[~has])) / positives
        area = placed[has].mean()
        share = np.where(has, positives, n - positives) / n
        total += area + (placed - area) / share
    return total / len(present)
