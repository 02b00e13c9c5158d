"""Find the number of labels from which on an arm is close to the reference arm, with an interval.

The gap of an arm is known at the sizes that were run. Between them it is assumed to be linear in the logarithm of the
number of labels, and nothing is claimed beyond them. No shape is assumed: a gap may rise again, as for a model too
simple for more data, so "from N labels on" means that the gap is below the threshold at N *and at all larger sizes*.

The interval comes from a bootstrap over the two samples behind the numbers, drawn independently of each other (the
pigeonhole bootstrap for crossed samples; Owen 2007, doi:10.1214/07-AOAS122). Test examples: the same draw for both
arms, every size and seed, because all cells share them. Seeds: the same draw at every size and for both arms, because
the subsets of a seed are nested and shared. Of k seeds, k - 1 are drawn, with replacement: drawing k would multiply the
variance of their mean by (k - 1)/k, one half for two seeds (McCarthy and Snowden 1985). With one seed, the interval
contains only the sampling of test examples. Intervals are percentiles of the replicates, so an end may be "not by the
largest size". In simulations with 200 known crossings each, the 95 % interval covered 91 % (2 seeds that differ by 0.5
points), 95 % (3 such seeds; 1 seed without an effect of its own) and 98 % or more (5 such seeds; 2 seeds without an
effect).
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.data.folds import place_of
from pretrain_or_not.evaluation.diagnose import guessing_sizes
from pretrain_or_not.evaluation.metrics import Z_95, of_mean
from pretrain_or_not.evaluation.predictions import FEWEST_TEST_EXAMPLES, read_predictions
from pretrain_or_not.evaluation.score import differences

REPLICATES = 2000

TAILS = (0.025, 0.975)  # of a 95 % interval

CHUNK = 100  # replicates drawn at once, so that memory does not grow with their number

COLUMNS = ["dataset", "dataset_title", "arm", "arm_title", "reference", "reference_title", "threshold", "verdict",
           "labels", "labels_low", "labels_high", "smallest", "gap_smallest", "gap_smallest_low", "gap_smallest_high",
           "largest", "gap_largest", "gap_largest_low", "gap_largest_high", "gap_lowest", "gap_highest", "seeds",
           "fewest_seeds", "folds", "test_examples", "selection", "guessed_sizes", "arm_sizes", "arm_largest",
           "dataset_largest", "metric", "score", "reference_score", "guessing_score"]  # fmt: skip


def crossing(sizes: list[int], gaps: np.ndarray, threshold: float) -> np.ndarray:
    """Return the number of labels from which on the gap is below `threshold`, shape (...).

    sizes: in increasing order, shape (k,). gaps: shape (..., k), linear in log(size) between sizes. The result
    is infinity if the gap is not below at the largest size, and the smallest size if it is below at every size.
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
    """Return the gap at each size, the mean over drawn seeds: shape (replicates, sizes).

    sums: (replicates, cells), gaps of each cell. cells: (sizes, seeds), the cell's column in `sums`, -1 if there is no
    cell. seed_weights: (replicates, seeds), how often each seed was drawn; a size without any drawn seed uses all of
    its seeds.
    """
    exists = cells >= 0
    weights = seed_weights[:, None, :] * exists
    weights = np.where(weights.sum(axis=2, keepdims=True) > 0, weights, exists)
    return (weights * sums[:, cells] * exists).sum(axis=2) / weights.sum(axis=2)


def bootstrap(differences, cells, replicates=REPLICATES, seed=0):
    """Return replicates of the gap at each size: (replicates, sizes).

    differences: (cells, test examples), see `paired_differences`; for accuracy -100, 0 or 100. cells: see `mean_gaps`.
    Examples with the same differences in all cells are drawn together, from a multinomial over the distinct patterns:
    the same distribution as drawing single examples, but much faster. For metrics that are no mean over examples, the
    gap of a replicate is its linear approximation (see `compute.metrics`).
    """
    rng = np.random.default_rng(seed)
    examples, seeds = differences.shape[1], cells.shape[1]
    patterns, counts = np.unique(differences, axis=1, return_counts=True)
    drawn = []
    for start in range(0, replicates, CHUNK):
        k = min(CHUNK, replicates - start)
        sums = rng.multinomial(examples, counts / examples, size=k) @ patterns.T.astype(float) / examples
        seed_weights = rng.multinomial(max(seeds - 1, 1), np.full(seeds, 1 / seeds), size=k)
        drawn.append(mean_gaps(sums, cells, seed_weights))
    return np.concatenate(drawn)


def answer_row(sizes, seeds, differences, threshold):
    """Return the answer for one arm on one dataset: the numeric part of a row of answer.parquet.

    sizes, seeds: (cells,) of each cell; with folds, a round is taken for a seed. differences: (cells, test examples),
    see `bootstrap`. With fewer test examples than FEWEST_TEST_EXAMPLES, the verdict is "too few", and the ends of
    intervals are NaN.
    """
    at, of = sorted(set(sizes)), sorted(set(seeds))
    cells = np.full((len(at), len(of)), -1)
    cells[[at.index(n) for n in sizes], [of.index(s) for s in seeds]] = np.arange(len(sizes))
    means = mean_gaps(differences.mean(axis=1, dtype=float)[None], cells, np.ones((1, len(of))))[0]
    replicates = bootstrap(differences, cells)
    labels = float(crossing(at, means, threshold))
    # Infinity cannot be averaged, so each end of the interval is one of the replicates.
    low, high = np.quantile(crossing(at, replicates, threshold), TAILS, method="inverted_cdf")
    gap_low, gap_high = np.quantile(replicates, TAILS, axis=0)
    verdict = "not yet" if math.isinf(labels) else "from the smallest" if labels == at[0] else "from"
    if differences.shape[1] < FEWEST_TEST_EXAMPLES:
        verdict, labels, low, high = "too few", math.nan, math.nan, math.nan
        gap_low, gap_high = np.full((2, len(at)), math.nan)
    near = means[np.asarray(at) >= min(labels, at[-1])] if math.isfinite(labels) else means
    return {
        "threshold": float(threshold),
        "verdict": verdict,
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
        "gap_lowest": near.min(),  # of the sizes from which on the gap is small, or of all
        "gap_highest": near.max(),
        "seeds": len(of),
        "fewest_seeds": int((cells >= 0).sum(axis=1).min()),
        "test_examples": differences.shape[1],
    }


def answers(gaps: pd.DataFrame, scores: pd.DataFrame, predictions: dict, threshold: float, metric: str) -> pd.DataFrame:
    """Return the rows of answer.parquet, one per dataset and arm.

    Sizes at which arm and reference are both no better than guessing, and their gap is small or not certain, do not
    count: a small gap says nothing there. If no other size is left, the verdict is "guessing", and there is no number
    of labels.

    gaps, scores: rows of the tidy tables. predictions: (dataset, arm, n, seed) -> path of the cell's predictions.
    threshold: in the unit of the gaps. metric: name of the experiment's.
    """
    rows, guessing = [], guessing_sizes(scores, METRICS[metric])
    for (dataset, arm), group in gaps.groupby(["dataset", "arm"], sort=False):
        reference = group["reference"].iloc[0]
        means = group.groupby("n")[["gap", "gap_se"]].mean()
        folds = int(group["folds"].iloc[0])
        half = Z_95 * of_mean(folds) * means["gap_se"]
        certain = means.index[means["gap"].abs() > np.maximum(threshold, half)]
        guessed = {n for n in group["n"] if {(dataset, arm, n), (dataset, reference, n)} <= guessing} - set(certain)
        only_guessed = guessed == set(group["n"])
        group = group if only_guessed else group[~group["n"].isin(guessed)]
        pairs = {
            (n, seed): (predictions[dataset, reference, n, seed], predictions[dataset, arm, n, seed])
            for n, seed in zip(group["n"], group["seed"], strict=True)
        }
        of_cells = by_rounds(pairs, folds, METRICS[metric]) if folds else by_seeds(pairs, METRICS[metric])
        if not of_cells:
            continue
        facts = (
            group[["dataset", "dataset_title", "arm", "arm_title", "reference", "reference_title"]].iloc[0].to_dict()
        )
        sizes, seeds = zip(*of_cells, strict=True)
        row = answer_row(sizes, seeds, np.stack(list(of_cells.values())).astype(np.float32), threshold)
        row["folds"] = folds
        if only_guessed and row["verdict"] != "too few":
            row |= {"verdict": "guessing"} | dict.fromkeys(("labels", "labels_low", "labels_high"), math.nan)
        selection = "test" if "test" in set(group["selection"]) else "validation"
        around = scope(scores[scores["dataset"] == dataset], arm, reference, row["largest"], metric)
        rows.append(facts | row | {"selection": selection, "guessed_sizes": sorted(guessed)} | around)
    return pd.DataFrame(rows, columns=COLUMNS)


def by_seeds(pairs, metric):
    """Return the differences of each cell: (n, seed) -> (test examples,). pairs: (n, seed) -> two paths."""
    return {cell: differences(*paths, metric) for cell, paths in pairs.items()}


def by_rounds(pairs, folds, metric):
    """Return the differences of each complete round of folds, in the order of ids: (n, round) -> (examples,).

    In a round, each example is tested once, so its folds together are like one cell that is tested on all examples.
    """
    parts: dict = {}
    for (n, seed), paths in pairs.items():
        ids = read_predictions(paths[0]).ids
        parts.setdefault((n, place_of(seed, folds)[0]), []).append((ids, differences(*paths, metric)))
    joined = {}
    for cell, cells in parts.items():
        if len(cells) == folds:
            ids, values = (np.concatenate(arrays) for arrays in zip(*cells, strict=True))
            joined[cell] = values[np.argsort(ids)]
    return joined


def scope(scores, arm, reference, size, metric):
    """Return the sizes around an answer, and mean scores at its largest `size`. scores: of one dataset."""
    sizes, at = scores.loc[scores["arm"] == arm, "n"], scores[scores["n"] == size]
    means = at.groupby("arm")[metric].mean()
    return {
        "arm_sizes": sizes.nunique(),
        "arm_largest": sizes.max(),
        "dataset_largest": scores["n"].max(),
        "metric": metric,
        "score": means[arm],
        "reference_score": means[reference],
        "guessing_score": at[f"{metric}_guessing"].mean(),
    }
