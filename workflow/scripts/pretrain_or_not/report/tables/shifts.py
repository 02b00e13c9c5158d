"""Table 3: scores on further test sets at the largest size of each arm, one table per dataset."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from pretrain_or_not.config.metric import Metric
from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.config.numbers import number
from pretrain_or_not.evaluation.shift_scores import FEWEST_ARMS
from pretrain_or_not.files.parquet import write_table
from pretrain_or_not.job import log
from pretrain_or_not.report.panels import read_table
from pretrain_or_not.report.shift_words import at_largest, own_labels, with_labels
from pretrain_or_not.report.table import Table, write_forms


def as_table(rows: pd.DataFrame, metric: Metric) -> Table:
    """Return the rows of one dataset as a `Table`: a line per shift and arm. rows: of `at_largest`."""
    lines: list[list[str]] = []
    groups: list[int] = []
    for _, arms in rows.groupby("shift", sort=False):
        groups += [len(lines)] if lines else []
        for row in arms.to_dict("records"):
            ends = " to ".join(number(row[key], metric.digits) for key in ("drop_low", "drop_high"))
            scores = [number(metric.scale * row[key], metric.digits) for key in ("test_score", "score")]
            shares = [
                number(100 * row["relative_drop"], 1),
                number(row["effective_robustness"], metric.digits, sign=True),
            ]
            words = [f"{row['shift']} ({row['change']})", row["arm_title"] + own_labels(row, rows["n"].max())]
            lines.append([*words, *scores, number(row["drop"], metric.digits), ends, *shares])
    heading = f"{metric.title} ({metric.unit})"
    columns = ["Test set", "Arm", f"Test {heading}", f"There {heading}", f"Drop ({metric.step}s)", "95 %", "Drop (%)",
               "Effective robustness"]  # fmt: skip
    caption = f"{rows['dataset_title'].iloc[0]}: further test sets, {with_labels(rows)}"
    return Table(caption, columns, lines, words=2, groups=groups, notes=notes(rows, metric),
                 label=f"shifts-{rows['dataset'].iloc[0]}")  # fmt: skip


def notes(rows, metric):
    """Return the sentences below a table."""
    seeds = rows["seeds"].max()
    found = ["One seed." if seeds == 1 else f"Means over up to {seeds} seeds."]
    found.append("Drop: how much worse than on the test data; its 95 % interval is that of sampling test examples.")
    if rows["effective_robustness"].notna().any():
        found.append(
            f"Effective robustness: {metric.step}s better than the line, over all cells, of the score there over that "
            "on the test data (after Taori et al. 2020)."
        )
    else:
        found.append(f"Effective robustness is not given with fewer than {FEWEST_ARMS} arms.")
    for row in rows[rows["seen"] > 0].drop_duplicates("shift").to_dict("records"):
        found.append(f"{row['shift']}: {row['seen']:,} of its texts were trained or validated on too.")
    return found


def table_shifts(shifts, arms, metric, outputs):
    """Write the tables in all their forms; the first of `outputs` is the Parquet file, tidy: see `at_largest`.

    shifts: path of scores_shift.parquet. arms: of the experiment. metric: name of the experiment's.
    """
    rows = at_largest(read_table(shifts, arms))
    write_table(outputs[0], pa.Table.from_pandas(rows, preserve_index=False))
    write_forms([as_table(part, METRICS[metric]) for _, part in rows.groupby("dataset", sort=False)], outputs[1:])
    log.info("%d rows", len(rows))
