"""Make the tables of each arm that recommendations are made from."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from pretrain_or_not.config.metric import Metric
from pretrain_or_not.evaluation.budget import is_total, validation_labels
from pretrain_or_not.evaluation.guessing import interval_of_round

TIMED = ("ms", "ms_low", "ms_high", "cpu_ms", "memory_mb", "busy")  # of an arm, besides what was timed


def curves_of(scores: pd.DataFrame, metric: Metric) -> pd.DataFrame:
    """Return one row per dataset, arm and size: score, low, high, and hours of training, all tries together.

    validation: labels that are used beside the `n` ones, to choose a run; 0 where `n` counts them.

    floor, guessing: means over cells of the worse end of the score's interval, and of what guessing scores. With folds,
    the interval is narrowed to that of a round, as `guessing.guessing_sizes` does. test_examples: the fewest of a cell
    or, with folds, of a complete round, which tests on all rows; without one, as many as it would have if the other
    folds were as large. scores: rows of scores.parquet.
    """
    keys = ["dataset", "arm", "arm_title", "n"]
    floor = f"{metric.name}_{'low' if metric.sign > 0 else 'high'}"
    names = {"score_mean": "score", "score_mean_low": "low", "score_mean_high": "high", "sweep_seconds": "hours",
             floor: "floor", f"{metric.name}_guessing": "guessing", "test_examples": "test_examples",
             "validation": "validation"}  # fmt: skip
    folds = scores["folds"].clip(lower=1)
    rounds = scores.groupby([*keys, scores["seed"] // folds], sort=False)["test_examples"]
    there = rounds.transform("size")
    tested = rounds.transform("sum") * folds / there
    validation = 0 if is_total(scores) else validation_labels(scores)
    of_round = scores.assign(
        **interval_of_round(scores, metric), test_examples=tested.where(there >= folds), expected=tested,
        validation=validation,
    )  # fmt: skip
    cells = of_round[scores[metric.name].notna()].groupby(keys, sort=False, as_index=False)
    means = cells.agg(dict.fromkeys(names, "mean") | {"test_examples": "min", "expected": "min"})
    tested = means["test_examples"].fillna(means["expected"]).astype(int)
    found = means.drop(columns="expected").rename(columns=names)
    return found.assign(test_examples=tested, hours=means["sweep_seconds"] / 3600)


def in_all_datasets(measured: pd.DataFrame, datasets: Iterable[str]) -> pd.DataFrame:
    """Return rows of tables/inference.parquet, those of a length once per dataset: they hold in all of them."""
    if measured["length"].isna().all():
        return measured
    return pd.concat([measured.assign(dataset=dataset) for dataset in datasets], ignore_index=True)


def times_of(measured: pd.DataFrame, datasets: Iterable[str]) -> pd.DataFrame:
    """Return one row per dataset, arm and batch size: ms, its interval, memory_mb, busy.

    From text to class, where that was timed.

    Times are those on the CPU, or on the GPU where none was taken on the CPU. measured: of `report.times.measurements`.
    datasets: names.
    """
    keys = ["dataset", "arm", "batch"]
    names = {"batch_size": "batch", "peak_memory_mb": "memory_mb"}
    if measured.empty:
        return pd.DataFrame(columns=[*keys, *TIMED])
    measured = in_all_datasets(measured, datasets)
    device = min(measured["device"])  # cpu before cuda
    rows = measured[measured["device"] == device].rename(columns=names).sort_values("start", kind="stable")
    return rows.drop_duplicates(keys)[[*keys, *TIMED]]  # "text" before "tokens"
