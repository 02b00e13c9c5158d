"""Find the number of labels from which on an arm is close to the reference arm, with an interval.

The gap of an arm is known at the sizes that were run. Between them it is taken to be linear in the logarithm of the
number of labels, and beyond them nothing is said. No shape is imposed: a gap may rise again, as that of a model too
simple for more data does, so "from N labels on" means that the gap is below the threshold at N *and ever after*.

How sure that is comes from a bootstrap over both samples that the numbers rest on, drawn independently of each other
(the pigeonhole bootstrap for crossed samples; Owen 2007, doi:10.1214/07-AOAS122): test examples, the same draw for
both arms, every size and seed, because all cells share them; and seeds, the same draw at every size and for both arms,
because a seed's subsets are nested and shared. Of k seeds, k - 1 are drawn, with replacement: drawing k would
understate the variance of their mean by (k - 1)/k, half of it for two seeds (McCarthy and Snowden 1985). With one seed,
only the sampling of test examples is in the interval. Intervals are percentiles of the replicates, so an end may be
"not by the largest size". Of 200 planted crossings each, the 95 % interval covered 91 % (2 seeds that differ by 0.5
points), 95 % (3 such seeds; 1 seed without luck of its own) and 98 % and more (5 such seeds; 2 without luck).
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from pretrain_or_not.evaluation.score import read_predictions

REPLICATES = 2000

TAILS = (0.025, 0.975)  # of a 95 % interval

CHUNK = 100  # replicates drawn at once, so that memory stays flat

COLUMNS = ["dataset", "dataset_title", "arm", "arm_title", "reference", "reference_title", "threshold", "verdict",
           "labels", "labels_low", "labels_high", "smallest", "gap_smallest", "gap_smallest_low", "gap_smallest_high",
           "largest", "gap_largest", "gap_largest_low", "gap_largest_high", "seeds", "fewest_seeds",
           "test_examples", "selection"]  # fmt: skip


def crossing(sizes: list[int], gaps: np.ndarray, threshold: float) -> np.ndarray:
    """The number of labels from which on the gap is below `threshold`.

    sizes: rising, shape (k,). gaps: points, shape (..., k). Linear in log(size) between sizes. Returns shape (...):
    infinity where the gap is not below at the largest size, the smallest size where it is below at every one.
    """
    gaps = np.asarray(gaps, float)
    above = gaps >= threshold
    last = above.shape[-1] - 1 - np.argmax(above[..., ::-1], axis=-1)  # the last size with the gap above
    after = np.minimum(last + 1, len(sizes) - 1)
    high, low = (np.take_along_axis(gaps, i[..., None], axis=-1)[..., 0] for i in (last, after))
    logs = np.log(np.asarray(sizes, float))
    with np.errstate(invalid="ignore", divide="ignore"):
        labels = np.exp(logs[last] + (high - threshold) / (high - low) * (logs[after] - logs[last]))
    labels = np.where(above[..., -1], np.inf, labels)
    return np.where(above.any(axis=-1), labels, float(sizes[0]))


def mean_gaps(sums, cells, seed_weights):
    """Gaps at each size, means over drawn seeds: shape (replicates, sizes).

    sums: (replicates, cells) gaps of each cell. cells: (sizes, seeds) the cell's column, -1 where there is none.
    seed_weights: (replicates, seeds) how often each seed was drawn; a size that has none of the drawn takes all it has.
    """
    there = cells >= 0
    weights = seed_weights[:, None, :] * there
    weights = np.where(weights.sum(axis=2, keepdims=True) > 0, weights, there)
    return (weights * sums[:, cells] * there).sum(axis=2) / weights.sum(axis=2)


def bootstrap(differences, cells, replicates=REPLICATES, seed=0):
    """Replicates of the gap at each size: (replicates, sizes), in points.

    differences: (cells, test examples) of -1, 0, 1: reference right less arm right. cells: see `mean_gaps`. Examples
    with the same differences in all cells are drawn together, by a multinomial over the distinct patterns: the same
    distribution as drawing single examples, for a fraction of the work.
    """
    rng = np.random.default_rng(seed)
    examples, seeds = differences.shape[1], cells.shape[1]
    patterns, counts = np.unique(differences, axis=1, return_counts=True)
    drawn = []
    for start in range(0, replicates, CHUNK):
        k = min(CHUNK, replicates - start)
        sums = rng.multinomial(examples, counts / examples, size=k) @ patterns.T.astype(float) * (100 / examples)
        seed_weights = rng.multinomial(max(seeds - 1, 1), np.full(seeds, 1 / seeds), size=k)
        drawn.append(mean_gaps(sums, cells, seed_weights))
    return np.concatenate(drawn)


def answer_row(sizes, seeds, differences, threshold):
    """The answer for one arm on one dataset: the numeric part of a row of answer.parquet.

    sizes, seeds: (cells,) of each cell. differences: (cells, test examples), see `bootstrap`.
    """
    at, of = sorted(set(sizes)), sorted(set(seeds))
    cells = np.full((len(at), len(of)), -1)
    cells[[at.index(n) for n in sizes], [of.index(s) for s in seeds]] = np.arange(len(sizes))
    means = mean_gaps(100 * differences.mean(axis=1)[None], cells, np.ones((1, len(of))))[0]
    replicates = bootstrap(differences, cells)
    labels = float(crossing(at, means, threshold))
    # Infinity cannot be averaged, so an end is one of the replicates.
    low, high = np.quantile(crossing(at, replicates, threshold), TAILS, method="inverted_cdf")
    gap_low, gap_high = np.quantile(replicates, TAILS, axis=0)
    return {
        "threshold": float(threshold),
        "verdict": "not yet" if math.isinf(labels) else "from the smallest" if labels == at[0] else "from",
        "labels": labels,
        "labels_low": float(low),
        "labels_high": float(high),
        "smallest": at[0],
        "gap_smallest": means[0],
        "gap_smallest_low": gap_low[0],
        "gap_smallest_high": gap_high[0],
        "largest": at[-1],
        "gap_largest": means[-1],
        "gap_largest_low": gap_low[-1],
        "gap_largest_high": gap_high[-1],
        "seeds": len(of),
        "fewest_seeds": int((cells >= 0).sum(axis=1).min()),
        "test_examples": differences.shape[1],
    }


def got_right(path):
    """Whether each test example was got right: boolean array (n,)."""
    _, labels, predicted = read_predictions(path)
    return labels == predicted


def answers(gaps: pd.DataFrame, predictions: dict, threshold: float) -> pd.DataFrame:
    """Rows of answer.parquet, one a dataset and arm.

    gaps: rows of gaps.parquet. predictions: path of each cell's, by (dataset, arm, n, seed).
    """
    rows = []
    for (dataset, arm), group in gaps.groupby(["dataset", "arm"], sort=False):
        reference = group["reference"].iloc[0]
        differences = np.stack([
            got_right(predictions[dataset, reference, n, seed]).astype(np.int8)
            - got_right(predictions[dataset, arm, n, seed])
            for n, seed in zip(group["n"], group["seed"], strict=True)
        ])  # fmt: skip
        facts = (
            group[["dataset", "dataset_title", "arm", "arm_title", "reference", "reference_title"]].iloc[0].to_dict()
        )
        row = answer_row(group["n"].tolist(), group["seed"].tolist(), differences, threshold)
        selection = "test" if "test" in set(group["selection"]) else "validation"
        rows.append(facts | row | {"selection": selection})
    return pd.DataFrame(rows, columns=COLUMNS)
