"""Put the gaps of several data sets together: the mean of an arm at a size, with what data sets differ by.

Each data set counts once, with its mean gap over seeds. The interval is Student's t interval of their mean: it is about
data sets like these, so it holds their differences as well as the noise of each. Fewer than FEWEST are no sample, and
the test has no power below FEWEST_TESTED: with five data sets on one side, p is 0.06.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from pretrain_or_not.config.metric import Metric
from pretrain_or_not.config.sizes import size_order
from pretrain_or_not.evaluation.totals import Measured

FEWEST, FEWEST_TESTED = 3, 6  # data sets from which on there is an interval, and a test

COLUMNS = ["arm", "arm_title", "reference", "reference_title", "metric", "size", "datasets", "dataset_titles", "gaps",
           "gap", "gap_low", "gap_high", "p"]  # fmt: skip


def across(scores: pd.DataFrame, measured: dict[tuple[str, str], Measured], reference: str, metric: Metric):
    """Return the rows of across.parquet, one per arm and size at which all data sets have a gap.

    `gaps` has the mean gap of each data set, in the order of `dataset_titles`. Without a second data set, there is no
    row. scores: rows of scores.parquet, of the arms to compare. measured: the gaps to the reference arm, see
    `evaluation.totals`.
    """
    datasets, titles = list(scores["dataset"].unique()), dict(zip(scores["arm"], scores["arm_title"], strict=True))
    named = dict(zip(scores["dataset"], scores["dataset_title"], strict=True))
    sizes = dict(zip(zip(scores["dataset"], scores["n"], strict=True), scores["size"], strict=True))
    found: dict[tuple[str, str], dict[str, float]] = {}
    for (dataset, arm), gaps in measured.items():
        for n, gap in zip(gaps.curve.sizes.tolist(), gaps.curve.means.tolist(), strict=True):
            if arm in titles:
                found.setdefault((arm, sizes[dataset, n]), {})[dataset] = gap
    arms = list(titles)
    rows = []
    for arm, size in sorted(found, key=lambda key: (arms.index(key[0]), size_order(key[1]))):
        of = found[arm, size]
        if len(datasets) < 2 or set(of) != set(datasets):
            continue
        values = np.array([of[dataset] for dataset in datasets])
        low, high = interval(values)
        rows.append({
            "arm": arm, "arm_title": titles[arm], "reference": reference,
            "reference_title": titles.get(reference, reference),
            "metric": metric.name, "size": size, "datasets": len(values),
            "dataset_titles": [named[dataset] for dataset in datasets], "gaps": values.tolist(), "gap": values.mean(),
            "gap_low": low, "gap_high": high, "p": signed_rank(values),
        })  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def interval(gaps: np.ndarray) -> tuple[float, float]:
    """Return the ends of the 95 % interval of the mean over data sets; NaN with fewer than FEWEST. gaps: (k,)."""
    if len(gaps) < FEWEST:
        return math.nan, math.nan
    from scipy.stats import t  # here, as SciPy takes a while to import

    half = t.ppf(0.975, len(gaps) - 1) * gaps.std(ddof=1) / math.sqrt(len(gaps))
    return float(gaps.mean() - half), float(gaps.mean() + half)


def signed_rank(gaps: np.ndarray) -> float:
    """Return p of Wilcoxon's signed-rank test that gaps lie around 0, two-sided; NaN with fewer than FEWEST_TESTED.

    gaps: (k,). Equal ones are compared by all changes of signs, as far as their number allows.
    """
    if len(gaps) < FEWEST_TESTED:
        return math.nan
    from scipy.stats import wilcoxon  # here, as SciPy takes a while to import

    return float(wilcoxon(gaps).pvalue) if gaps.any() else 1.0
