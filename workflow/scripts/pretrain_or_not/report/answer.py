"""Write the answer in words: from how many labels on the gap is small."""

from __future__ import annotations

import math
import textwrap

import pyarrow as pa

from pretrain_or_not.evaluation.crossing import REPLICATES, answers
from pretrain_or_not.files.atomic import atomic_write
from pretrain_or_not.files.parquet import open_parquet, read_metadata, write_table
from pretrain_or_not.files.paths import PathLike
from pretrain_or_not.job import log
from pretrain_or_not.report.markup import markdown
from pretrain_or_not.report.selection_note import selection_note


def about(n, row):
    """Return a number of labels as text, to two digits, within the sizes that were run."""
    return f"{int(min(max(float(f'{n:.2g}'), row['smallest']), row['largest'])):,}"


def points(value):
    """Return a number of points in words: ``1 point``, ``0.5 points``."""
    return "1 point" if value == 1 else f"{value:g} points"


def gap_words(row, size):
    """Return in words how far the arm is behind or ahead at a `size` ("smallest" or "largest"), with the interval."""
    ends = [row[f"gap_{size}{end}"] for end in ("", "_low", "_high")]
    side = "behind"
    if ends[0] < 0:
        side, ends = "ahead", [-ends[0], -ends[2], -ends[1]]
    first, low, high = (f"{round(end, 1) + 0:.1f}".replace("-", "−") for end in ends)  # + 0: no negative zero
    return f"{first} points {side} ({low} to {high})"


def interval_words(row):
    """Return the interval of the number of labels in words."""
    low, high = row["labels_low"], row["labels_high"]
    upper = f"more than {row['largest']:,}" if math.isinf(high) else about(high, row)
    if math.isinf(low):
        return upper
    lower = f"{row['smallest']:,} or fewer" if low <= row["smallest"] else about(low, row)
    return f"{lower} to {upper}"


def sentence(row):
    """Return the answer about one arm in words, as Markdown. row: of answer.parquet."""
    arm, near = f"**{markdown(row['arm_title'])}**", f"less than {points(row['threshold'])} behind"
    largest = f"{row['largest']:,} labels"
    if row["verdict"] == "not yet":
        text = f"{arm} is still {gap_words(row, 'largest')} at the largest size, {largest}"
        if not math.isinf(row["labels_low"]):
            text += f". From {about(row['labels_low'], row)} labels on it may be {near} (within the 95 % interval)"
        return f"{text}."
    sure = f"95 % interval: {interval_words(row)}"
    if row["verdict"] == "from":
        text = f"From about {about(row['labels'], row)} labels on, {arm} is {near} ({sure})."
    else:
        only = row["labels_high"] <= row["smallest"]
        text = f"{arm} is {near} at the smallest size already, {row['smallest']:,} labels" + (
            "." if only else f", and at all larger ones ({sure})."
        )
    return f"{text} At {largest} it is {gap_words(row, 'largest')}."


def as_markdown(table):
    """Return the answer as a page: one heading per dataset, one line per arm, and the method."""
    lines = ["# From how many labels on is the gap to the reference small?", ""]
    for _, rows in table.groupby("dataset", sort=False):
        first = rows.iloc[0]
        title, reference = markdown(first["dataset_title"]), markdown(first["reference_title"])
        lines += [f"On **{title}**, measured from **{reference}**{selection_note(rows['selection'])}:", ""]
        lines += [f"- {sentence(row)}" for row in rows.to_dict("records")] + [""]
    if table.empty:
        lines += ["No cell of another arm has a counterpart of the reference arm, so there is no gap to report.", ""]
    else:
        lines += [textwrap.fill(method(table), 120), ""]
    return "\n".join(lines)


def method(table):
    """Return in words how the numbers were made."""
    fewest, most = table["fewest_seeds"].min(), table["seeds"].max()
    missing = "they do not include the variation between seeds"
    over = "test examples and seeds" if most > 1 else f"test examples (there is one seed, so {missing})"
    alone = f"; at sizes with one seed, {missing}" if fewest == 1 < most else ""
    return (
        "Between sizes, the gap is assumed to be linear in the logarithm of the number of labels. Beyond the largest "
        f"size, nothing is said. In brackets: 95 % intervals from a bootstrap over {over}{alone}. "
        "The numbers: answer.parquet."
    )


def answer(gaps: PathLike, predictions: list, threshold: float, outputs: dict) -> None:
    """Write answer.parquet and answer.md.

    gaps: path of gaps.parquet. predictions: one path per cell. threshold: a gap below it is small, in points of
    accuracy. outputs: paths of `table` and `text`.
    """
    with open_parquet(gaps) as file:
        cells = file.read().to_pandas()
    abouts = {path: read_metadata(path) for path in predictions}
    paths = {(a["dataset"], a["arm"], a["n"], a["seed"]): path for path, a in abouts.items()}
    table = answers(cells, paths, threshold)
    write_table(outputs["table"], pa.Table.from_pandas(table, preserve_index=False), replicates=REPLICATES)
    text = as_markdown(table)
    with atomic_write(outputs["text"]) as partial:
        partial.write_text(text, encoding="utf-8")
    log.info("%s", text)
