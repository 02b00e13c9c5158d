"""Errors name files with invalid texts, with the line where there is one."""

import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers.tables import DATASET
from pretrain_or_not.data.ingest import ingest
from pretrain_or_not.errors import BadInput

BAD_TEXTS = {
    "not UTF-8": (b"text,label\nfine,a\ncaf\xe9,b\n", r"line 3: byte 4 is not UTF-8 .*'café,b': .*`encoding: cp1252`"),
    "an open quote": (b'text,label\nfine,a\n"open,b\nx,a\n', "line 3: a quote is opened in this row and never closed"),
    "a late quote": (b'text,label\nfine,a\n"open,b\n"late",a\n', "line 3: a quote is not closed, or one inside"),
    "a bare quote": (b'text,label\n"two\nlines",a\n"a "b" c",b\n', "line 4: a quote is not closed, or one inside"),
    "a row too long": (b"text,label\nfine,a\nx,y,z\n", "line 3: 3 cells, where the header names 2"),
    "a row too short": (b"text,label\nfine,a\ncut\nhere,b\n", "line 3: 1 cell, where the header names 2; put a cell"),
    "a bare CR": (b"text,label\rfine,a\r", r"line 1: a carriage return \(CR\) alone ends a line"),
    "a bare CR below": (b"text,label\nfine,a\rx,b\n", r"line 2: 3 cells, .*; a carriage return \(CR\) alone"),
    "a column twice": (b"text,text,label\nx,y,a\n", "2 columns are called 'text', the column for `text:`; rename"),
    "JSON": (b'{"text": 1}\n{"text": 2}\n', r"\(it looks like JSON: set `format: json`\)"),
    "no header": (b"I loved this film,a\nbad,b\n", r"I loved this film, a \(if that is a row, .*`header: false`, and"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_TEXTS)
def test_a_bad_csv_is_named_with_its_line(tmp_path, case):
    content, told = BAD_TEXTS[case]
    (tmp_path / "a.csv").write_bytes(content)
    dataset = DATASET | {"files": str(tmp_path / "a.csv")}
    with pytest.raises(BadInput, match=rf"^dataset 'toy': .*a\.csv: .*{told}"):
        ingest(dataset, "toy", [], 1, tmp_path / "examples.parquet", tmp_path / "dataset.json")


@pytest.mark.parametrize(("given", "right"), [(";", "\t"), ("\t", ","), (",", ";")])
def test_a_delimiter_that_does_not_fit_is_told_the_right_one(tmp_path, given, right):
    (tmp_path / "a.tsv").write_text(f"text{right}label\nfine{right}a\nbad{right}b\n")
    dataset = DATASET | {"files": str(tmp_path / "a.tsv"), "delimiter": given}
    with pytest.raises(BadInput, match=re.escape(f"set `delimiter: {json.dumps(right)}`)")):
        ingest(dataset, "toy", [], 1, tmp_path / "examples.parquet", tmp_path / "dataset.json")


def test_a_parquet_file_with_bytes_for_text_is_named(tmp_path):
    texts = pa.array([b"fine", b"\xff\xfe"]).view(pa.string())
    pq.write_table(pa.table({"text": texts, "label": ["a", "b"]}), tmp_path / "a.parquet")
    dataset = DATASET | {"files": str(tmp_path / "a.parquet")}
    with pytest.raises(BadInput, match=r"a\.parquet: .*column 'text': .*Invalid UTF8"):
        ingest(dataset, "toy", [], 1, tmp_path / "examples.parquet", tmp_path / "dataset.json")
