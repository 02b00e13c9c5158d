"""Batches of raw examples: what every source yields."""

import json
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pretrain_or_not.config.labels import as_label, class_of, shown
from pretrain_or_not.config.splits import SPLIT_NAMES, SPLITS
from pretrain_or_not.config.wording import did_you_mean, listing
from pretrain_or_not.data.columns import NO_GROUP, Columns
from pretrain_or_not.data.left_out import BY_WHERE, is_blank
from pretrain_or_not.errors import BadInput

ROWS_PER_BATCH = 10_000

TEXT_TYPES = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)
BINARY_TYPES = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view, pa.types.is_fixed_size_binary)
SHORT_FLOATS = (pa.types.is_float32, pa.types.is_float16)
LIST_TYPES = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)

# What every batch has. Further columns, where the dataset asks for them: `second_text` of a pair, `left_out` (why the
# source leaves a row out, or null), `group`, `time` (as text), and those of `Columns.group_columns` and
# `Columns.kept_columns`.
RAW = pa.schema([("text", pa.large_string()), ("label", pa.string()), ("split", pa.string())])


def as_text(texts):
    """Return strings as an Arrow array; a lone surrogate, which JSON can hold but UTF-8 cannot, becomes U+FFFD.

    NaN, as pandas writes a missing text into JSON, becomes null.
    """
    texts = [None if isinstance(text, float) and math.isnan(text) else text for text in texts]
    try:
        return pa.array(texts, pa.large_string())
    except UnicodeEncodeError:
        return pa.array([text and without_surrogates(text) for text in texts], pa.large_string())


def without_surrogates(text):
    """Return a string in which U+FFFD replaces each lone surrogate."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class Chunk(NamedTuple):
    """Some columns of consecutive rows of a source.

    columns: name -> values, an Arrow column or a list. numbers, place: how a message names a row, such as ``a.csv:
    row``, and its number. names: see `class_of`.
    """

    columns: dict
    numbers: Sequence[int]
    place: str
    names: list[str] | None = None


def raw_batch(chunk: Chunk, columns: Columns | None = None, split: str | None = None) -> pa.RecordBatch:
    """Return a chunk as a RAW batch; raise BadInput that names the row of a value that cannot be used.

    split: the split of all rows, or None. Rows that `columns.where` leaves out have no values.
    """
    columns = columns or Columns()
    if columns.where is None:
        return checked_batch(chunk, columns, split)
    kept = columns.where.holds(chunk.columns, f"{chunk.place} {chunk.numbers[0]} and later" if chunk.numbers else "")
    at = np.flatnonzero(kept)
    numbers = [chunk.numbers[int(i)] for i in at]
    batch = checked_batch(chunk._replace(columns=taken(chunk.columns, at), numbers=numbers), columns, split)
    places = np.full(len(kept), -1)
    places[at] = np.arange(len(at))
    batch = batch.take(pa.array(places, mask=places < 0))
    return batch.append_column("left_out", pc.if_else(pa.array(kept), pa.scalar(None, pa.string()), BY_WHERE))


def taken(columns, at):
    """Return some rows of the columns of a chunk. at: their positions, an array."""
    return {
        name: [values[i] for i in at] if isinstance(values, list) else values.take(pa.array(at))
        for name, values in columns.items()
    }


def checked_batch(chunk, columns, split):
    """Return a chunk, all of whose rows are read, as a RAW batch; see `raw_batch`."""
    texts = [texts_of(chunk, name, "pair" if columns.pair else "text") for name in columns.text]
    batch = {"text": texts[0] if columns.pair else joined(texts, columns.separator)}
    batch["label"] = (
        as_strings(classes_of(chunk, columns.label, chunk.names))
        if columns.label
        else pa.nulls(len(batch["text"]), pa.string())
    )
    batch["split"] = (
        splits_of(chunk, columns.split) if columns.split else pa.array([split] * len(batch["text"]), pa.string())
    )
    if columns.pair:
        batch["second_text"] = texts[1]
    for key in ("group", "time"):
        if name := getattr(columns, key):
            batch[key] = as_strings(classes_of(chunk, name))
    for name, column in zip(columns.groups, columns.group_columns(), strict=True):
        batch[column] = pc.fill_null(as_strings(classes_of(chunk, name)), NO_GROUP)
    for name, column in zip(columns.keep, columns.kept_columns(), strict=True):
        batch[column] = as_strings([written(value) for value in values_of(chunk, name)])
    return pa.RecordBatch.from_pydict(batch)


def joined(texts, separator):
    """Return the texts of several columns as one, null where all are blank; blank ones are left out, with separator."""
    if len(texts) == 1:
        return texts[0]
    between = pa.scalar(separator, pa.large_string())
    whole, *others = [pc.if_else(is_blank(text), None, text) for text in texts]
    for part in others:
        # Not `null_handling="skip"`: with it, pyarrow 26 drops rows that are null in all columns.
        whole = pc.coalesce(pc.binary_join_element_wise(whole, part, between), whole, part)
    return whole


def texts_of(chunk, column, key):
    """Return a column of texts as an Arrow array of large strings; raise BadInput unless it holds text.

    key: that of the config which names the column.
    """
    texts, place = chunk.columns[column], chunk.place
    if isinstance(texts, list):
        for number, text in zip(chunk.numbers, texts, strict=True):
            if not (text is None or isinstance(text, str) or (isinstance(text, float) and math.isnan(text))):
                raise BadInput(
                    f"{place} {number}: {column!r} is {json.dumps(text)[:40]}, not text; set `{key}:` to another key"
                )
        return as_text(texts)
    file = place.rpartition(":")[0]
    if pa.types.is_dictionary(texts.type):  # pandas' categories
        texts = pc.cast(texts, texts.type.value_type)
    binary = is_one_of(texts.type, BINARY_TYPES)  # as Spark and older writers of Parquet store text
    if not binary and not is_one_of(texts.type, TEXT_TYPES):
        raise BadInput(f"{file}: column {column!r} holds {texts.type}, not text; set `{key}:` to another column")
    try:
        if pa.types.is_fixed_size_binary(texts.type):
            texts = pc.cast(texts, pa.large_binary())
        texts = pc.cast(texts, pa.large_string())
        texts.validate(full=True)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        advice = "; write it as text (UTF-8)" if binary else ""
        raise BadInput(f"{file}: in the rows from {chunk.numbers[0]} on, column {column!r}: {error}{advice}") from error
    return texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts


def plain(column):
    """Return a column whose values in Python read as in the file: a float32 of 4.1 as 4.1, not 4.0999999."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if kind != column.type:
        column = pc.cast(column, kind)
    if is_one_of(kind, SHORT_FLOATS):  # through their shortest decimals
        return pa.array(column.to_numpy().astype(str).astype(float))  # a null becomes NaN
    if is_one_of(kind, LIST_TYPES) and is_one_of(kind.value_type, SHORT_FLOATS):
        return pc.cast(pc.cast(column, pa.list_(pa.string())), pa.list_(pa.float64()))
    return column


def is_one_of(kind, tests):
    """Return whether an Arrow type passes one of the tests."""
    return any(test(kind) for test in tests)


def require(columns, existing, place):
    """Raise BadInput unless all columns that a Columns names are among the `existing` ones, each of them once."""
    existing = list(existing)
    for key, name in columns.by_key():
        if name not in existing:
            found = listing([clipped(column) for column in existing])
            advice = "" if any(column in existing for column in columns.names()) else other_header(columns, existing)
            hint = did_you_mean(name, existing)
            quotes = f"; if {name} is a text, put it in single quotes" if key == "where" and not hint else ""
            raise BadInput(f"{place}: no column {name!r} for `{key}:`; its columns are {found}{advice}{hint}{quotes}")
        if existing.count(name) > 1:
            count = existing.count(name)
            raise BadInput(f"{place}: {count} columns are called {name!r}, the column for `{key}:`; rename all but one")


def other_header(columns, existing):
    """Return what may be wrong with a file none of whose columns is wanted: an end of the message."""
    if len(existing) == 1:
        for separator, name in {"\t": "tabs", ";": "semicolons", "|": "bars (|)", ",": "commas"}.items():
            if separator in existing[0]:
                return f" (its cells are separated by {name}: set `delimiter: {json.dumps(separator)}`)"
        if existing[0].lstrip().startswith(("{", "[")):
            return " (it looks like JSON: set `format: json`)"
    if len(existing) >= len(columns.names()) and any(is_value(column) for column in existing):
        names = f"[…] with {len(existing)} names" if len(existing) > 1 else "[…]"
        return f" (if that is a row, not names, set `header: false`, and name the columns in order: `columns: {names}`)"
    return ""


def is_value(cell):
    """Return whether a cell looks more like a value than like the name of a column."""
    return " " in cell.strip() or len(cell) > 40 or cell.strip().isdecimal()


def clipped(name):
    """Return the beginning of a column's name on one line."""
    line = " ".join(str(name).split())
    line = line if line == name else repr(line if len(line) > 40 else name)
    return line if len(line) <= 42 else f"{line[:41]}…"


def splits_of(chunk, column):
    """Return the split of each row, as a column names it; raise BadInput that names the row of one that is none."""
    given = values_of(chunk, column)
    splits = [SPLIT_NAMES.get(split_of(value)) for value in given]
    if None in splits:
        bad = splits.index(None)
        raise BadInput(
            f"{chunk.place} {chunk.numbers[bad]}: {shown(given[bad])} in column {column!r} "
            f"is not a split; use {', '.join(SPLITS)}"
        )
    return pa.array(splits, pa.string())


def values_of(chunk, column):
    """Return the values of a column of a chunk as a list."""
    values = chunk.columns[column]
    return values if isinstance(values, list) else plain(values).to_pylist()


def classes_of(chunk, column, names=None):
    """Return the values of a column as text, or as the names of their classes; see `class_of`.

    Raises BadInput that names the row of a value that is neither text nor a number.
    """
    classes, known = [], {}  # most labels occur many times
    for number, value in zip(chunk.numbers, values_of(chunk, column), strict=True):
        key = None if isinstance(value, list | dict) else (type(value), value)
        if key is None or key not in known:
            try:
                known[key] = class_of(value, names)
            except BadInput as error:
                raise BadInput(f"{chunk.place} {number}: {column!r} holds {error}") from error
        classes.append(known[key])
    return classes


def written(value):
    """Return a value as text: a text as it is, true, false, a list or an object as in JSON, a number as a label.

    None stays None.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, bool | list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return as_label(value) if isinstance(value, int | float) else str(value)


def as_strings(classes):
    """Return class names as an Arrow array; see `as_text` for lone surrogates."""
    return as_text(classes).cast(pa.string())


def split_of(value):
    """Return the name of a split in lower case; an empty string for a value that is none."""
    try:
        return (as_label(value) or "").lower()
    except BadInput:
        return ""
