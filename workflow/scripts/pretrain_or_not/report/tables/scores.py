"""Table 1: scores by the number of labels with their gaps, one table per dataset."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from pretrain_or_not.config.metric import Metric
from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.config.numbers import number, with_spread
from pretrain_or_not.evaluation.budget import marked_as
from pretrain_or_not.evaluation.predictions import NOT_FINITE
from pretrain_or_not.files.parquet import write_table
from pretrain_or_not.job import log
from pretrain_or_not.report.budget_words import included
from pretrain_or_not.report.panels import read_table
from pretrain_or_not.report.selection_note import selection_note
from pretrain_or_not.report.table import Table, write_forms
from pretrain_or_not.report.wording import counted

PARAMETERS = ["parameters", "parameters_trained", "parameters_embedding"]

COARSE = 0.2  # standard error of an accuracy, in points, above which a second decimal says nothing


def by_size(scores: pd.DataFrame, gaps: pd.DataFrame, published: list[dict], metric: Metric) -> pd.DataFrame:
    """Return one row per dataset, arm and size, in the order of `scores`.

    `score` is in the unit of the metric: the mean over the seeds that have one, with its total 95 % interval;
    `not_finite` counts the others. `guessing_score` is that of guessing. `gap` is how far the arm is behind the
    reference arm, the mean over the seeds that both have, and `gap_95` half its total 95 % interval. `published_*` are
    those of the study, beside the largest size. Selection is "test" if that of any cell is. published: rows of
    `published.matched`.
    """
    keys = ["dataset", "dataset_title", "arm", "arm_title", "n", "metric"]
    shown = ["score", "score_low", "score_high", "guessing_score"]
    means = {end: f"score_mean{end.removeprefix('score')}" for end in shown[:3]}
    table = scores.assign(lost=scores["status"] == NOT_FINITE).groupby(keys, sort=False, as_index=False).agg(
        share=("share", "first"), seeds=("seed", "nunique"), **{end: (name, "first") for end, name in means.items()},
        not_finite=("lost", "sum"), guessing_score=(f"{metric.name}_guessing", "mean"),
        test_examples=("test_examples", "max"), folds=("folds", "max"), selection=("selection", "min"),
        **{key: (key, "mean") for key in PARAMETERS},
    )  # fmt: skip
    table[shown] *= metric.scale
    gaps = gaps.assign(gap_95=(gaps["gap_mean_high"] - gaps["gap_mean_low"]) / 2, gap=gaps["gap_mean"])
    of_gaps = gaps.groupby(["dataset", "arm", "n"], as_index=False)[["gap", "gap_95"]].first()
    table = table.merge(of_gaps, how="left", on=["dataset", "arm", "n"])
    theirs = pd.DataFrame(published, columns=["dataset", "arm", "accuracy", "gap"])
    if metric.name != "accuracy":
        theirs = theirs[:0]
    theirs = theirs.assign(
        published_accuracy=theirs["accuracy"].astype(float), published_gap=theirs["gap"].astype(float)
    )
    columns = ["published_accuracy", "published_gap"]
    table = table.merge(theirs[["dataset", "arm", *columns]], how="left", on=["dataset", "arm"])
    table.loc[table["n"] < table.groupby(["dataset", "arm"])["n"].transform("max"), columns] = np.nan
    return marked_as(scores, table)


def as_table(rows: pd.DataFrame, reference: str, study: dict, metric: Metric) -> Table:
    """Return the rows of one dataset as a `Table`: a line with the scores of each arm, then one with its gaps.

    reference: name of the reference arm. study: name and reference arm of the published study. metric: of the rows.
    """
    dataset, sizes = rows["dataset"].iloc[0], sorted(rows["n"].unique())
    others, digits = rows[rows["arm"] != reference], decimals(metric, rows["test_examples"].max())
    shown = bool(rows["published_accuracy"].notna().any())
    scores = lines(rows, f"{metric.title} ({metric.unit})", "score", sizes, digits)
    gaps = lines(others, f"{metric.step}s behind", "gap", sizes, digits, "gap_95")
    if shown:
        scores = beside(scores, rows, "published_accuracy")
        gaps = beside(gaps, others, "published_gap")
    caption = f"{rows['dataset_title'].iloc[0]}: test {metric.title}{selection_note(rows['selection'])}, and gap"
    return Table(
        f"{caption} to {reference_title(rows, reference)}, by the number of labels{included(rows)}",
        ["Arm", "Measure", *(f"{n:,}" for n in sizes), *["Published"] * shown],
        scores + gaps,
        words=2,
        groups=[len(scores)] if gaps else [],
        notes=notes(rows, study if shown else None),
        label=f"scores-{dataset}",
    )


def lines(rows, words, value, sizes, digits, spread=None):
    """Return one line of texts per arm: its title, what is shown, and the column `value` at each size, ± `spread`."""
    found = []
    for _, cells in rows.groupby("arm", sort=False):
        by_n = cells.set_index("n").reindex(sizes)
        spreads = by_n[spread] if spread else [None] * len(sizes)
        texts = [with_spread(v, s, digits) for v, s in zip(by_n[value], spreads, strict=True)]
        found.append([cells["arm_title"].iloc[0], words, *texts])
    return found


def beside(lines, rows, column):
    """Return lines with the published number of each arm at their end, or a dash."""
    theirs = rows.groupby("arm", sort=False)[column].max()
    return [[*line, number(value, 2)] for line, value in zip(lines, theirs, strict=True)]


def reference_title(rows, reference):
    """Return the title of the reference arm, or its name if it has no score on the dataset."""
    titles = rows.loc[rows["arm"] == reference, "arm_title"]
    return titles.iloc[0] if len(titles) else reference


def decimals(metric, test_examples):
    """Return how many decimals of a score mean something: for percents, by the standard error of an accuracy."""
    if metric.scale == 1:
        return metric.digits
    return 1 if 50 / np.sqrt(test_examples) > COARSE else 2


def notes(rows, study):
    """Return the sentences below the table of a dataset. study: the published study, None if it is not shown."""
    seeds = sorted(set(rows["seeds"]))
    of = "folds" if rows["folds"].max() else "seeds"
    found = ["One seed." if seeds == [1] else f"Means over {number_range(seeds)} {of}."]
    if rows["gap"].notna().any():
        found.append("After ±: half the 95 % interval of the gap, from the sampling of test examples and of seeds.")
        found += ["A gap is over the seeds that both arms have, a score over all."] * (len(seeds) > 1)
    if (rows["gap"] < 0).any():
        found.append("Below 0: ahead of the reference arm.")
    for row in rows[rows["not_finite"] > 0].to_dict("records"):
        lost = counted(row["not_finite"], "seed")
        found.append(f"{row['arm_title']}, {row['n']:,} labels: without {lost} whose predictions are not finite.")
    if study:
        found.append(
            f"Published: {study['name']}, all of their training data; points behind their {study['reference']}."
        )
    return found


def number_range(values):
    """Return sorted whole numbers as text: ``2`` or ``1 to 3``."""
    return str(values[0]) if len(values) == 1 else f"{values[0]} to {values[-1]}"


def table_scores(scores, gaps, arms, reference, published, study, metric, outputs):
    """Write the tables in all their forms; the first of `outputs` is the Parquet file, tidy.

    scores, gaps: paths of the tidy tables. arms: all arms of the experiment; reference: the one that gaps are from.
    metric: name of the experiment's.
    """
    rows = by_size(read_table(scores, arms), read_table(gaps, arms), published, METRICS[metric])
    write_table(outputs[0], pa.Table.from_pandas(rows, preserve_index=False), reference=reference)
    tables = [as_table(part, reference, study, METRICS[metric]) for _, part in rows.groupby("dataset", sort=False)]
    write_forms(tables, outputs[1:])
    log.info("%d rows", len(rows))
