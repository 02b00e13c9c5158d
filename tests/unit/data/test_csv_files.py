"""CSV files: cells as they were written, in every dialect that is read, whatever stands in them."""

import csv
import random
import re

import pandas as pd
import pytest

from pretrain_or_not.data.columns import Columns
from pretrain_or_not.data.readers import read_file
from pretrain_or_not.data.readers.options import ReadOptions
from pretrain_or_not.errors import BadInput


def read(path, kind="csv", **options):
    """Return the rows of a file as (text, label)."""
    batches = read_file(str(path), kind, ReadOptions(**options), Columns())
    return [(row["text"], row["label"]) for batch in batches for row in batch.to_pylist()]


def write(path, content):
    """Write bytes; return the path."""
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(("kind", "separator"), [("csv", ","), ("tsv", "\t")])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_texts_of_any_characters_come_back(tmp_path, end, kind, separator, quoting):
    rng = random.Random(0)
    pieces = [
        "a",
        "é",
        "😀",
        " ",
        "\t",
        ",",
        '"',
        "'",
        "\\",
        "\n",
        "\r\n",
        "\0",
        "\u2028",
        "\x0b",
        "#",
        "NA",
        "1.0",
        "\r",
    ]
    rows = [("".join(rng.choices(pieces, k=rng.randint(0, 12))), f"l{i % 3}") for i in range(25_000)]
    rows[7] = ("x" * 3_000_000, "l1")
    with open(tmp_path / "a.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=separator, lineterminator=end, quoting=quoting)
        writer.writerows([("id", "text", "label"), *((i, *row) for i, row in enumerate(rows))])
    assert read(tmp_path / "a.csv", kind) == rows


def test_what_pandas_reads_as_text_is_read_the_same(tmp_path):
    rng = random.Random(1)
    pieces = ["a", " ", ",", '""', "\n", "\r\n", "NA", "é", "\t", "#", "'", "\\", "0"]
    for _ in range(200):
        body = "".join(rng.choices(pieces, k=rng.randint(1, 30)))
        path = write(tmp_path / "a.csv", f"text,label\n{body}\n".encode())
        try:
            found = read(path)
        except BadInput as error:
            assert re.search("cells?, where the header names 2", str(error)) or "a quote" in str(error)
            continue
        expected = pd.read_csv(path, dtype=str, keep_default_na=False, index_col=False).fillna("")
        assert [text for text, _ in found] == expected["text"].tolist()
        assert [label or "" for _, label in found] == expected["label"].str.strip().tolist()


def test_blank_lines_are_no_rows(tmp_path):
    content = b'\n  \ntext,label\n\nfine,a\n \t\n\n"",\n  ,b\n\n'
    assert read(write(tmp_path / "a.csv", content)) == [("fine", "a"), ("", None), ("  ", "b")]


ROWS = [(f"text {i}", ["neg", "pos"][i % 2]) for i in range(40)]


@pytest.mark.parametrize("separator", [",", "\t"])
@pytest.mark.parametrize("label_first", [False, True])
@pytest.mark.parametrize("start", [0, 20])
def test_rows_that_two_plain_quotes_make_one_text_are_named(tmp_path, separator, label_first, start):
    rows = [list(row) for row in ROWS]
    rows[start][0], rows[start + 3][0] = '"He said', 'goodbye"'
    rows = [row[::-1] if label_first else row for row in [["text", "label"], *rows]]
    path = write(tmp_path / "a.csv", "".join(separator.join(row) + "\n" for row in rows).encode())
    with pytest.raises(BadInput, match=rf"a\.csv: lines {start + 2} to {start + 5}: quotes make one row of them"):
        read(path, "csv" if separator == "," else "tsv")


def test_a_text_that_looks_like_rows_of_other_labels_is_a_text(tmp_path):
    rows = [*ROWS, ("a\tb\nc", "neg"), ("name\tvalue\nx\t1\ny", "pos")]
    with open(tmp_path / "a.tsv", "w", newline="") as file:
        csv.writer(file, delimiter="\t").writerows([("text", "label"), *rows])
    assert read(tmp_path / "a.tsv", "tsv") == rows


SWALLOWED = ["he wrote\nneg{0}so", "he wrote{0}pos\nso", "a{0}neg\nb{0}pos\nc", "pos{0}a\nneg{0}b"]


@pytest.mark.parametrize(("kind", "separator"), [("csv", ","), ("tsv", "\t")])
@pytest.mark.parametrize("label_first", [False, True])
@pytest.mark.parametrize("quoted", ["header", "rows", "all"])
def test_a_text_that_looks_like_rows_is_a_text_where_quotes_are_used(tmp_path, kind, separator, label_first, quoted):
    rows = [*ROWS, *((text.format(separator), "pos") for text in SWALLOWED)]
    parts = {"header": [("text", "label")], "rows": rows}
    with open(tmp_path / "a.csv", "w", newline="") as file:
        for part, lines in parts.items():
            quoting = csv.QUOTE_ALL if quoted in (part, "all") else csv.QUOTE_MINIMAL
            writer = csv.writer(file, delimiter=separator, quoting=quoting)
            writer.writerows(line[::-1] if label_first else line for line in lines)
    assert read(tmp_path / "a.csv", kind) == rows


def test_a_text_that_looks_like_rows_is_refused_with_what_to_do_where_no_other_cell_is_in_quotes(tmp_path):
    path = write(tmp_path / "a.csv", b'label,text\npos,a\nneg,b\npos,"he wrote\nneg,so"\n')
    with pytest.raises(BadInput, match=r"lines 4 to 5: .*if they are one row, put the names of the columns in quotes"):
        read(path)
    write(path, path.read_bytes().replace(b"label,text", b'"label","text"'))
    assert read(path)[-1] == ("he wrote\nneg,so", "pos")


def test_a_byte_order_mark_and_mixed_line_ends_are_no_matter(tmp_path):
    path = write(tmp_path / "a.csv", b'\xef\xbb\xbf"text",label\r\nfine,a\nnice,b\r\n')
    assert read(path) == [("fine", "a"), ("nice", "b")]


@pytest.mark.parametrize("content", [b"", b"\n\n \n", b"\xef\xbb\xbf"])
def test_a_file_without_a_header_is_named(tmp_path, content):
    with pytest.raises(BadInput, match=r"a\.csv: is empty; its first line must name the columns"):
        read(write(tmp_path / "a.csv", content))


def test_a_column_that_is_missing_is_told_though_there_are_no_rows(tmp_path):
    with pytest.raises(BadInput, match=r"a\.csv: no column 'text' for `text:`; its columns are review, label"):
        read(write(tmp_path / "a.csv", b"review,label\n"))


def test_an_error_far_down_is_told_with_its_line(tmp_path):
    rows = b"".join(b'"two\nlines %d",a\n' % i for i in range(30_000))
    path = write(tmp_path / "a.csv", b"text,label\n" + rows + b'"open,b\n' + rows.replace(b'"', b""))
    with pytest.raises(BadInput, match="line 60002: a quote is opened in this row and never closed"):
        read(path)
