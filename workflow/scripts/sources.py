"""Where raw examples come from: each source yields Arrow batches of text, raw label and given split."""

import glob
import io
import json
import os

import pyarrow as pa
import pyarrow.parquet as pq

from csv_text import check_csv
from data_files import FORMATS, as_label, files_by_split, format_of, is_archive
from stage import BadInput

SPLITS = ("train", "validation", "test")
SPLIT_NAMES = {"train": "train", "training": "train", "validation": "validation", "valid": "validation",
               "val": "validation", "dev": "validation", "test": "test"}  # fmt: skip
ROWS_PER_BATCH = 10_000
TEXT_TYPES = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)
RAW = pa.schema([("text", pa.large_string()), ("label", pa.string()), ("split", pa.string())])


def read_source(dataset, threads=1):
    """Yield RAW batches of any dataset of the config.

    Raises BadInput for a missing file or column, a format that cannot be read, or a value that is not text.
    """
    if dataset["source"] == "docstrings":
        from docstring_corpus import read_docstrings

        texts, labels = read_docstrings(dataset["packages"], dataset["mentions"], dataset["max_characters"], threads)
        yield pa.record_batch([texts, labels, [None] * len(texts)], schema=RAW)
    elif dataset["source"] == "hub":
        from hub import read_hub

        columns = {key: dataset[key] for key in ("text", "label")}
        for split, place, row, table in read_hub(dataset, columns["label"], ROWS_PER_BATCH):
            yield from_table(table, columns, split, place, row)
    else:
        yield from read_files(dataset)


def read_files(dataset):
    """Yield RAW batches from a dataset of source `files`, streamed."""
    columns = {key: dataset[key] for key in ("text", "label", "split") if dataset[key]}
    for split, paths in files_by_split(dataset["files"]).items():
        for path in paths:
            member = dataset["member"] if is_archive(path) else None
            kind = format_of(path, dataset["format"], member)
            if FORMATS[kind] == "json":
                yield from read_json(path, member, columns, split)
            else:
                yield from read_tables(path, kind, columns, split)


def read_json(path, member, columns, split):
    """Yield RAW batches of a file of JSON lines."""
    from json_lines import read_json_lines

    for lines, values in read_json_lines(path, member, columns.values(), ROWS_PER_BATCH):
        place = f"{path}: line"
        texts = values[columns["text"]]
        for line, text in zip(lines, texts, strict=True):
            if not (text is None or isinstance(text, str)):
                raise BadInput(
                    f"{place} {line}: {columns['text']!r} is {json.dumps(text)[:40]}, not text; "
                    "set `text:` to another key"
                )
        given = values.get(columns.get("split"))
        yield raw_batch(as_text(texts), values[columns["label"]], split, given, columns, place, lines)


def as_text(texts):
    """Strings as Arrow has them; half of a surrogate pair, which JSON can write and UTF-8 cannot, becomes U+FFFD."""
    try:
        return pa.array(texts, pa.large_string())
    except UnicodeEncodeError:
        whole = [text and text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for text in texts]
        return pa.array(whole, pa.large_string())


def read_tables(path, kind, columns, split):
    """Yield RAW batches of a Parquet, CSV or TSV file."""
    row = 0
    try:
        for table in read_parquet(path, columns) if kind == "parquet" else read_csv(path, kind):
            yield from_table(table, columns, split, path, row)
            row += table.num_rows
    except BadInput:
        raise
    except Exception as error:  # each reader has its own: ArrowInvalid, ParserError, UnicodeDecodeError, …
        cause = str(error.__cause__ or error).strip().splitlines()
        reason = cause[0] if cause else type(error).__name__
        raise BadInput(f"{path}: cannot be read as {kind}, after row {row}: {reason}") from error


def read_parquet(path, columns):
    """Yield tables of some columns of a Parquet file."""
    # Not through `datasets`: the threads of its reader can abort Python at exit (apache/arrow#45214).
    # A buffer ahead of reading would hold these columns of the whole file.
    with pq.ParquetFile(path, pre_buffer=False) as file:
        require(columns, file.schema_arrow.names, path)
        for batch in file.iter_batches(ROWS_PER_BATCH, columns=list(columns.values())):
            yield pa.Table.from_batches([batch])


def read_csv(path, kind):
    """Yield tables of all columns, streamed through `datasets`."""
    # Nothing is fetched: an unreachable hub must not delay reading a local file.
    os.environ["HF_HUB_OFFLINE"] = "1"
    import datasets as hf

    options = csv_options(path, kind)
    stream = hf.load_dataset("csv", data_files=glob.escape(path), split="train", streaming=True, **options)
    yield from stream.with_format("arrow").iter(batch_size=ROWS_PER_BATCH)


def csv_options(path, kind):
    """Read cells as they are written: no guessed types, which differ from chunk to chunk, no "NA" taken for null."""
    import datasets as hf
    import pandas as pd
    from pandas.io.common import get_handle

    separator = "\t" if kind == "tsv" else ","
    with get_handle(path, "rb", compression="infer", is_text=False) as opened:
        check_csv(io.BufferedReader(opened.handle), path, separator)  # not all readers give lines
    columns = pd.read_csv(path, sep=separator, nrows=0).columns
    features = hf.Features({column: hf.Value("string") for column in columns})
    return {"sep": separator, "features": features, "keep_default_na": False}


def from_table(table, columns, split, place, first_row=0):
    """An Arrow table of any columns as a RAW batch, or BadInput that names the column or row at fault."""
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


def require(columns, there, place):
    """Raise BadInput unless all `columns` of the config are among those `there`."""
    for key, name in columns.items():
        if name not in there:
            raise BadInput(f"{place}: no column {name!r} for `{key}:`; its columns are {', '.join(there)}")


def raw_batch(texts, labels, split, given, columns, place, numbers):
    """One RAW batch.

    split: that of all rows, or None. given: each row's own instead, as written, or None. place, numbers: how a message
    names a row, as in ``a.csv: row`` and its number.
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
