"""Say what follows from measured curves: how many labels the reference arm is worth, what more labels would bring."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from pretrain_or_not.config.metrics import Metric
from pretrain_or_not.evaluation.beyond import beyond
from pretrain_or_not.evaluation.crossing import REPLICATES
from pretrain_or_not.evaluation.extrapolation import PATHS
from pretrain_or_not.evaluation.totals import measured_scores
from pretrain_or_not.evaluation.worth import worth
from pretrain_or_not.files.parquet import write_table
from pretrain_or_not.report.beyond_words import beyond_lines
from pretrain_or_not.report.worth_words import worth_lines


def further_answers(
    scores: pd.DataFrame, measured: dict, paths: dict, reference: str, threshold: float, metric: Metric,
    outputs: dict,
) -> dict[str, list[str]]:  # fmt: skip
    """Write worth.parquet and beyond.parquet; return dataset -> their lines of the answer, as Markdown.

    Arms that always answer the most frequent class are left out. scores: rows of scores.parquet. measured: the gaps,
    see `evaluation.totals`. paths: (dataset, arm, n, seed) -> predictions. reference: name of the arm. threshold: a gap
    below it is small. outputs: paths of `worth` and `beyond`.
    """
    learns = scores[scores["family"] != "majority"]
    curves = measured_scores(learns, paths, metric)
    tables = {
        "worth": worth(learns, curves, reference, metric),
        "beyond": beyond(learns, measured, curves, reference, threshold, metric),
    }
    for name, table in tables.items():
        write_table(
            outputs[name], pa.Table.from_pandas(table, preserve_index=False), paths=PATHS, replicates=REPLICATES
        )
    return {
        dataset: [
            line
            for lines in (worth_lines(of(tables["worth"], dataset)), beyond_lines(of(tables["beyond"], dataset)))
            for line in (*lines, "")
            if lines
        ]
        for dataset in learns["dataset"].unique()
    }


def of(table, dataset):
    """Return the rows of a dataset."""
    return table[table["dataset"] == dataset]
