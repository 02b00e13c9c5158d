"""Batches of raw examples: what every source yields."""

import math

import pyarrow as pa
import pyarrow.compute as pc

from pretrain_or_not.config.labels import as_label, class_of, shown
from pretrain_or_not.config.splits import SPLIT_NAMES, SPLITS
from pretrain_or_not.config.wording import did_you_mean, listing
from pretrain_or_not.errors import BadInput

ROWS_PER_BATCH = 10_000

TEXT_TYPES = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)
BINARY_TYPES = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view, pa.types.is_fixed_size_binary)
SHORT_FLOATS = (pa.types.is_float32, pa.types.is_float16)
LIST_TYPES = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)

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


def batch_from_table(table, columns, split, place, first_row=0, names=None):
    """Return an Arrow table of any columns as a RAW batch; raise BadInput that names the wrong column or rows.

    columns: key of the config -> column. split, place, names: see `raw_batch`. first_row: number of the table's first
    row.
    """
    require(columns, table.column_names, place)
    texts = texts_of(table[columns["text"]], columns["text"], place, first_row)
    given = plain(table[columns["split"]]).to_pylist() if "split" in columns else None
    rows = range(first_row, first_row + len(texts))
    labels = plain(table[columns["label"]]).to_pylist()
    return raw_batch(texts, labels, split, given, columns, f"{place}: row", rows, names)


def texts_of(texts, column, place, first_row):
    """Return a column of texts as an Arrow array of large strings; raise BadInput unless it holds text."""
    if pa.types.is_dictionary(texts.type):  # pandas' categories
        texts = pc.cast(texts, texts.type.value_type)
    binary = is_one_of(texts.type, BINARY_TYPES)  # as Spark and older writers of Parquet store text
    if not binary and not is_one_of(texts.type, TEXT_TYPES):
        raise BadInput(f"{place}: column {column!r} holds {texts.type}, not text; set `text:` to another column")
    try:
        if pa.types.is_fixed_size_binary(texts.type):
            texts = pc.cast(texts, pa.large_binary())
        texts = pc.cast(texts, pa.large_string())
        texts.validate(full=True)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        advice = "; write it as text (UTF-8)" if binary else ""
        raise BadInput(f"{place}: in the rows from {first_row} on, column {column!r}: {error}{advice}") from error
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
    """Raise BadInput unless all `columns` of the config are among the `existing` ones, each of them once."""
    existing = list(existing)
    for key, name in columns.items():
        if name not in existing:
            found = listing([clipped(column) for column in existing])
            advice = "" if any(column in existing for column in columns.values()) else other_header(columns, existing)
            hint = did_you_mean(name, existing)
            raise BadInput(f"{place}: no column {name!r} for `{key}:`; its columns are {found}{advice}{hint}")
        if existing.count(name) > 1:
            count = existing.count(name)
            raise BadInput(f"{place}: {count} columns are called {name!r}, the column for `{key}:`; rename all but one")


def other_header(columns, existing):
    """Return what may be wrong with a file none of whose columns is wanted: an end of the message."""
    if len(existing) == 1:
        for separator, name in {"\t": "tabs", ";": "semicolons", "|": "bars (|)", ",": "commas"}.items():
            if separator in existing[0]:
                fix = {"\t": "set `format: tsv`", ",": "set `format: csv`"}.get(separator, "write it with commas")
                return f" (its cells are separated by {name}: {fix})"
        if existing[0].lstrip().startswith(("{", "[")):
            return " (it looks like JSON: set `format: json`)"
    if len(existing) >= len(columns) and any(is_value(column) for column in existing):
        return " (if that is a row, not names, put a line with the names of the columns above it)"
    return ""


def is_value(cell):
    """Return whether a cell looks more like a value than like the name of a column."""
    return " " in cell.strip() or len(cell) > 40 or cell.strip().isdecimal()


def clipped(name):
    """Return the beginning of a column's name on one line."""
    line = " ".join(str(name).split())
    line = line if line == name else repr(line if len(line) > 40 else name)
    return line if len(line) <= 42 else f"{line[:41]}…"


def raw_batch(texts, labels, split, given, columns, place, numbers, names=None):
    """Return one RAW batch; raise BadInput that names the row with a label that is none, or with a wrong split.

    split: the split of all rows, or None. given: the split of each row instead, as written, or None. place, numbers:
    how a message names a row, such as ``a.csv: row``, and its number. names: see `class_of`.
    """
    splits = [split] * len(labels)
    if given is not None:
        splits = [SPLIT_NAMES.get(split_of(value)) for value in given]
        if None in splits:
            bad = splits.index(None)
            raise BadInput(
                f"{place} {numbers[bad]}: {shown(given[bad])} in column {columns['split']!r} "
                f"is not a split; use {', '.join(SPLITS)}"
            )
    classes = classes_of(labels, names, numbers, f"{columns.get('label', 'label')!r} holds", place)
    return pa.record_batch([texts, as_strings(classes), splits], schema=RAW)


def classes_of(labels, names, numbers, what, place):
    """Return the class of each label; raise BadInput that names the row of one that is none. See `raw_batch`."""
    classes, known = [], {}  # most labels occur many times
    for number, value in zip(numbers, labels, strict=True):
        key = None if isinstance(value, list | dict) else (type(value), value)
        if key is None or key not in known:
            try:
                known[key] = class_of(value, names)
            except BadInput as error:
                raise BadInput(f"{place} {number}: {what} {error}") from error
        classes.append(known[key])
    return classes


def as_strings(classes):
    """Return class names as an Arrow array; see `as_text` for lone surrogates."""
    return as_text(classes).cast(pa.string())


def split_of(value):
    """Return the name of a split in lower case; an empty string for a value that is none."""
    try:
        return (as_label(value) or "").lower()
    except BadInput:
        return ""
