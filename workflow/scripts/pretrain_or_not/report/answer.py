"""Write the answer in words: from how many labels on the gap is small."""

from __future__ import annotations

import math
import textwrap

import pyarrow as pa

from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.evaluation.crossing import REPLICATES, answers
from pretrain_or_not.evaluation.totals import measured_gaps
from pretrain_or_not.files.atomic import atomic_write
from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.files.parquet import read_metadata, write_table
from pretrain_or_not.files.paths import PathLike
from pretrain_or_not.job import log
from pretrain_or_not.report.advice import advice
from pretrain_or_not.report.frames import read_frame
from pretrain_or_not.report.further import further_answers
from pretrain_or_not.report.markup import markdown
from pretrain_or_not.report.metric_words import guessing_words, score_text, steps
from pretrain_or_not.report.notes import busy_notes, notes_on
from pretrain_or_not.report.numbers import number, percent
from pretrain_or_not.report.selection_note import selection_note
from pretrain_or_not.report.wording import counted, missing_words

METHOD = "## How these numbers were made"


def about(n, row):
    """Return a number of labels as text, to two digits, within the sizes that were run."""
    return f"{int(min(max(float(f'{n:.2g}'), row['smallest']), row['largest'])):,}"


def threshold_words(row):
    """Return the threshold in words: ``1 point``."""
    return steps(METRICS[row["metric"]], row["threshold"])


def near_words(row):
    """Return in words that the gap is small: less than so many points behind, or ahead where it is negative too."""
    near = f"less than {threshold_words(row)} behind" if row["threshold"] else "ahead"
    return f"{near}, or ahead" if row["threshold"] and row["gap_lowest"] < 0 else near


def size_words(row):
    """Return in words which size the largest one with a gap is."""
    only = row["smallest"] == row["largest"]
    if row["arm_largest"] > row["largest"] or (only and row["arm_sizes"] > 1):
        return f"the {'only' if only else 'largest'} size that can be compared"
    if only:
        return "its only size"
    return "its largest size" if row["dataset_largest"] > row["largest"] else "the largest size"


def gap_words(row):
    """Return in words how far the arm is behind or ahead at the largest size, with the interval."""
    ends = [row[f"gap_largest{end}"] for end in ("", "_low", "_high")]
    side = "behind"
    if ends[0] < 0:
        side, ends = "ahead", [-ends[0], -ends[2], -ends[1]]
    metric = METRICS[row["metric"]]
    first, low, high = (number(end, metric.digits) for end in ends)
    return f"{first} {metric.step}s {side} ({low} to {high})"


def interval_words(row):
    """Return the interval of the number of labels in words, and the chance that there is one if that is not sure."""
    low, high = row["labels_low"], row["labels_high"]
    upper = about(high, row)
    if math.isinf(high):
        upper = f"more than {row['largest']:,}; at {row['largest']:,} the chance is {percent(row['chance'])}"
    if math.isinf(low):
        return upper
    lower = f"{row['smallest']:,} or fewer" if low <= row["smallest"] else about(low, row)
    return f"{lower} to {upper}"


def next_words(row):
    """Return in words which size to run next, with a space before them; nothing if none would say more."""
    return "" if math.isnan(row["next_size"]) else f" Run {about(row['next_size'], row)} labels next to know it better."


def sentence(row):
    """Return the answer about one arm in words, as Markdown. row: of answer.parquet."""
    arm = f"**{markdown(row['arm_title'])}**"
    text = {"guessing": no_comparison, "too few": no_interval}.get(row["verdict"], gap_sentence)(row, arm)
    if row["verdict"] != "guessing" and len(row["guessed_sizes"]):
        sizes = ", ".join(f"{n:,}" for n in row["guessed_sizes"])
        text += f" Not counted, because there both arms are no better than guessing: {sizes} labels."
    return text


def no_interval(row, arm):
    """Return the measured gap in words, and that the test examples are too few for an interval."""
    metric, gap = METRICS[row["metric"]], row["gap_largest"]
    side, at = ("ahead" if gap < 0 else "behind"), counted(row["largest"], "label")
    advice = "" if row["folds"] else ", and so tests on every row: `folds: 5` of the dataset does that"
    return (
        f"{arm} cannot be judged: {counted(row['test_examples'], 'test example')} are too few. At {at}, it was "
        f"{number(abs(gap), metric.digits)} {metric.step}s {side}, and chance alone can do that. For so few rows, "
        f"cross-validation trains on more of them{advice}."
    )


def no_comparison(row, arm):
    """Return in words that neither arm is better than guessing, so that their gap says nothing."""
    at, reference = counted(row["largest"], "label"), markdown(row["reference_title"])
    metric = METRICS[row["metric"]]
    own, other, guess = (score_text(metric, row[key]) for key in ("score", "reference_score", "guessing_score"))
    where = f"at {at}" if row["smallest"] == row["largest"] else "at every size"
    return (
        f"{arm} cannot be compared: {where}, neither it nor **{reference}** is clearly better than "
        f"{guessing_words(metric)} (at {at}: {metric.title} {own} and {other}, and {guess} by that)."
    )


def gap_sentence(row, arm):
    """Return in words from how many labels on the gap is small."""
    largest, near, gap = counted(row["largest"], "label"), near_words(row), gap_words(row)
    may = ""
    if row["verdict"] == "not yet" and not math.isinf(row["labels_low"]):
        from_labels = f"From {about(row['labels_low'], row)} labels on it" if row["smallest"] < row["largest"] else "It"
        may = f" {from_labels} may be less than {threshold_words(row)} behind: the chance is {percent(row['chance'])}."
    if row["smallest"] == row["largest"]:
        small = row["verdict"] != "not yet" and row["gap_largest"] >= 0
        less = f": less than {threshold_words(row)}" if small else ""
        return f"At {largest}, {size_words(row)}, {arm} is {gap}{less}.{may}"
    if row["verdict"] == "not yet":
        metric = METRICS[row["metric"]]
        ahead = number(-row["gap_lowest"], metric.digits)
        if row["gap_lowest"] < 0 and ahead != number(0, metric.digits):  # at another size than the largest one
            return (
                f"{arm} is {gap} at {size_words(row)}, {largest}, but ahead at smaller ones, by up to {ahead} "
                f"{metric.step}s.{may}"
            )
        return f"{arm} is still {gap} at {size_words(row)}, {largest}.{may}"
    sure, smallest = f"95 % interval: {interval_words(row)}", counted(row["smallest"], "label")
    certain = row["labels_high"] <= row["smallest"]
    if row["verdict"] == "from":
        text = f"From about {about(row['labels'], row)} labels on, {arm} is {near} ({sure})."
    elif certain and row["gap_highest"] < 0:
        text = f"{arm} is ahead at every size, from {smallest} on."
    else:
        text = f"{arm} is {near}{',' * near.endswith('or ahead')} at the smallest size already, {smallest}" + (
            "." if certain else f", and at all larger ones ({sure})."
        )
    place = "" if size_words(row) == "the largest size" else f", {size_words(row)},"
    return f"{text} At {largest}{place} it is {gap}.{next_words(row)}"


def as_markdown(table, scores, reference, warnings, missing, by_group=None, further=None, times=None, advised=None):
    """Return the answer as a page: per dataset one line per arm with notes below; at the end the method.

    table: rows of answer.parquet. scores: rows of scores.parquet. reference: name of the arm. warnings: dataset -> list
    of sentences. missing: see `report.notes.missing_words`. by_group: rows of scores_by_group.parquet, or None.
    further, advised: dataset -> lines, see `report.further`, `report.advice`. times: rows of tables/inference.parquet,
    or None.
    """
    lines = ["# From how many labels on is the gap to the reference small?", ""]
    if missing:
        lines += [f"**Not complete**: {markdown(missing_words(missing))}.", ""]
    for dataset, cells in scores.groupby("dataset", sort=False):
        rows = table[table["dataset"] == dataset]
        title = markdown(cells["dataset_title"].iloc[0])
        if rows.empty:
            lines += [
                f"On **{title}**, no cell of another arm has a counterpart of the reference arm: there is no gap."
            ]
        else:
            measured_from = markdown(rows["reference_title"].iloc[0])
            lines += (advised or {}).get(dataset, [])
            lines += [
                f"On **{title}**, measured from **{measured_from}** in {unit_words(rows)}{validation_words(cells)}:",
                "",
            ]
        lines += [f"- {sentence(row)}" for row in rows.to_dict("records")] + [""]
        lines += (further or {}).get(dataset, [])
        notes = notes_on(cells, rows, reference, warnings.get(dataset, []), of_dataset(by_group, dataset))
        if notes := notes + busy_notes(of_dataset(times, dataset)):
            lines += ["Note:", "", *(f"- {note}" for note in notes), ""]
    if not table.empty:
        lines += [METHOD, "", textwrap.fill(method(table), 120), ""]
    return "\n".join(lines)


def unit_words(rows):
    """Return in words what gaps are measured in, and whether runs were selected on test."""
    metric = METRICS[rows["metric"].iloc[0]]
    return f"{metric.step}s of {metric.title}{selection_note(rows['selection'])}"


def of_dataset(table, dataset):
    """Return the rows of a dataset in a table, or None; None if there are none."""
    rows = table[table["dataset"] == dataset] if table is not None else ()
    return rows if len(rows) else None


def validation_words(scores):
    """Return in words how many labels are used beside those that are counted; nothing if runs were selected on test."""
    used = scores.loc[scores["selection"] != "test", "validation_examples"]
    if used.empty:
        return ""
    fewest, most = int(used.min()), int(used.max())
    on_top = counted(most, "label") if fewest == most else f"{fewest:,} to {most:,} labels"
    return f". Numbers of labels are training labels; {on_top} for validation come on top"


def method(table):
    """Return in words how the numbers were made."""
    metric = METRICS[table["metric"].iloc[0]]
    linear = "" if metric.name in ("accuracy", "log_loss") else f", by the linear approximation of {metric.title}"
    rounds = " With cross-validation, each round of folds counts as one seed." if table["folds"].any() else ""
    seeds = "is pooled over sizes and arms, starting from a standard deviation of 5 % of the reference arm's error"
    if table["seeds"].max() == 1:
        seeds = (
            "cannot be measured with one seed: their standard deviation is taken to be near 5 % of the reference arm's "
            "error, and the intervals are wide; a second seed makes them narrower"
        )
    joint = ""
    if table["arms"].max() > 1:
        joint = (
            " The intervals hold for each arm by itself; labels_low_joint and labels_high_joint in answer.parquet hold "
            "for all arms of a data set together."
        )
    return (
        "Between sizes, the logarithm of the gap is assumed to be linear in that of the number of labels. In brackets: "
        f"95 % intervals for the sampling of test examples and for seeds together{linear}. The variance between seeds "
        f"{seeds}.{joint}{rounds} The numbers: answer.parquet."
    )


def answer(
    scores: PathLike,
    gaps: PathLike,
    by_group: PathLike,
    predictions: list,
    summaries: list,
    threshold: float,
    metric: str,
    missing: list,
    outputs: dict,
    times: PathLike | None,
    costs: dict,
) -> None:
    """Write answer.parquet, worth.parquet, beyond.parquet, pairs.parquet, recommendation.parquet and answer.md.

    scores, gaps, by_group: paths of the tidy tables. predictions: one path per cell. summaries: of each dataset.json.
    threshold: a gap below it is small, in the unit of the gaps. metric: name of the experiment's. missing: cells of
    the experiment that were not scored, see `report.notes.missing_words`. outputs: paths of `table`, `worth`,
    `beyond`, `pairs`, `recommendation` and `text`. times: path of tables/inference.parquet, None if nothing was timed.
    costs: section of the config.
    """
    cells, rows = read_frame(gaps), read_frame(scores)
    abouts = {path: read_metadata(path) for path in predictions}
    paths = {(a["dataset"], a["arm"], a["n"], a["seed"]): path for path, a in abouts.items()}
    measured = measured_gaps(cells, rows, paths, METRICS[metric])
    table = answers(cells, rows, measured, threshold, metric)
    write_table(outputs["table"], pa.Table.from_pandas(table, preserve_index=False), replicates=REPLICATES)
    warnings = {facts["dataset"]: facts.get("warnings", []) for facts in map(read_json, summaries)}
    reference = read_metadata(scores)["reference"]
    further = further_answers(rows, measured, paths, reference, threshold, METRICS[metric], outputs)
    timed = None if times is None else read_frame(times)
    worth = read_frame(outputs["worth"])
    advised = advice(rows, paths, reference, threshold, METRICS[metric], timed, worth, costs, outputs)
    text = as_markdown(table, rows, reference, warnings, missing, read_frame(by_group), further, timed, advised)
    with atomic_write(outputs["text"]) as partial:
        partial.write_text(text, encoding="utf-8")
    log.info("%s", text)
