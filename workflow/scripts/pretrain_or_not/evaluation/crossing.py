"""Find the number of labels from which on an arm is close to the reference arm, with an interval.

The gap of an arm is known at the sizes that were run. Between them, arsinh(gap / (bend · threshold)) is taken to be
linear in the logarithm of the number of labels. Of a gap far above bend · threshold that is its logarithm, so that one
that falls like a power of the labels is a straight line; below, it is the gap itself, which may change its sign. Which
of the two holds is not known: the number itself is that of BEND, and each replicate draws a bend from BENDS, from
almost the logarithm to almost the gap. Nothing is claimed beyond the sizes. No shape is assumed over all of them: a gap
may rise again, as for a model too simple for more data, so "from N labels on" means that the gap is below the threshold
at N *and at all larger sizes*: N is the last crossing.

The interval comes from replicates of the gaps at all sizes: means + test sampling + seeds, see
`evaluation.seed_variance`. In each replicate the crossing is found anew, so an end of the interval may be "not by the
largest size". How often the interval holds the truth: see docs/statistics.md, from benchmarks/coverage.py.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.evaluation.budget import marked_as, training_labels
from pretrain_or_not.evaluation.guessing import guessing_sizes
from pretrain_or_not.evaluation.totals import Measured

REPLICATES = 100_000

BEND, BENDS = 0.5, (0.1, 100.0)  # in thresholds; BENDS are the ends of a log-uniform distribution

CLOSE = 2  # ratio of two sizes below which a size between them says little

TITLES = ["dataset", "dataset_title", "arm", "arm_title", "reference", "reference_title"]

# What is not known where the test examples are too few, or both arms guess.
CROSSING = ["labels", "labels_low", "labels_high", "labels_low_joint", "labels_high_joint", "chance", "next_size"]

COLUMNS = [*TITLES, "threshold", "verdict", *CROSSING, "arms", "smallest", "gap_smallest", "gap_smallest_low",
           "gap_smallest_high", "largest", "gap_largest", "gap_largest_low", "gap_largest_high", "gap_lowest",
           "gap_lowest_low", "gap_lowest_high", "gap_highest", "gap_highest_high", "seeds", "fewest_seeds",
           "independent_seeds", "folds", "test_examples", "selection", "guessed_sizes", "arm_sizes", "arm_largest",
           "dataset_largest", "metric", "score", "reference_score", "guessing_score"]  # fmt: skip


def crossing(
    sizes: list[int] | np.ndarray,
    gaps: np.ndarray,
    threshold: float,
    bend: np.ndarray | float = BEND,
    equal: bool = False,
) -> np.ndarray:
    """Return the number of labels from which on the gap is below `threshold`, shape (...).

    sizes: in increasing order, shape (k,). gaps: shape (..., k). bend: shape (...). equal: whether a gap of `threshold`
    counts as below. Between sizes, `heights` are linear in log(size). The result is infinity if the gap is not below at
    the largest size, and the smallest size if it is below at every size.
    """
    gaps = np.asarray(gaps, float)
    above = gaps > threshold if equal else gaps >= threshold
    last = above.shape[-1] - 1 - np.argmax(above[..., ::-1], axis=-1)  # the last size with the gap above
    after = np.minimum(last + 1, len(sizes) - 1)
    at = heights(threshold, threshold, bend)
    ends = (np.take_along_axis(gaps, i[..., None], axis=-1)[..., 0] for i in (last, after))
    high, low = (heights(end, threshold, bend) for end in ends)
    logs = np.log(np.asarray(sizes, float))
    with np.errstate(invalid="ignore", divide="ignore"):
        labels = np.exp(logs[last] + (high - at) / (high - low) * (logs[after] - logs[last]))
    whole = np.asarray(sizes, float)
    labels = np.clip(labels, whole[last], whole[after])  # not just outside by an error of arithmetic
    labels = np.where(above[..., -1], np.inf, labels)
    return np.where(above.any(axis=-1), labels, float(sizes[0]))


def heights(gaps: np.ndarray | float, threshold: float, bend: np.ndarray | float) -> np.ndarray:
    """Return what of gaps is linear between sizes: see the module. Where the threshold is not above 0, the gaps."""
    return np.arcsinh(np.asarray(gaps) / (bend * threshold)) if threshold > 0 else np.asarray(gaps, float)


def next_size(sizes: np.ndarray, means: np.ndarray, threshold: float) -> float:
    """Return the size to run next, to know the crossing better; NaN if it is not between two sizes, or those are CLOSE.

    It is the geometric middle of the two sizes between which the gap falls below the threshold for good.
    """
    above = np.flatnonzero(means >= threshold)
    if not len(above) or above[-1] == len(sizes) - 1:
        return math.nan
    before, after = (float(sizes[above[-1] + i]) for i in (0, 1))
    return math.sqrt(before * after) if after / before >= CLOSE else math.nan


def answer_row(gaps: Measured, threshold: float, arms: int = 1, training: np.ndarray | None = None) -> dict:
    """Return the answer for one arm on one dataset: the numeric part of a row of answer.parquet.

    With fewer test examples than FEWEST_TEST_EXAMPLES, the verdict is "too few", and the ends of intervals are NaN.
    arms: compared with the reference on this dataset. The joint intervals of all of them hold together with 95 %
    (Bonferroni). training: the sizes in training labels, which the next size is in; None if the sizes are that.
    """
    sizes, means = gaps.curve.sizes, gaps.curve.means
    rng = np.random.default_rng(0)
    replicates = gaps.replicates(REPLICATES, rng)
    bends = np.exp(rng.uniform(math.log(BENDS[0]), math.log(BENDS[1]), REPLICATES))
    crossings = crossing(sizes, replicates, threshold, bends)
    labels, tail = float(crossing(sizes, means, threshold)), 0.025
    # Infinity cannot be averaged, so each end of an interval is one of the replicates.
    at = [tail, 1 - tail, tail / arms, 1 - tail / arms]
    ends = np.quantile(crossings, at, method="inverted_cdf").tolist()
    # The last crossing of the means comes later than most of those of the replicates where a curve is flat.
    ends = [(min, max)[i % 2](end, labels) for i, end in enumerate(ends)]
    known = [labels, *ends, float(np.isfinite(crossings).mean())]
    known.append(next_size(sizes if training is None else training, means, threshold))
    half = gaps.half_widths()
    small = means < threshold
    verdict = "not yet" if math.isinf(labels) else "from the smallest" if small.all() else "from"
    near = (sizes >= labels) & small if math.isfinite(labels) else np.full(len(sizes), True)
    if gaps.too_few:
        verdict, known, near = "too few", [math.nan] * len(CROSSING), np.full(len(sizes), True)
    lowest = np.flatnonzero(near)[means[near].argmin()]
    repeats = gaps.curve.seeds if gaps.curve.repeats is None else gaps.curve.repeats
    return {
        "threshold": float(threshold),
        "verdict": verdict,
        **dict(zip(CROSSING, known, strict=True)),
        "arms": arms,
        "smallest": int(sizes[0]),
        "gap_smallest": means[0],
        "gap_smallest_low": means[0] - half[0],
        "gap_smallest_high": means[0] + half[0],
        "largest": int(sizes[-1]),
        "gap_largest": means[-1],
        "gap_largest_low": means[-1] - half[-1],
        "gap_largest_high": means[-1] + half[-1],
        "gap_lowest": means[lowest],  # of the sizes from which on the gap is small, or of all
        "gap_lowest_low": means[lowest] - half[lowest],
        "gap_lowest_high": means[lowest] + half[lowest],
        "gap_highest": means[near].max(),
        "gap_highest_high": (means + half)[near].max(),
        "seeds": int(repeats.max()),
        "fewest_seeds": int(repeats.min()),
        "independent_seeds": float(gaps.curve.seeds.max()),
        "test_examples": gaps.curve.values.shape[1],
    }


def answers(gaps: pd.DataFrame, scores: pd.DataFrame, measured: dict, threshold: float, metric: str) -> pd.DataFrame:
    """Return the rows of answer.parquet, one per dataset and arm.

    Sizes at which arm and reference are both no better than guessing, and their gap is small or not certain, do not
    count: a small gap says nothing there. If no other size is left, the verdict is "guessing", and there is no number
    of labels. Joint intervals are for the arms that learn, so not for one that always answers the most frequent class.

    gaps, scores: rows of the tidy tables. measured: of the gaps, see `evaluation.totals.measured_gaps`.
    threshold: in the unit of the gaps. metric: name of the experiment's.
    """
    rows, guessing = [], guessing_sizes(scores, METRICS[metric])
    learning = scores[scores["family"] != "majority"].groupby("dataset")["arm"].unique()
    for (dataset, arm), group in gaps.groupby(["dataset", "arm"], sort=False):
        if (dataset, arm) not in measured:
            continue
        own, reference = measured[dataset, arm], group["reference"].iloc[0]
        certain = np.abs(own.curve.means) > np.maximum(threshold, own.half_widths())
        both = [{(dataset, arm, n), (dataset, reference, n)} <= guessing for n in own.curve.sizes]
        guessed = np.array(both) & ~certain
        compared = max(1, sum((dataset, other) in measured for other in learning.get(dataset, ())))
        counted = own if guessed.all() else own.where(~guessed)
        training = training_labels(scores[scores["dataset"] == dataset])
        row = answer_row(counted, threshold, compared, np.array([training[n] for n in counted.curve.sizes]))
        row["folds"] = int(group["folds"].iloc[0])
        if guessed.all() and not own.too_few:
            row |= {"verdict": "guessing"} | dict.fromkeys(CROSSING, math.nan)
        cells = group[group["n"].isin(counted.curve.sizes)]
        facts = group[TITLES].iloc[0].to_dict()
        facts["selection"] = "test" if "test" in set(cells["selection"]) else "validation"
        around = scope(scores[scores["dataset"] == dataset], arm, reference, row["largest"], metric)
        rows.append(facts | row | {"guessed_sizes": own.curve.sizes[guessed].tolist()} | around)
    return marked_as(scores, pd.DataFrame(rows, columns=COLUMNS))


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
