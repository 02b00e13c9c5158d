"""Files whose content is not what their name says: told by their bytes, with what to do."""

import bz2
import gzip
import io
import tarfile
import zipfile

import pandas as pd
import pyarrow as pa
import pyarrow.orc
import pytest

from pretrain_or_not.data.columns import Columns
from pretrain_or_not.data.readers import read_file
from pretrain_or_not.data.readers.contents import not_utf8
from pretrain_or_not.data.readers.options import ReadOptions
from pretrain_or_not.errors import BadInput

TABLE = "text,label\nfine,a\nnice,b\n"


def zipped(*names):
    """Return a zip archive of files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, TABLE)
    return file.getvalue()


def parquet():
    """Return a Parquet file."""
    file = io.BytesIO()
    pd.DataFrame({"text": ["a"], "label": ["b"]}).to_parquet(file)
    return file.getvalue()


def arrow():
    """Return an Arrow file."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, pa.schema([("text", pa.string())])):
        pass
    return sink.getvalue().to_pybytes()


def orc():
    """Return an ORC file."""
    sink = pa.BufferOutputStream()
    pa.orc.write_table(pa.table({"text": ["a"] * 100, "label": ["b"] * 100}), sink)
    return sink.getvalue().to_pybytes()


def tar():
    """Return a tar archive."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.csv"))
    return file.getvalue()


CONTENTS = {
    "UTF-16 without a mark": (TABLE.encode("utf-16-le"), "is text in UTF-16 .little-endian.*set `encoding: utf-16-le`"),
    "UTF-16, big": (TABLE.encode("utf-16-be"), "is text in UTF-16 .big-endian.*set `encoding: utf-16-be`"),
    "NULs": (bytes(100), "is nothing but NUL bytes, .*damaged"),
    "gzip twice": (gzip.compress(gzip.compress(TABLE.encode())), "is compressed with gzip, .*unpack it by: gunzip"),
    "zip": (zipped("a.csv"), "is a zip archive, .*give it a name that ends in .zip"),
    "xlsx": (
        zipped("[Content_Types].xml", "xl/workbook.xml"),
        r"is an Excel workbook \(.xlsx\), .*save the sheet as CSV",
    ),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "is an old Excel .*save the sheet as CSV"),
    "Parquet": (parquet(), "is Parquet, .*set `format: parquet`"),
    "Arrow": (arrow(), "is an Arrow file, .*save it as Parquet"),
    "pickle": (b"\x80\x04\x95" + bytes(50), "is a Python pickle, .*save it as Parquet"),
    "web page": (b"\n<!DOCTYPE html><html><body>404</body>", "is a web page .*fetch the file itself"),
    "XML": (b"<?xml version='1.0'?><rows/>", "is XML, "),
    "Git LFS": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        "is a pointer of Git LFS, .*git lfs pull",
    ),
    "PDF": (b"%PDF-1.7\n\xff", "is a PDF, "),
    "ORC": (orc(), "is ORC, .*save it as Parquet"),
    "Avro": (b"Obj\x01\x04\x14avro.codec\x08null\x16avro.schema" + bytes(50), "is Avro, .*save it as Parquet"),
    "bzip2 twice": (bz2.compress(bz2.compress(TABLE.encode())), "is compressed with bzip2, .*unpack it by: bunzip2"),
    "bzip2, empty": (bz2.compress(bz2.compress(b"")), "is compressed with bzip2, .*unpack it by: bunzip2"),
    "GIF": (b"GIF89a\x01\0\x01\0\x80\0\0", "is an image, "),
    "RAR": (b"Rar!\x1a\x07\x01\0" + bytes(50), "is a RAR archive, "),
    "tar": (tar(), "is a tar archive, .*name the file in it by `member:`"),
    "SQLite": (b"SQLite format 3\0" + bytes(80), "is an SQLite database, "),
}


@pytest.mark.parametrize("kind", ["csv", "json"])
@pytest.mark.parametrize("case", CONTENTS)
def test_a_file_of_something_else_is_named_for_what_it_is(tmp_path, case, kind):
    content, message = CONTENTS[case]
    path = tmp_path / "a.data"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=rf"a\.data: {message}") as caught:
        list(read_file(str(path), kind, ReadOptions(), Columns()))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "first",
    ["ORCID", "ORC", "PAR1", "GIF8", "GIF89a", "BZh", "BZh9", "BZhang", "Rar!", "%PDF", "SQLite format 3", "ARROW1",
     "Obj", "Obj\x01Class", "7z"],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_header_that_begins_like_another_kind_of_file_is_a_header(tmp_path, first, encoding):
    lines = [
        f"{first},text,label",
        *(f"{i},schön {i} €,a" for i in range(1000)),
    ]  # a character is cut where looking ends
    (tmp_path / "a.csv").write_text("\n".join(lines), encoding=encoding)
    batches = list(read_file(str(tmp_path / "a.csv"), "csv", ReadOptions(), Columns()))
    assert sum(batch.num_rows for batch in batches) == 1000


def test_a_text_at_the_place_of_a_mark_is_a_text(tmp_path):
    content = "text,label\n".ljust(256, "x") + "custard,a\n"
    (tmp_path / "a.csv").write_text(content)
    batches = list(read_file(str(tmp_path / "a.csv"), "csv", ReadOptions(), Columns()))
    assert batches[0]["text"][0].as_py().endswith("custard")


@pytest.mark.parametrize("first", ["ORCID", "PAR1", "GIF89a"])
def test_such_a_header_in_another_encoding_is_told_to_be_no_utf8(tmp_path, first):
    (tmp_path / "a.csv").write_bytes(f"{first},text,label\n1,café,a\n".encode("cp1252"))
    with pytest.raises(BadInput, match=r"in Windows-1252 it reads .*café"):
        list(read_file(str(tmp_path / "a.csv"), "csv", ReadOptions(), Columns()))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (TABLE.encode(), "not Parquet but other content; is its `format:` right"),
        (gzip.compress(parquet()), "is compressed with gzip, not parquet; unpack it by: gunzip"),
        (parquet()[:-20], "cut short or damaged: fetch it again"),
        (b"", "is empty"),
    ],
)
def test_what_is_no_parquet_is_named(tmp_path, content, message):
    (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(BadInput, match=message):
        list(read_file(str(tmp_path / "a.parquet"), "parquet", ReadOptions(), Columns()))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "don’t".encode("cp1252"),
            "in Windows-1252 it reads 'don’t': if that is right, set `encoding: cp1252`",
        ),
        ("café,b".encode("latin1"), "in Windows-1252 it reads 'café,b': if that is right"),
        (b"x \x81\x8d y", "set `encoding:` to the one that the file is in"),
    ],
)
def test_bytes_that_are_not_utf8_are_shown_as_windows_would(line, told):
    with pytest.raises(UnicodeDecodeError) as caught:
        line.decode()
    assert told in not_utf8(line, caught.value)
