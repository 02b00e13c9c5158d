"""Batches of raw examples: what every source yields."""

import pyarrow as pa

from pretrain_or_not.config.labels import as_label
from pretrain_or_not.config.splits import SPLIT_NAMES, SPLITS
from pretrain_or_not.errors import BadInput

ROWS_PER_BATCH = 10_000

TEXT_TYPES = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)

RAW = pa.schema([("text", pa.large_string()), ("label", pa.string()), ("split", pa.string())])


def as_text(texts):
    """Return strings as an Arrow array; a lone surrogate, which JSON can hold but UTF-8 cannot, becomes U+FFFD."""
    try:
        return pa.array(texts, pa.large_string())
    except UnicodeEncodeError:
        valid = [text and text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for text in texts]
        return pa.array(valid, pa.large_string())


def batch_from_table(table, columns, split, place, first_row=0):
    """Return an Arrow table of any columns as a RAW batch; raise BadInput that names the wrong column or rows.

    columns: key of the config -> column. split, place: see `raw_batch`. first_row: number of the table's first row.
    """
    require(columns, table.column_names, place)
    texts = table[columns["text"]]
    if not any(is_text(texts.type) for is_text in TEXT_TYPES):
        raise BadInput(
            f"{place}: column {columns['text']!r} holds {texts.type}, not text; set `text:` to another column"
        )
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid as error:
        raise BadInput(f"{place}: in the rows from {first_row} on, column {columns['text']!r}: {error}") from error
    given = table[columns["split"]].to_pylist() if "split" in columns else None
    rows = range(first_row, first_row + len(texts))
    texts = texts.combine_chunks().cast(pa.large_string())
    return raw_batch(texts, table[columns["label"]].to_pylist(), split, given, columns, f"{place}: row", rows)


def require(columns, existing, place):
    """Raise BadInput unless all `columns` of the config are among the `existing` ones."""
    for key, name in columns.items():
        if name not in existing:
            raise BadInput(f"{place}: no column {name!r} for `{key}:`; its columns are {', '.join(existing)}")


def raw_batch(texts, labels, split, given, columns, place, numbers):
    """Return one RAW batch; raise BadInput that names the row if the value of a split column is not a split.

    split: the split of all rows, or None. given: the split of each row instead, as written, or None. place, numbers:
    how a message names a row, such as ``a.csv: row``, and its number.
    """
    splits = [split] * len(labels)
    if given is not None:
        splits = [SPLIT_NAMES.get(str(value).strip().lower()) for value in given]
        if None in splits:
            bad = splits.index(None)
            raise BadInput(
                f"{place} {numbers[bad]}: {given[bad]!r} in column {columns['split']!r} "
                f"is not a split; use {', '.join(SPLITS)}"
            )
    return pa.record_batch([texts, [as_label(value) for value in labels], splits], schema=RAW)
