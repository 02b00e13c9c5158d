"""Write the answer in words: from how many labels on the gap is small."""

from __future__ import annotations

import textwrap

import pyarrow as pa

from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.evaluation.budget import is_total
from pretrain_or_not.evaluation.crossing import REPLICATES, answers
from pretrain_or_not.evaluation.curves import paths_of
from pretrain_or_not.evaluation.totals import measured_gaps
from pretrain_or_not.evaluation.without_labels import without_labels
from pretrain_or_not.files.atomic import atomic_write
from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.files.parquet import read_metadata, write_table
from pretrain_or_not.files.paths import PathLike
from pretrain_or_not.job import log
from pretrain_or_not.report.across_words import across_lines
from pretrain_or_not.report.advice import advice
from pretrain_or_not.report.answer_page import answer_page
from pretrain_or_not.report.frames import read_frame
from pretrain_or_not.report.further import further_answers, lines_on
from pretrain_or_not.report.gap_words import sentence
from pretrain_or_not.report.markup import markdown
from pretrain_or_not.report.notes import busy_notes, notes_on
from pretrain_or_not.report.selection_note import selection_note
from pretrain_or_not.report.wording import counted, missing_words

METHOD = "## How these numbers were made"


def as_markdown(
    table, scores, reference, warnings, missing, by_group=None, further=None, times=None, advised=None, across=()
):
    """Return the answer as a page: per dataset one line per arm with notes below; at the end the method.

    table: rows of answer.parquet. scores: rows of scores.parquet. reference: name of the arm. warnings: dataset -> list
    of sentences. missing: see `report.notes.missing_words`. by_group: rows of scores_by_group.parquet, or None.
    further, advised: dataset -> lines, see `report.further`, `report.advice`. times: rows of tables/inference.parquet,
    or None. across: lines, see `report.across_words`.
    """
    lines = ["# From how many labels on is the gap to the reference small?", ""]
    if missing:
        lines += [f"**Not complete**: {markdown(missing_words(missing))}.", ""]
    for dataset, cells in scores.groupby("dataset", sort=False):
        rows = table[table["dataset"] == dataset]
        lines += [*(advised or {}).get(dataset, []), lead(rows, cells), ""]
        lines += [f"- {sentence(row)}" for row in rows.to_dict("records")] + [""]
        lines += (further or {}).get(dataset, [])
        notes = notes_on(cells, rows, reference, warnings.get(dataset, []), of_dataset(by_group, dataset))
        if notes := notes + busy_notes(of_dataset(times, dataset)):
            lines += ["Note:", "", *(f"- {note}" for note in notes), ""]
    lines += across
    if not table.empty:
        lines += [METHOD, "", textwrap.fill(method(table), 120), ""]
    return "\n".join(lines)


def lead(rows, scores):
    """Return what the answer on a dataset begins with: what is measured, from where. rows: of answer.parquet."""
    title = markdown(scores["dataset_title"].iloc[0])
    if rows.empty:
        return f"On **{title}**, no cell of another arm has a counterpart of the reference arm: there is no gap."
    measured_from = markdown(rows["reference_title"].iloc[0])
    unit, tested = unit_words(rows), scale_words(rows)
    return f"On **{title}**, measured from **{measured_from}** in {unit}{tested}{validation_words(scores)}:"


def unit_words(rows):
    """Return in words what gaps are measured in, and whether runs were selected on test."""
    metric = METRICS[rows["metric"].iloc[0]]
    return f"{metric.step}s of {metric.title}{selection_note(rows['selection'])}"


def scale_words(rows):
    """Return in words on how many texts arms were tested, with how many seeds or rounds. rows: of answer.parquet."""
    texts, folds = counted(int(rows["test_examples"].max()), "text"), int(rows["folds"].max())
    fewest, most = int(rows["fewest_seeds"].min()), int(rows["seeds"].max())
    repeated = counted(most, "round" if folds else "seed")
    if fewest < most:
        repeated = f"{fewest} to {repeated}"
    return f". Tested on {texts}, " + (f"in {repeated} of {folds} folds" if folds else f"with {repeated}")


def of_dataset(table, dataset):
    """Return the rows of a dataset in a table, or None; None if there are none."""
    rows = table[table["dataset"] == dataset] if table is not None else ()
    return rows if len(rows) else None


def validation_words(scores):
    """Return in words how many labels are used beside those that are counted; nothing if runs were selected on test."""
    used = scores.loc[(scores["selection"] != "test") & (scores["n"] > 0), "validation_examples"]
    if used.empty:
        return ""
    fewest, most = int(used.min()), int(used.max())
    on_top = counted(most, "label") if fewest == most else f"{fewest:,} to {most:,} labels"
    if is_total(scores):
        return f". Numbers of labels include those for validation, {on_top}"
    return f". Numbers of labels are training labels; {on_top} for validation come on top"


def method(table):
    """Return in words how the numbers were made."""
    metric = METRICS[table["metric"].iloc[0]]
    linear = "" if metric.exact else f", by the linear approximation of {metric.title}"
    rounds = " With cross-validation, each round of folds counts as one seed." if table["folds"].any() else ""
    seeds = "is that over all sizes of an arm, starting from what the other arms show"
    if table["independent_seeds"].max() == 1:
        why, cure = "with one seed", "a second seed makes them narrower"
        if table["seeds"].max() > 1:
            why = "where two arms have models of different numbers of pretraining seeds"
            cure = "equal numbers make them narrower"
        seeds = (
            f"cannot be measured {why}: their standard deviation is taken to be near 5 % of the reference arm's "
            f"error, which makes up most of an interval; {cure}"
        )
    joint = ""
    if table["arms"].max() > 1:
        joint = (
            " The intervals hold for each arm by itself; labels_low_joint and labels_high_joint in answer.parquet hold "
            "for all arms of a data set together."
        )
    between = "Between sizes, the gap is taken to be a straight line over the logarithm of the number of labels"
    if (table["threshold"] > 0).all():
        between += ", a power of that number, or something between the two; the intervals allow for all of these"
    return (
        f"{between}. In brackets: "
        f"95 % intervals for the sampling of test examples and for seeds together{linear}; less than "
        f"0 {metric.step}s behind means ahead. The variance between seeds {seeds}.{joint}{rounds} The numbers: "
        "answer.parquet."
    )


def answer(
    scores: PathLike,
    gaps: PathLike,
    by_group: PathLike,
    shifts: PathLike,
    group_gaps: PathLike,
    predictions: list,
    summaries: list,
    threshold: float,
    metric: str,
    missing: list,
    outputs: dict,
    times: PathLike | None,
    costs: dict,
    target: float | None,
    teachers: dict,
) -> None:
    """Write answer.md, the same as HTML, and the tables of the answer.

    scores, gaps, by_group, shifts, group_gaps: tidy tables. predictions: one path per cell. summaries: of each
    dataset.json. threshold: a gap below it is small, in the unit of the gaps. metric: name of the experiment's.
    missing: cells of the experiment that were not scored, see `report.notes.missing_words`. outputs: paths of `table`
    (answer.parquet), `worth`, `beyond`, `efficiency`, `across`, `pairs`, `recommendation`, `text` and `page`. times:
    path of tables/inference.parquet, None if nothing was timed. costs, target: of the config. teachers: see
    `report.teacher_words`.
    """
    cells, rows = read_frame(gaps), read_frame(scores)
    paths, labelled = paths_of(rows, predictions), rows[rows["n"] > 0]
    measured = measured_gaps(cells, labelled, paths, METRICS[metric])
    table = answers(cells, labelled, measured, threshold, metric)
    write_table(outputs["table"], pa.Table.from_pandas(table, preserve_index=False), replicates=REPLICATES)
    warnings = {facts["dataset"]: facts.get("warnings", []) for facts in map(read_json, summaries)}
    reference = read_metadata(scores)["reference"]
    tables = further_answers(labelled, measured, paths, reference, threshold, METRICS[metric], outputs)
    tables |= {"unlabelled": without_labels(rows, paths, METRICS[metric])}
    tables |= {"shifts": read_frame(shifts), "group_gaps": read_frame(group_gaps)}
    further = {dataset: lines_on(dataset, tables, rows) for dataset in rows["dataset"].unique()}
    timed = None if times is None else read_frame(times)
    worth = read_frame(outputs["worth"])
    asked = (costs, target, teachers, outputs)
    advised = advice(labelled, measured, paths, reference, threshold, METRICS[metric], timed, worth, *asked)
    groups, together = read_frame(by_group), across_lines(read_frame(outputs["across"]))
    text = as_markdown(table, rows, reference, warnings, missing, groups, further, timed, advised, together)
    for name, form in (("text", text), ("page", answer_page(text))):
        with atomic_write(outputs[name]) as partial:
            partial.write_text(form, encoding="utf-8")
    log.info("%s", text)
