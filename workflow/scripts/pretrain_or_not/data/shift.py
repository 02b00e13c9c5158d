"""The stage `shift`: a further test set of a dataset, from labelled files or from its changed test texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from pretrain_or_not.config.labels import shown
from pretrain_or_not.config.wording import listing
from pretrain_or_not.data.columns import columns_of
from pretrain_or_not.data.corpus import keys_of, rows_between
from pretrain_or_not.data.examples import split_rows
from pretrain_or_not.data.label_map import ignored_labels, label_map_of, mapped
from pretrain_or_not.data.left_out import kept_rows
from pretrain_or_not.data.sources import about_source, read_source
from pretrain_or_not.data.splits import KEYS
from pretrain_or_not.data.text_changes import changed
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.parquet import read_metadata, read_rows, table_writer
from pretrain_or_not.files.paths import PathLike
from pretrain_or_not.job import log, warn

SCHEMA = pa.schema([("id", pa.int64()), ("text", pa.large_string()), ("label", pa.int32())])

AT_ONCE = 10_000  # rows in memory


def write_shift(
    name: str, dataset: str, examples: PathLike, change: dict | None, texts: dict | None, output: PathLike
) -> None:
    """Write columns id, text, label and, of pairs, second_text; the metadata count what was done.

    name: of the shift. examples: the examples.parquet of its dataset. change: see `config.shifts.change_of`; then ids
    and labels are those of the test examples. texts: a dataset of source `files` in place of a change; then ids are
    the numbers of its rows, from 0. Raises BadInput for a label that is no class of the dataset, or if no row is left.
    """
    about = read_metadata(examples)
    counts: Counter = Counter()
    schema = SCHEMA.append(pa.field("second_text", pa.large_string())) if about["pair"] else SCHEMA
    facts: dict = {}
    kept = {key: about[key] for key in ("dataset", "pair", "separator", "label_names")}
    with table_writer(output, schema, facts, shift=name, change=change, **kept) as writer:
        try:
            if texts is None:
                tables = changed_texts(examples, about, change, counts)
            else:
                for guess in about_source(texts)["guessed"]:
                    warn(f"datasets.{dataset}.shifts.{name}: {guess}")
                tables = labelled_texts(texts, examples, about, counts)
            for table in tables:
                counts["rows"] += len(table)
                writer.write_table(table.select(schema.names).cast(schema))
            if not counts["rows"]:
                raise BadInput(f"no row is left to test on (left out: {left_out(counts) or 'none'})")
        except BadInput as error:
            raise BadInput(f"dataset {dataset!r}: shift {name!r}: {error}") from error
        facts |= {key: counts.pop(key, 0) for key in ("rows", "changed", "seen")} | {"dropped": dict(counts)}
    log.info("%d texts, %d of them changed; left out: %s", facts["rows"], facts["changed"], left_out(counts) or "none")
    if facts["seen"]:
        warn(
            f"datasets.{dataset}.shifts.{name}: {facts['seen']:,} of its {facts['rows']:,} texts are among the "
            "training and validation texts too, so scores on them are too high"
        )


def left_out(counts) -> str:
    """Return in words how many rows were left out, and why."""
    return ", ".join(f"{reason}: {n:,}" for reason, n in counts.items() if n and reason not in ("rows", "changed"))


def changed_texts(examples, about, change, counts) -> Iterator[pa.Table]:
    """Yield the test examples with changed texts, and count those that differ."""
    start, n = split_rows(examples, about, "test")
    names = ["text", "second_text"] if about["pair"] else ["text"]
    for first in range(start, start + n, AT_ONCE):
        table = read_rows(examples, np.arange(first, min(first + AT_ONCE, start + n)), ["id", "label", *names])
        ids, differs = table["id"].to_pylist(), np.zeros(len(table), bool)
        for column in names:
            before = table[column].to_pylist()
            after = changed(before, ids, change, column)
            differs |= np.array([old != new for old, new in zip(before, after, strict=True)])
            table = table.set_column(table.column_names.index(column), column, pa.array(after, pa.large_string()))
        counts["changed"] += int(differs.sum())
        yield table


def labelled_texts(texts, examples, about, counts) -> Iterator[pa.Table]:
    """Yield the rows of files that have a text and a label; count those left out, and those that were trained on."""
    label_map, ignored, pair = label_map_of(texts), ignored_labels(texts), columns_of(texts).pair
    places = {label: i for i, label in enumerate(about["label_names"])}
    known, first = keys_of_seen(examples, about, pair), 0
    for batch in read_source(texts):
        ids = pa.array(range(first, first + batch.num_rows), pa.int64())
        first += batch.num_rows
        table, reasons = kept_rows(pa.Table.from_batches([batch]).add_column(0, "id", ids), ignored)
        counts.update(reasons)
        labels = table["label"].to_pylist()
        if label_map:
            labels = mapped(labels, label_map, table["id"])
        for row, label in zip(table["id"], labels, strict=True):
            if label not in places:
                raise BadInput(
                    f"row {row}: {shown(label)} is no class of the dataset (its classes: "
                    f"{listing(about['label_names'])}); map it by `labels:`, or leave it out by `ignore_labels:`"
                )
        classes = pa.array([places[label] for label in labels], pa.int32())
        table = table.set_column(table.column_names.index("label"), "label", classes)
        if len(table):
            counts["seen"] += sum(key in known for key in keys_of(table, KEYS[pair]))
            yield table


def keys_of_seen(examples, about, pair) -> frozenset[str]:
    """Return the keys of the training and validation examples."""
    last = about["rows"]["train"] + about["rows"]["validation"]
    return frozenset(key for table in rows_between(examples, 0, last) for key in keys_of(table, KEYS[pair]))
