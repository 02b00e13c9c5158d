"""Table 1: scores with the most labels, compared with the reference arm."""

import pandas as pd
import pyarrow as pa

from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.evaluation.metrics import Z_95, of_mean
from pretrain_or_not.evaluation.predictions import NOT_FINITE
from pretrain_or_not.files.parquet import write_table
from pretrain_or_not.job import log
from pretrain_or_not.report.metric_words import sentence_case
from pretrain_or_not.report.numbers import millions, number, with_spread
from pretrain_or_not.report.panels import read_table
from pretrain_or_not.report.selection_note import selection_note
from pretrain_or_not.report.table import Table, write_forms
from pretrain_or_not.report.wording import counted

OWN_LARGEST = "*"  # marks a size that is the largest of its arm only

PARAMETERS = ["parameters", "parameters_trained", "parameters_embedding"]


def full_data(scores, gaps, published, metric):
    """Return one row per dataset and arm, at the arm's largest size; `largest`: whether it is that of the dataset too.

    `score` is in the unit of the metric: mean and standard deviation over the seeds that have one; `not_finite` counts
    the others. `guessing_score` is that of guessing. The difference of the scores from the reference arm is the mean
    over the seeds that both have. Its uncertainty is half the paired 95 % interval from the sampling of test examples,
    for one seed, as the seeds share the examples; with folds, for one round. Selection is "test" if that of any cell
    is. published: rows of `published.matched`.
    """
    own, most = (scores.groupby(keys, sort=False)["n"].transform("max") for keys in (["dataset", "arm"], "dataset"))
    scores = scores.assign(largest=own == most, lost=scores["status"] == NOT_FINITE)
    keys = ["dataset", "dataset_title", "arm", "arm_title", "n"]
    table = scores[scores["n"] == own].groupby(keys, sort=False, as_index=False).agg(
        share=("share", "first"), seeds=("seed", "nunique"), score=(metric.name, "mean"), score_sd=(metric.name, "std"),
        largest=("largest", "first"), not_finite=("lost", "sum"), guessing_score=(f"{metric.name}_guessing", "mean"),
        selection=("selection", "min"), **{key: (key, "mean") for key in PARAMETERS},
    )  # fmt: skip
    shown = ["score", "score_sd", "guessing_score"]
    table[shown] *= metric.scale
    gaps = gaps.assign(gap_se=of_mean(gaps["folds"]) * gaps["gap_se"])
    differences = gaps.groupby(["dataset", "arm", "n"], as_index=False).agg(
        difference=("gap", lambda gap: -metric.sign * gap.mean()),
        difference_95=("gap_se", lambda error: Z_95 * error.mean()),
    )
    table = table.merge(differences, how="left", on=["dataset", "arm", "n"])
    published = published if metric.name == "accuracy" else []
    theirs = pd.DataFrame(published, columns=["dataset", "arm", "accuracy", "difference"])
    theirs = theirs.rename(columns={key: f"published_{key}" for key in ("accuracy", "difference")})
    return table.merge(theirs, how="left", on=["dataset", "arm"])


def as_table(rows, reference, study, metric):
    """Return the rows as a `Table`.

    reference: name of the reference arm. study: name and reference arm of the published study. metric: of the rows.
    """
    shown = rows[["published_accuracy", "published_difference"]].notna().any().tolist()
    name, digits = sentence_case(metric.title), 2 if metric.scale > 1 else metric.digits
    columns = ["Dataset", "Arm", "Labels", f"{name} ({metric.unit})", f"Difference ({metric.step}s)",
               "Parameters (M)", "trained (M)", "embeddings (M)"]  # fmt: skip
    columns += ["Published (%)"] * shown[0] + ["Published difference"] * shown[1]
    cells = []
    for row in rows.to_dict("records"):
        own = row["arm"] == reference
        score = with_spread(row["score"], row["score_sd"], digits)
        difference = "reference" if own else with_spread(row["difference"], row["difference_95"], digits, sign=True)
        line = [
            row["dataset_title"],
            row["arm_title"],
            f"{row['n']:,}{OWN_LARGEST * (not row['largest'])}",
            score,
            difference,
        ]
        line += [millions(row[key]) for key in PARAMETERS]
        line += [number(row["published_accuracy"], 2)] * shown[0]
        line += [number(row["published_difference"], 2, sign=True)] * shown[1]
        cells.append(line)
    first = ~rows["dataset"].duplicated()
    seeds = rows["seeds"].max()
    notes = ["Difference: from the reference arm, ± half the 95 % interval from the sampling of test examples."]
    if seeds > 1:
        notes.insert(0, f"{name}: mean ± standard deviation of up to {seeds} seeds.")
    else:
        notes.insert(0, f"{name}: of one seed.")
    if not rows["largest"].all():
        notes.append(f"{OWN_LARGEST} The largest size of the arm, not of the data set.")
    for row in rows[rows["not_finite"] > 0].to_dict("records"):
        lost = counted(row["not_finite"], "seed")
        notes.append(f"{row['arm_title']} on {row['dataset_title']}: without {lost} whose predictions are not finite.")
    if any(shown):
        notes.append(
            f"Published: {study['name']}, all of their training data; difference from their {study['reference']}."
        )
    caption = f"Test {metric.title} with the most labels{selection_note(rows['selection'])}, and parameters"
    return Table(caption, columns, cells, words=2, groups=[i for i, new in enumerate(first) if new and i], notes=notes)


def table_scores(scores, gaps, arms, reference, published, study, metric, outputs):
    """Write the table in all its forms; the first of `outputs` is the Parquet file.

    scores, gaps: paths of the tidy tables. arms: all arms of the experiment; reference: the one that gaps are from.
    metric: name of the experiment's.
    """
    scores, gaps = read_table(scores, arms), read_table(gaps, arms)
    rows = full_data(scores, gaps, published, METRICS[metric])
    write_table(outputs[0], pa.Table.from_pandas(rows, preserve_index=False), reference=reference)
    write_forms(as_table(rows, reference, study, METRICS[metric]), outputs[1:])
    log.info("%d rows", len(rows))
