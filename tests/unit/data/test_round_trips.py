"""Any table of strings comes back as it was written, whoever wrote it; any bytes are read or refused in one line."""

import csv
import gc
import gzip
import json

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pretrain_or_not.data.columns import Columns
from pretrain_or_not.data.readers import read_file
from pretrain_or_not.data.readers.options import ReadOptions
from pretrain_or_not.data.sources import read_source
from pretrain_or_not.errors import BadInput

QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True, scope="module")
def no_callback_is_left():
    """Remove hypothesis' hook of the garbage collector: a Ctrl-C that lands in it is lost, and some tests send one."""
    before = list(gc.callbacks)
    yield
    gc.callbacks[:] = before


# What trips readers: separators, quotes, line ends, missing values, numbers, and any other character of Unicode.
PIECES = st.one_of(
    st.sampled_from([
        ",", ";", "\t", '"', '""', "\n", "\r\n", "\r", "\0", "\\", "\\n", "'", "NA", "null", "None", "nan", "01", "1.0",
        "True", "#", " ", "\ufeff", "\u200b", "\u2028", "\x0b", "\x85", "{", "[", "é", "👩‍👧",
    ]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=6).map("".join)
# Labels are stripped; those here are no part of a text, so that no text looks like rows of the file.
LABELS = st.sampled_from(["label one", "label 01", "label NA", "v1.0 label", "label, quoted", "étiquette"])
TABLES = st.lists(st.tuples(TEXTS, LABELS), min_size=1, max_size=12)


def frame(rows):
    """Return rows of text and label as a data frame of strings."""
    return pd.DataFrame(rows, columns=["text", "label"], dtype="str")


def write_duckdb(rows, path, options):
    """Write a table by DuckDB."""
    with duckdb.connect() as db:
        table = pa.table({"text": [row[0] for row in rows], "label": [row[1] for row in rows]})
        db.register("rows", table)
        db.execute(f"COPY rows TO '{path}' ({options})")


def write_python(rows, path, **options):
    """Write a table by the standard library."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, **options).writerows([("text", "label"), *rows])


def arrow(rows):
    """Return rows as an Arrow table."""
    return pa.table({"text": pa.array([r[0] for r in rows], pa.string()), "label": [r[1] for r in rows]})


WRITERS = {
    "pandas.csv": lambda rows, path: frame(rows).to_csv(path, index=False),
    "pandas.tsv": lambda rows, path: frame(rows).to_csv(path, index=False, sep="\t"),
    "pandas.jsonl": lambda rows, path: frame(rows).to_json(path, orient="records", lines=True),
    "pandas.parquet": lambda rows, path: frame(rows).to_parquet(path),
    "python.csv": lambda rows, path: write_python(rows, path, quoting=csv.QUOTE_ALL, lineterminator="\n"),
    "python.tsv": lambda rows, path: write_python(rows, path, delimiter="\t"),
    "python.jsonl": lambda rows, path: path.write_text(
        "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in rows)
    ),
    "duckdb.csv": lambda rows, path: write_duckdb(rows, path, "FORMAT csv, HEADER"),
    "duckdb.tsv": lambda rows, path: write_duckdb(rows, path, "FORMAT csv, HEADER, DELIMITER '\t'"),
    "duckdb.json": lambda rows, path: write_duckdb(rows, path, "FORMAT json"),
    "duckdb.parquet": lambda rows, path: write_duckdb(rows, path, "FORMAT parquet"),
    "pyarrow.csv": lambda rows, path: pa.csv.write_csv(arrow(rows), path),
    "pyarrow.parquet": lambda rows, path: pq.write_table(arrow(rows), path, use_dictionary=True),
}


def read(path, source):
    """Return the rows of a file through a source."""
    dataset = {"text": "text", "label": "label", "split": None, "format": None, "member": None, "source": "files"}
    dataset |= {"files": {"train": str(path)}}
    if source == "hub":
        dataset |= {
            "source": "hub",
            "id": str(path.parent),
            "config": None,
            "revision": None,
            "split": {"train": "train"},
        }
    return [(row["text"], row["label"]) for batch in read_source(dataset) for row in batch.to_pylist()]


@pytest.mark.parametrize("writer", WRITERS)
@QUICK
@given(rows=TABLES)
@example(
    rows=[("NA", "label one"), ("", "label NA"), ('"', "label one"), ("a\tb\nc", "label one"), ("a,b\nc", "label 01")]
)
def test_any_table_comes_back(tmp_path, writer, rows):
    path = tmp_path / f"train.{writer.partition('.')[2]}"
    WRITERS[writer](rows, path)
    assert read(path, "files") == rows


@pytest.mark.parametrize("writer", WRITERS)
@settings(QUICK, max_examples=2)
@given(rows=TABLES)
@example(rows=[("NA", "label one"), ("nan", "label NA"), ("01", "label one"), ("1.0", "label one")])
def test_any_table_comes_back_through_a_folder(tmp_path, writer, rows):
    folder = tmp_path / "data"
    folder.mkdir(exist_ok=True)
    path = folder / f"train.{writer.partition('.')[2]}"
    WRITERS[writer](rows, path)
    assert read(path, "hub") == rows


LIKE_ROWS = st.lists(st.sampled_from(["pos", "neg", ",", "\n", '"', "a", " "]), max_size=12).map("".join)


@pytest.mark.parametrize("header", [("text", "label"), ("label", "text")])
@QUICK
@given(rows=st.lists(st.tuples(LIKE_ROWS, st.sampled_from(["pos", "neg"])), min_size=1, max_size=12))
@example(rows=[("a", "pos"), ("b", "neg"), ("he wrote\nneg,so", "pos"), ("he wrote,neg\nso", "pos")])
def test_texts_that_look_like_rows_come_back_where_all_cells_are_in_quotes(tmp_path, header, rows):
    cells = [dict(zip(("text", "label"), row, strict=True)) for row in rows]
    with open(tmp_path / "train.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([header, *([row[name] for name in header] for row in cells)])
    assert read(tmp_path / "train.csv", "files") == rows


ROWS = [("fine, really", "pos"), ('so "so"\nlala', "neg"), ("é", "pos")]


@st.composite
def damaged(draw, kind):
    """Bytes of a file of some format with some of them changed, cut out, or put in; or any bytes."""
    if draw(st.booleans()) and draw(st.booleans()):
        return draw(st.binary(max_size=200))
    data = bytearray(good(kind))
    for _ in range(draw(st.integers(1, 6))):
        place, new = draw(st.integers(0, len(data))), draw(st.binary(max_size=4))
        data[place : place + draw(st.integers(0, 4))] = new
    data = bytes(data[: draw(st.integers(0, len(data)))]) if draw(st.booleans()) else bytes(data)
    return gzip.compress(data) if kind != "parquet" and draw(st.booleans()) else data


def good(kind):
    """Return the bytes of a good file."""
    if kind == "parquet":
        sink = pa.BufferOutputStream()
        pq.write_table(arrow(ROWS), sink)
        return sink.getvalue().to_pybytes()
    if kind == "json":
        return "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in ROWS).encode()
    return b'text,label\n"fine, really",pos\n"so ""so""\nlala",neg\n\xc3\xa9,pos\n'


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
@settings(QUICK, max_examples=200)
@given(data=st.data())
def test_any_bytes_are_read_or_refused_in_one_line(tmp_path, kind, data):
    path = tmp_path / f"a.{kind}"
    path.write_bytes(data.draw(damaged(kind)))
    try:
        for batch in read_file(str(path), kind, ReadOptions(), Columns()):
            batch.validate(full=True)
    except BadInput as error:
        assert str(error).startswith(str(path)) and "\n" not in str(error)
        str(error).encode()  # it can be printed
