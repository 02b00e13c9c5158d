"""Score cells on further test sets: what is lost there, beside what to expect from the score on the test data."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from pretrain_or_not.compute.metrics import metric_values
from pretrain_or_not.config.metric import Metric
from pretrain_or_not.evaluation.metrics import interval, paired_differences, paired_gap, standard_error, unseen_variance
from pretrain_or_not.evaluation.predictions import CELL, Predictions, read_predictions
from pretrain_or_not.evaluation.wilson import Z_95, wilson_interval

FEWEST_ARMS = 3  # for a line of score under shift over score

COLUMNS = {"shift": str, "change": str, "metric": str, "test_score": float, "test_examples": int, "accuracy": float,
           "accuracy_low": float, "accuracy_high": float, "score": float, "score_low": float, "score_high": float,
           "drop": float, "drop_se": float, "drop_low": float, "drop_high": float, "relative_drop": float,
           "effective_robustness": float, "paired": bool, "changed": float, "seen": int,
           "selection": str}  # fmt: skip

FILES = "files"  # the `change` of a test set that is read from files


def shift_table(shifted: list, paths: dict, guessing: set, metric: Metric) -> pd.DataFrame:
    """Return one row per cell and shift: the values of CELL and COLUMNS.

    shifted: paths of predictions on further test sets. paths: cell, the values of CELL -> path of its predictions on
    the test data; a cell that is not there has no score, and gets no row. guessing: arms that always answer the most
    frequent class, which effective robustness leaves out.
    """
    rows = []
    for path in shifted:
        under = read_predictions(path)
        key = tuple(under.about[name] for name in CELL)
        if key in paths:
            rows.append(dict(zip(CELL, key, strict=True)) | shift_row(read_predictions(paths[key]), under, metric))
    table = pd.DataFrame(rows)
    return table if table.empty else table.assign(effective_robustness=residuals(table, guessing, metric))


def shift_row(test: Predictions, under: Predictions, metric: Metric) -> dict:
    """Return the scores of a cell under a shift, with the keys of COLUMNS but `effective_robustness`.

    `drop` is in the unit of a gap, positive where the score is worse than on the test data. Its interval is that of the
    sampling of test examples: paired where the test examples are the same, otherwise of two independent sets.
    `relative_drop` is the drop over the score on the test data. All are NaN, and the accuracy too, if a probability is
    not finite; all but the accuracy, if the metric says nothing that can be compared (`Metric.can_compare`).
    """
    about, labels = under.about, under.labels
    right = under.predicted == labels
    low, high = wilson_interval(int(right.sum()), len(right))
    own = metric_values(metric.name, test.labels, test.probabilities)
    paired = np.array_equal(test.ids, under.ids) and about["change"] is not None
    change = about["change"]
    row = {"shift": about["shift"], "change": change_name(change), "metric": metric.name,
           "test_score": float(own.mean()), "test_examples": len(labels), "accuracy": float(right.mean()),
           "accuracy_low": low, "accuracy_high": high, "paired": paired,
           "changed": about["changed"] / about["rows"] if change else math.nan, "seen": about["seen"],
           "selection": about["selection"]}  # fmt: skip
    numbers = ("score", "score_low", "score_high", "drop", "drop_se", "drop_low", "drop_high", "relative_drop")
    if not under.finite:
        return row | dict.fromkeys(("accuracy", "accuracy_low", "accuracy_high", *numbers), math.nan)
    if not metric.can_compare(set(labels.tolist()), set(test.labels.tolist())):
        return row | dict.fromkeys(numbers, math.nan)
    values = metric_values(metric.name, labels, under.probabilities)
    if paired:
        drop, error = paired_gap(paired_differences(metric, own, values))
    else:
        drop = float(metric.points * (own.mean() - values.mean()))
        error = metric.scale * math.hypot(standard_error(own), standard_error(values))
    sets = (labels,) if paired else (labels, test.labels)
    half = Z_95 * math.sqrt(error**2 + sum(unseen_variance(len(tested), metric.scale) for tested in sets))
    best = metric.points * own.mean()
    relative = drop / abs(best) if best else math.nan
    found = (float(values.mean()), *interval(metric, values), drop, error, drop - half, drop + half, relative)
    return row | dict(zip(numbers, found, strict=True))


def change_name(change: dict | None) -> str:
    """Return a change as written in the config, such as ``typos: 0.1``; FILES if there is none."""
    if change is None:
        return FILES
    ((key, value),) = ((key, value) for key, value in change.items() if key != "seed")
    return f"{key}: {value}"


def residuals(table: pd.DataFrame, guessing: set, metric: Metric) -> np.ndarray:
    """Return the effective robustness of each row, in points above what its score on the test data lets expect.

    It is the residual from the line of score under shift over score, fitted by least squares over the cells of all arms
    of a dataset and shift (Taori et al. 2020, who transform accuracies by a logit first and fit to standard models
    only). NaN with fewer than FEWEST_ARMS arms, or if all scores are equal.
    """
    found = np.full(len(table), math.nan)
    told = table["score"].notna() & ~table["arm"].isin(guessing)
    for _, rows in table.reset_index(drop=True)[told.to_numpy()].groupby(["dataset", "shift"], sort=False):
        x, y = rows["test_score"].to_numpy(), rows["score"].to_numpy()
        if rows["arm"].nunique() < FEWEST_ARMS or np.ptp(x) == 0:
            continue
        slope = np.cov(x, y, bias=True)[0, 1] / x.var()
        found[rows.index] = metric.points * (y - y.mean() - slope * (x - x.mean()))
    return found
