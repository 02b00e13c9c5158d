"""Say what follows from measured curves: how many labels the reference arm is worth, what more labels would bring."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pyarrow as pa

from pretrain_or_not.config.metric import Metric
from pretrain_or_not.evaluation.across import across
from pretrain_or_not.evaluation.beyond import beyond
from pretrain_or_not.evaluation.crossing import REPLICATES
from pretrain_or_not.evaluation.efficiency import efficiency
from pretrain_or_not.evaluation.extrapolation import PATHS
from pretrain_or_not.evaluation.totals import measured_scores
from pretrain_or_not.evaluation.worth import worth
from pretrain_or_not.files.parquet import write_table
from pretrain_or_not.report.across_words import efficiency_lines
from pretrain_or_not.report.beyond_words import beyond_lines
from pretrain_or_not.report.group_words import group_gap_lines
from pretrain_or_not.report.shift_words import shift_lines
from pretrain_or_not.report.without_labels_words import without_labels_lines
from pretrain_or_not.report.worth_words import worth_lines

# What is said of a data set, in answer.md as on the page, in this order: the table that it is from, and its words. They
# get the rows of the data set, and the arms that always answer the most frequent class.
LINES: dict[str, Callable[[pd.DataFrame, set], list[str]]] = {
    "efficiency": lambda rows, guessing: efficiency_lines(rows),
    "worth": lambda rows, guessing: worth_lines(rows),
    "beyond": lambda rows, guessing: beyond_lines(rows),
    "unlabelled": lambda rows, guessing: without_labels_lines(rows),
    "shifts": shift_lines,
    "group_gaps": group_gap_lines,
}


def further_answers(
    scores: pd.DataFrame, measured: dict, paths: dict, reference: str, threshold: float, metric: Metric,
    outputs: dict,
) -> dict[str, pd.DataFrame]:  # fmt: skip
    """Write worth, beyond, efficiency and across.parquet, and return these tables by name.

    Arms that always answer the most frequent class are left out. scores: rows of scores.parquet. measured: the gaps,
    see `evaluation.totals`. paths: (dataset, arm, n, seed) -> predictions. reference: name of the arm. threshold: a gap
    below it is small. outputs: paths of these four.
    """
    learns = scores[scores["family"] != "majority"]
    curves = measured_scores(learns, paths, metric)
    tables = {
        "worth": worth(learns, curves, reference, metric),
        "beyond": beyond(learns, measured, curves, reference, threshold, metric),
        "efficiency": efficiency(learns, measured, curves, reference, metric),
        "across": across(learns, measured, reference, metric),
    }
    for name, table in tables.items():
        write_table(
            outputs[name], pa.Table.from_pandas(table, preserve_index=False), paths=PATHS, replicates=REPLICATES
        )
    return tables


def lines_on(dataset: str, tables: dict[str, pd.DataFrame], scores: pd.DataFrame) -> list[str]:
    """Return what LINES say of a data set, as Markdown: an empty line after each part.

    tables: by name, at least those of LINES; one without rows may have no columns. scores: rows of scores.parquet.
    """
    guessing = set(scores.loc[scores["family"] == "majority", "arm"])
    own = {name: tables[name] for name in LINES if len(tables[name])}
    parts = [LINES[name](table[table["dataset"] == dataset], guessing) for name, table in own.items()]
    return [line for part in parts if part for line in (*part, "")]
