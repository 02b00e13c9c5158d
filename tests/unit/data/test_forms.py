"""The forms in which people have their data: each gives the same examples, what is guessed is said, the rest asked."""

import codecs
import json
import os
import re
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from helpers.tables import DATASET, write_csv
from pretrain_or_not.data.ingest import ingest
from pretrain_or_not.data.sources import about_source, find_inputs, find_versions, look_into, read_source
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.json_files import read_json

TEXTS = [(f"Nachricht {i}: „schön“, nicht wahr?", "ab"[i % 2]) for i in range(30)]


def rows_of(files, **changes):
    """All rows of a source, as (text, label)."""
    dataset = DATASET | {"files": files} | changes
    find_inputs("toy", dataset)
    look_into(dataset)
    return [(row["text"], row["label"]) for batch in read_source(dataset) for row in batch.to_pylist()]


def guesses(files, **changes):
    return about_source(DATASET | {"files": str(files)} | changes)["guessed"]


def as_table(rows, delimiter=",", header=("text", "label")):
    return "".join(delimiter.join(f'"{cell}"' for cell in row) + "\n" for row in ([header] if header else []) + rows)


# Tables


@pytest.mark.parametrize(("name", "kind"), [("a.csv", None), ("a.data", "csv"), ("a.tsv", None)])
def test_a_table_without_a_header_has_columns_by_name(tmp_path, name, kind):
    path = tmp_path / name
    rows = [(label, f"title {i}", text) for i, (text, label) in enumerate(TEXTS)]
    path.write_text(as_table(rows, "\t" if name == "a.tsv" else ",", header=None))
    changes = {"format": kind, "header": False, "columns": ["class", "title", "body"], "label": "class"}
    assert rows_of(str(path), text="body", **changes) == TEXTS
    joined = rows_of(str(path), text=["title", "body"], **changes)
    assert joined[3] == (f"title 3\n{TEXTS[3][0]}", TEXTS[3][1])


def test_a_first_row_that_is_data_is_told_to_be_none_of_names(tmp_path):
    path = tmp_path / "news.csv"
    path.write_text('"3","Wall St. Bears Claw Back","Short-sellers are seeing green again."\n' * 5)
    message = (
        r"news\.csv: no column 'text' .*set `header: false`, and name the columns in order: `columns: \[…\] with 3 n"
    )
    with pytest.raises(BadInput, match=message):
        rows_of(str(path))


def test_columns_of_a_file_with_a_header_are_refused(tmp_path):
    path = write_csv(tmp_path / "a.csv", TEXTS, ("Text", "label"))
    with pytest.raises(BadInput, match=r"line 1 names the columns; set `header: true`, and leave out `header: false`"):
        rows_of(path, header=False, columns=["text", "label"])


NEW = {"label": None, "header": False, "columns": ["stars", "title", "text"], "text": ["title", "text"]}


@pytest.mark.parametrize(
    ("content", "changes"),
    [
        ("id,title,text\n1,a,b\n", {}),
        ("\nid,Title, text\n1,a,b\n", {}),
        ("id,other,text\n1,a,b\n", {"text": "text"}),
        ("id,title,text\n1,a,b\n", {"pair": ["title", "text"]}),
        ("id,title,text\n1,a,b\n", {"keep": ["title"], "text": "text"}),
    ],
)
def test_a_header_of_new_texts_is_no_text_where_the_dataset_has_none(tmp_path, content, changes):
    (tmp_path / "new.csv").write_text(content)
    with pytest.raises(BadInput, match=r"new\.csv: line \d names the columns; set `header: true`"):
        rows_of(str(tmp_path / "new.csv"), **NEW | changes)


@pytest.mark.parametrize(
    ("content", "changes"),
    [("1,title,other\n", {}), ("title,x,text\n", {}), ("id,title,text\n", {"keep": ["stars"]})],
)
def test_a_first_text_that_is_the_name_of_a_column_is_read(tmp_path, content, changes):
    (tmp_path / "new.csv").write_text(content)
    assert len(rows_of(str(tmp_path / "new.csv"), **NEW | changes)) == 1


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        ("sentence\nGood food.\n", "if this line names the columns, set `header: true` and `text: sentence`"),
        ("Good food.\nBad.\n", "if all rows have one cell, set `header: false`, `columns: [text]` and `text: text`"),
        ("title,text\na,b\n", "if this line names the columns, set `header: true`;"),
        ("5,Good food.\n", "if all rows have 2 cells, name them all by `columns:`"),
    ],
)
def test_new_texts_with_other_columns_than_the_dataset_are_told_what_to_set(tmp_path, content, advice):
    (tmp_path / "new.csv").write_text(content)
    message = rf"new\.csv: line 1: \d cells?, where `columns:` names 3; {re.escape(advice)}.* correct it$"
    with pytest.raises(BadInput, match=message):
        rows_of(str(tmp_path / "new.csv"), **NEW)


def test_a_row_with_more_cells_than_columns_is_named(tmp_path):
    (tmp_path / "a.csv").write_text("1,a\n2,b,c\n")
    with pytest.raises(BadInput, match=r"a\.csv: line 2: 3 cells, where `columns:` names 2; "):
        rows_of(str(tmp_path / "a.csv"), header=False, columns=["text", "label"])


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_another_delimiter_is_read_and_said_or_named(tmp_path, delimiter):
    path = tmp_path / "a.csv"
    path.write_text(as_table(TEXTS, delimiter))
    assert rows_of(str(path)) == rows_of(str(path), delimiter=delimiter) == TEXTS
    assert [f"`delimiter: {delimiter!r}`" in guess for guess in guesses(path)] == [True]
    assert guesses(path, delimiter=delimiter) == []


def test_a_misspelt_column_is_told_in_a_file_with_another_delimiter(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text;label;town\ngood;pos;Oslo\nbad;neg;Bergen\n")
    assert rows_of(str(path), group="town")
    with pytest.raises(BadInput, match="no column 'twn' for `group:`; its columns are text, label, town"):
        rows_of(str(path), group="twn")


def test_a_delimiter_of_no_kind_that_is_known_must_be_named(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(as_table(TEXTS, "^"))
    with pytest.raises(BadInput, match="if its cells are not separated by ',', name what does by `delimiter:`"):
        rows_of(str(path))
    assert rows_of(str(path), delimiter="^") == TEXTS


def test_without_quoting_quotes_are_characters(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text('text\tlabel\n"open\ta\nquote" and "more\tb\n5" disc\ta\n')
    with pytest.raises(BadInput, match="set `quoting: none`"):
        rows_of(str(path))
    assert rows_of(str(path), quoting="none") == [('"open', "a"), ('quote" and "more', "b"), ('5" disc', "a")]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "mac-roman"])
@pytest.mark.parametrize("kind", ["csv", "json", "array", "fasttext"])
def test_a_file_in_any_encoding_gives_the_same_texts(tmp_path, encoding, kind):
    text = {
        "csv": as_table(TEXTS),
        "json": "".join(json.dumps({"text": t, "label": y}, ensure_ascii=False) + "\n" for t, y in TEXTS),
        "array": json.dumps([{"text": t, "label": y} for t, y in TEXTS], ensure_ascii=False, indent=1),
        "fasttext": "".join(f"__label__{y} {t}\n" for t, y in TEXTS),
    }[kind]
    path = tmp_path / "a.data"
    path.write_bytes(text.encode(encoding))
    changes = {"format": "json" if kind == "array" else kind}
    assert rows_of(str(path), encoding=encoding, **changes) == TEXTS
    if encoding in ("utf-16", "utf-32", "utf-8-sig"):  # with a byte order mark
        assert rows_of(str(path), **changes) == TEXTS
        assert [f"`encoding: {encoding}`" in guess for guess in guesses(path, **changes)] == [True] * (
            encoding[-1] != "g"
        )
    else:
        with pytest.raises(BadInput, match="encoding: "):
            rows_of(str(path), **changes)


@pytest.mark.parametrize(
    ("given", "written", "said"),
    [("latin-1", "cp1252", "`encoding: latin-1`.* 60\\).*`encoding: cp1252`.*quotes"), ("latin-1", "latin-1", ""),
     ("ISO-8859-9", "cp1254", " 60\\).*`encoding: cp1254`"), ("cp1252", "cp1252", ""), ("cp1251", "cp1251", "")],
)  # fmt: skip
@pytest.mark.parametrize("form", ["csv", "zip", "folders"])
def test_quotes_of_windows_that_are_read_as_control_characters_are_told(tmp_path, form, given, written, said):
    rows = TEXTS if written[0] == "c" else [("schön", label) for _, label in TEXTS]
    if form == "folders":
        for i, (text, label) in enumerate(rows):
            (tmp_path / "a" / label).mkdir(parents=True, exist_ok=True)
            (tmp_path / "a" / label / f"{i}.txt").write_bytes(text.encode(written, "ignore"))
        path = tmp_path / "a"
    else:
        path = tmp_path / "a.csv"
        path.write_bytes(as_table(rows).encode(written, "ignore"))
    if form == "zip":
        with zipfile.ZipFile(tmp_path / "a.csv.zip", "w") as archive:
            archive.write(path, "a.csv")
        path = tmp_path / "a.csv.zip"
    found = guesses(path, encoding=given, format="folders" if form == "folders" else None)
    assert len(found) == bool(said) and re.search(said, " ".join(found))


def test_bytes_that_are_not_in_the_encoding_are_named_with_a_line(tmp_path):
    (tmp_path / "a.csv").write_bytes(as_table(TEXTS).encode() + b"\x81\x8d,a\n")
    with pytest.raises(BadInput, match=r"a\.csv: near line 32: not text in cp1252 .*; set `encoding:` to the one"):
        rows_of(str(tmp_path / "a.csv"), encoding="cp1252")


def test_a_mark_of_utf16_before_a_part_of_a_text_is_read(tmp_path):
    (tmp_path / "a.csv").write_bytes(codecs.BOM_UTF16_BE + as_table(TEXTS).encode("utf-16-be"))
    assert rows_of(str(tmp_path / "a.csv")) == TEXTS


# Several files


def test_patterns_and_folders_stand_for_their_files_in_order(tmp_path):
    shards = tmp_path / "shards"
    shards.mkdir()
    for i in (2, 0, 1):
        write_csv(shards / f"part-{i}.csv", TEXTS[10 * i : 10 * i + 10])
    (shards / "_SUCCESS").write_text("")
    (shards / "README.md").write_text("about")
    pattern = str(shards / "*.csv")
    assert rows_of(pattern) == rows_of(str(shards)) == rows_of([str(shards)]) == TEXTS
    assert about_source(DATASET | {"files": pattern})["files"] == {pattern: 3}
    with pytest.raises(BadInput, match=r"config: datasets\.toy\.files: '.*\.json' is a pattern that no file matches"):
        rows_of(str(shards / "*.json"))


def test_one_file_more_or_fewer_of_a_pattern_or_folder_is_another_version(tmp_path):
    """Snakemake would not notice a file that was deleted, nor one more that is older than the results."""
    for i in range(3):
        write_csv(tmp_path / f"part-{i}.csv", TEXTS[10 * i : 10 * i + 10])
    for files in (str(tmp_path / "*.csv"), str(tmp_path)):
        dataset = DATASET | {"files": files}
        assert find_versions(dataset) == {"files": [str(tmp_path / f"part-{i}.csv") for i in range(3)]}
    assert find_versions(DATASET | {"files": str(tmp_path / "part-0.csv")}) is None  # Snakemake watches it
    (tmp_path / "part-1.csv").unlink()
    assert len(find_versions(dataset)["files"]) == 2


def test_a_file_that_two_patterns_match_is_read_once(tmp_path):
    path = write_csv(tmp_path / "a.csv", TEXTS)
    assert rows_of([path, str(tmp_path / "*.csv"), str(tmp_path)]) == TEXTS


def test_an_empty_folder_is_told_with_what_it_holds(tmp_path):
    (tmp_path / "shards").mkdir()
    (tmp_path / "shards" / "notes.md").write_text("x")
    with pytest.raises(BadInput, match=r"is a folder without data files \(it holds notes\.md\)"):
        rows_of(str(tmp_path / "shards"))


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(tmp_path):
    path = write_csv(tmp_path / "a[1].csv", TEXTS)
    assert rows_of(path) == TEXTS


# Archives


def write_zip(path, **files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return str(path)


def test_a_zip_with_one_file_is_read_by_the_name_of_that_file(tmp_path):
    path = write_zip(tmp_path / "a.zip", a__csv=as_table(TEXTS))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("__MACOSX/._a.csv", "x")
    assert rows_of(path) == rows_of(path, member="a.csv") == TEXTS


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, r"name the file in it by `member:`; it holds a\.csv, b\.csv"),
        ({"member": "c.csv"}, r"there is no 'c\.csv' in it for `member:`; it holds a\.csv, b\.csv"),
    ],
)
def test_a_zip_with_several_files_asks_for_one(tmp_path, changes, message):
    path = write_zip(tmp_path / "a.zip", a__csv=as_table(TEXTS), b__csv=as_table(TEXTS))
    with pytest.raises(BadInput, match=message):
        rows_of(path, **changes)
    assert rows_of(path, member="b.csv") == TEXTS


def test_a_damaged_zip_and_parquet_inside_one_are_refused(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(BadInput, match=r"a\.zip: is no zip archive, or damaged"):
        rows_of(str(tmp_path / "a.zip"))
    with pytest.raises(BadInput, match="Parquet is not read inside an archive; unpack"):
        rows_of(write_zip(tmp_path / "b.zip", a__parquet="PAR1"))


def test_a_zip_with_an_archive_in_it_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"b\.tar: cannot tell its format"):
        rows_of(write_zip(tmp_path / "a.zip", b__tar="x"))


def test_a_zip_of_another_compression_is_not_said_to_need_a_password(tmp_path):
    data = bytearray(Path(write_zip(tmp_path / "a.zip", a__csv="text,label\n")).read_bytes())
    central = data.find(b"PK\x01\x02")
    data[8:10] = data[central + 10 : central + 12] = b"\x09\x00"  # Deflate64, as Windows writes large archives
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(BadInput, match=r"'a\.csv' is compressed in another way \(.*\); unpack it yourself"):
        rows_of(str(tmp_path / "a.zip"))


# fastText


def test_lines_of_fasttext_are_recognized_and_said(tmp_path):
    path = tmp_path / "train.txt"
    path.write_text("".join(f"__label__{label} {text}\n\n" for text, label in TEXTS))
    assert rows_of(str(path)) == TEXTS
    assert guesses(path) == [f"{path}: its lines begin with __label__, so it was read as `format: fasttext`"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("__label__a __label__b text", "line 2: has several labels; .*multi-label"),
        ("__label__a text __label__b", "line 2: has several labels; .*multi-label"),
        ("no label", "line 2: does not begin with __label__ and a label"),
    ],
)
def test_a_wrong_line_of_fasttext_is_named(tmp_path, line, message):
    (tmp_path / "a.txt").write_text(f"__label__a text\n{line}\n")
    with pytest.raises(BadInput, match=rf"a\.txt: {message}"):
        rows_of(str(tmp_path / "a.txt"))
    with pytest.raises(BadInput, match=r"no column 'body' for `text:`; its columns are text, label"):
        rows_of(str(tmp_path / "a.txt"), text="body")


# A folder per class


def write_folders(root, classes=("neg", "pos"), n=15):
    for i, name in enumerate(classes):
        (root / name).mkdir(parents=True)
        for k in range(n):
            (root / name / f"{k:02}.txt").write_text(f"{name} {root.name} {i} {k}\n")
    return str(root)


def test_texts_are_files_with_the_ending_in_any_case(tmp_path):
    folder = write_folders(tmp_path / "data")
    (tmp_path / "data/neg/99.TXT").write_text("large letters")
    (tmp_path / "data/neg/more.txt").mkdir()
    assert ("large letters", "neg") in (rows := rows_of(folder)) and len(rows) == 31
    (tmp_path / "data/pos/gone.txt").symlink_to(tmp_path / "nothing")
    with pytest.raises(BadInput, match=r"gone\.txt: cannot be read \(No such file or directory\); fetch or remove it"):
        guesses(folder)


@pytest.mark.parametrize("kind", ["folders", None])
def test_a_folder_per_class_is_read_and_said(tmp_path, kind):
    root = write_folders(tmp_path / "data")
    expected = [(f"{name} data {i} {k}\n", name) for i, name in enumerate(["neg", "pos"]) for k in range(15)]
    assert rows_of(root, format=kind) == expected
    dataset = DATASET | {"files": root, "format": kind}
    assert find_inputs("toy", dataset) == [f"{root}/neg", f"{root}/pos"]
    assert about_source(dataset)["files"] == {"texts": 30, "bytes": sum(len(text) for text, _ in expected)}
    assert len(guesses(root, format=kind)) == (kind is None)
    before = find_versions(dataset)
    assert before | {"newest": 0} == about_source(dataset)["files"] | {"newest": 0}
    (tmp_path / "data/neg/03.txt").write_text("neg DATA 0 3\n")  # as long as before
    os.utime(tmp_path / "data/neg/03.txt", ns=(0, before["newest"] + 1))
    assert find_versions(dataset) != before


def test_a_folder_that_is_likely_no_class_must_be_ignored_by_name(tmp_path):
    train = write_folders(tmp_path / "aclImdb" / "train", ("neg", "pos", "unsup"))
    test = write_folders(tmp_path / "aclImdb" / "test")
    files = {"train": train, "test": test}
    with pytest.raises(
        BadInput, match=r"config: datasets\.toy: is the folder 'unsup' a class\? \(test has no such folder\)"
    ):
        rows_of(files, format="folders")
    with pytest.raises(BadInput, match=r"its name says that its texts have no class.*`ignore_labels: \[unsup\]`"):
        rows_of(train)
    paths = [tmp_path / "out" / name for name in ("examples.parquet", "dataset.json")]
    ingest(DATASET | {"files": files, "ignore_labels": ["unsup"]}, "toy", (), 1, *paths)
    facts = read_json(paths[1])
    assert facts["label_names"] == ["neg", "pos"] and facts["dropped"]["label in ignore_labels"] == 15
    assert any("folder was taken for a class" in warning for warning in facts["warnings"])
    assert set(pd.read_parquet(paths[0]).text.str.split().str[0]) == {"neg", "pos"}
