"""Where raw examples come from: each source yields Arrow batches of text, raw label and given split."""

import glob
import io
import os

import pyarrow as pa

from csv_text import check_csv
from data_files import FORMATS, as_label, files_by_split, format_of
from stage import BadInput

SPLITS = ("train", "validation", "test")
SPLIT_NAMES = {"train": "train", "training": "train", "validation": "validation", "valid": "validation",
               "val": "validation", "dev": "validation", "test": "test"}  # fmt: skip
ROWS_PER_BATCH = 10_000
TEXT_TYPES = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)
RAW = pa.schema([("text", pa.large_string()), ("label", pa.string()), ("split", pa.string())])


def read_files(dataset):
    """Yield RAW batches from a dataset of source `files` (see the config schema), streamed through `datasets`.

    Raises BadInput for a missing file or column, a format that cannot be read, or a value that is not text.
    """
    # Nothing is fetched: an unreachable hub must not delay reading a local file.
    os.environ["HF_HUB_OFFLINE"] = "1"
    import datasets as hf

    columns = {"text": dataset["text"], "label": dataset["label"]}
    if dataset["split"]:
        columns["split"] = dataset["split"]
    for split, paths in files_by_split(dataset["files"]).items():
        for path in paths:
            kind = format_of(path, dataset["format"])
            row = 0
            try:
                options = csv_options(path, kind) if FORMATS[kind] == "csv" else {}
                options["data_files"] = glob.escape(path)
                stream = hf.load_dataset(FORMATS[kind], split="train", streaming=True, **options)
                for batch in stream.with_format("arrow").iter(batch_size=ROWS_PER_BATCH):
                    yield raw_batch(batch, columns, split, path, row)
                    row += batch.num_rows
            except BadInput:
                raise
            except Exception as error:  # each reader has its own: ArrowInvalid, ParserError, UnicodeDecodeError, …
                cause = str(error.__cause__ or error).strip().splitlines()
                reason = cause[0] if cause else type(error).__name__
                raise BadInput(f"{path}: cannot be read as {kind}, after row {row}: {reason}") from error


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


def raw_batch(batch, columns, split, path, first_row):
    """One batch of a file as RAW, or BadInput that names the column or row at fault."""
    for key, name in columns.items():
        if name not in batch.column_names:
            raise BadInput(f"{path}: no column {name!r} for `{key}:`; its columns are {', '.join(batch.column_names)}")
    texts = batch[columns["text"]]
    if not any(is_text(texts.type) for is_text in TEXT_TYPES):
        raise BadInput(
            f"{path}: column {columns['text']!r} holds {texts.type}, not text; set `text:` to another column"
        )
    labels = [as_label(value) for value in batch[columns["label"]].to_pylist()]
    splits = [split] * len(labels)
    if "split" in columns:
        given = batch[columns["split"]].to_pylist()
        splits = [SPLIT_NAMES.get(str(value).strip().lower()) for value in given]
        if None in splits:
            bad = splits.index(None)
            raise BadInput(
                f"{path}: row {first_row + bad}: {given[bad]!r} in column {columns['split']!r} "
                f"is not a split; use {', '.join(SPLITS)}"
            )
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid as error:
        raise BadInput(f"{path}: in the batch from row {first_row}, column {columns['text']!r}: {error}") from error
    return pa.record_batch([texts.combine_chunks().cast(pa.large_string()), labels, splits], schema=RAW)


def read_source(dataset, threads=1):
    """Yield RAW batches of any dataset of the config."""
    if dataset["source"] == "files":
        yield from read_files(dataset)
        return
    from docstring_corpus import read_docstrings

    texts, labels = read_docstrings(dataset["packages"], dataset["mentions"], dataset["max_characters"], threads)
    yield pa.record_batch([texts, labels, [None] * len(texts)], schema=RAW)
