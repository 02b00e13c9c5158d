"""Ingesting: formats, cleaning, splits without leaks, errors about bad data."""

import bz2
import gzip
import json
import lzma
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
import pytest
import zstandard

from helpers.tables import DATASET, write_csv
from helpers.texts import make_rows
from pretrain_or_not.data.ingest import class_names, ingest
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.files.parquet import read_metadata
from pretrain_or_not.files.provenance import sha256_of


def run(tmp_path, files, sizes=(), **changes):
    """Ingest `files`; return the examples as pandas and the summary, without the warning that few rows are tested."""
    paths = [tmp_path / "out" / name for name in ("examples.parquet", "dataset.json")]
    ingest(DATASET | {"files": files} | changes, "toy", [sizes], 1, *paths)
    assert sorted(p.name for p in paths[0].parent.iterdir()) == ["dataset.json", "examples.parquet"]
    facts = read_json(paths[1])
    few = [text for text in facts["warnings"] if text.startswith("The test split has only")]
    facts["warnings"] = [text for text in facts["warnings"] if text not in few]
    return pd.read_parquet(paths[0]), facts | {"few_tested": few}


def write_format(path, rows):
    """Write `rows` in the format of the name of `path`."""
    kind = path.name.split(".")[1]
    if kind == "parquet":
        pq.write_table(pa.table({"text": [r[0] for r in rows], "label": [r[1] for r in rows]}), path)
        return str(path)
    plain = path.with_name(f"plain.{kind}")
    if kind == "jsonl":
        plain.write_text("".join(json.dumps({"label": label, "text": text}) + "\n" for text, label in rows))
    else:
        write_csv(plain, rows, delimiter="\t" if kind == "tsv" else ",")
    data = plain.read_bytes()
    plain.unlink()
    pack = {"gz": gzip.compress, "zst": zstandard.compress, "bz2": bz2.compress}.get(path.suffix[1:], bytes)
    path.write_bytes(pack(data))
    return str(path)


@pytest.mark.parametrize(
    "name",
    ["a.parquet", "a.csv", "a.tsv", "a.jsonl", "a.csv.gz", "a.jsonl.gz", "a.jsonl.zst", "a.tsv.zst", "a.csv.bz2"],
)
def test_every_format_gives_the_same_examples(tmp_path, name):
    rows = [(f'{text}, "quoted"\tand all', label) for text, label in make_rows(60)]
    examples, facts = run(tmp_path, write_format(tmp_path / name, rows))
    assert sorted(zip(examples.text, examples.label.map(dict(enumerate(facts["label_names"]))), strict=True)) == sorted(
        rows
    )
    # The id is the row of the source.
    assert all(rows[i][0] == text for i, text in zip(examples.id, examples.text, strict=True))


def test_new_splits_have_the_requested_size_and_do_not_leak(tmp_path):
    rows = make_rows(300)
    rows += [(text.upper(), label) for text, label in rows[:50]] + rows[:50]
    examples, facts = run(tmp_path, write_csv(tmp_path / "a.csv", rows), splits={"validation": 30, "test": 0.25})
    assert len(examples) == 400
    assert 100 <= facts["rows"]["test"] <= 106  # copies of a text stay together, in each of three classes
    assert 30 <= facts["rows"]["validation"] <= 36
    splits_of = examples.groupby(examples.text.str.lower()).split.nunique()
    assert splits_of.max() == 1
    assert examples.split.tolist() == sorted(examples.split, key=["train", "validation", "test"].index)
    train = examples[examples.split == "train"]
    assert train.id.tolist() != sorted(train.id)  # shuffled


def test_given_splits_stay_and_leaks_leave_the_training_set(tmp_path):
    train, test = make_rows(100, seed=1), make_rows(40, seed=2)
    leaked = [(f"  {text.title()} ", label) for text, label in test[:7]]
    files = {
        "train": [write_csv(tmp_path / "a.csv", train[:50]), write_csv(tmp_path / "b.csv", train[50:] + leaked)],
        "test": write_csv(tmp_path / "c.csv", [*test, test[0]]),
    }
    examples, facts = run(tmp_path, files, splits={"validation": 20})
    assert facts["dropped"]["train, also in another split"] == 7
    assert facts["rows"] == {"train": 80, "validation": 20, "test": 41}  # the double in test stays as given
    assert set(examples[examples.split == "test"].text) == {text for text, _ in test}


def test_a_split_column_is_followed(tmp_path):
    names = ["train", "Validation", "dev", "TEST"]
    rows = [(*row, names[i % 4]) for i, row in enumerate(make_rows(80))]
    examples, facts = run(tmp_path, write_csv(tmp_path / "a.csv", rows, ("text", "label", "part")), split="part")
    assert facts["rows"] == {"train": 20, "validation": 40, "test": 20}
    assert set(examples[examples.split == "test"].id % 4) == {3}


def test_deduplicate_all_keeps_the_first_of_each_text(tmp_path):
    rows = make_rows(50)
    contradicted = (rows[0][0], "sports" if rows[0][1] != "sports" else "travel")
    examples, facts = run(tmp_path, write_csv(tmp_path / "a.csv", [*rows, contradicted, rows[1]]), deduplicate="all")
    assert sorted(examples.id) == list(range(50))
    assert facts["dropped"]["duplicate text"] == 2
    assert facts["dropped"]["texts with two labels (first one kept)"] == 1
    rows_told = "1 text occurs with different labels (2 of 52 rows)"
    assert f"{rows_told}: one row of each text is kept, whose label may be wrong." in facts["warnings"]


def test_blank_and_null_texts_are_dropped_and_counted(tmp_path):
    rows = [("", "sports"), ("   ", "travel"), (None, "sports"), *make_rows(40), ("text without label", None)]
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": [r[0] for r in rows], "label": [r[1] for r in rows]}), path)
    examples, facts = run(tmp_path, str(path))
    assert len(examples) == 40 and facts["read"] == 44
    assert facts["dropped"]["blank or null text"] == 3 and facts["dropped"]["no label"] == 1


def test_the_label_map_joins_labels_in_any_notation(tmp_path):
    rows = [(f"text number {i}", value) for i, value in enumerate(["1", "2.0", "4", " 5"] * 10)]
    labels = {"bad": [1, 2], "good": ["4", 5.0]}
    examples, facts = run(tmp_path, write_csv(tmp_path / "a.csv", rows), labels=labels)
    assert facts["label_names"] == ["bad", "good"]
    assert examples.sort_values("id").label.tolist() == [0, 0, 1, 1] * 10


def test_order_depends_on_the_seed_alone(tmp_path):
    path = write_csv(tmp_path / "a.csv", make_rows(60))
    first, again, other = (run(tmp_path, path, seed=seed)[0] for seed in (0, 0, 1))
    assert first.equals(again) and first.id.tolist() != other.id.tolist()


def test_provenance_is_in_the_metadata(tmp_path):
    run(tmp_path, write_csv(tmp_path / "a.csv", make_rows(40)))
    about = read_metadata(tmp_path / "out" / "examples.parquet")
    assert about["label_names"] == ["cooking", "sports", "travel"]
    assert len(about["config_digest"]) == 16 and about["versions"]["python"]


def test_the_summary_says_which_files_were_read(tmp_path):
    """Of a folder per class, and of files that Snakemake cannot watch, too."""
    for name in ("a", "b"):
        (tmp_path / "classes" / name).mkdir(parents=True)
        for i in range(12):
            (tmp_path / "classes" / name / f"{i}.txt").write_text(f"text {name} {i}")
    _, folders = run(tmp_path, str(tmp_path / "classes"))
    assert folders["source"]["files"] == 24 and folders["source"]["bytes"] == folders["files"]["bytes"]
    path = write_csv(tmp_path / "{x}.csv", [(f"text {i}", "ab"[i % 2]) for i in range(30)])
    _, one = run(tmp_path, path)
    assert one["source"] == {"files": 1, "bytes": Path(path).stat().st_size, "sha256": sha256_of(path)}


def test_cells_of_a_csv_are_taken_as_they_are_written(tmp_path):
    """A reader that guesses types would read some chunks as numbers, booleans or missing values."""
    labels = ["01", "02"] * 6000 + ["A1", "True", "None", "1.5"] * 3
    rows = [(f"text {i}", label) for i, label in enumerate(labels)] + [("NA", "01"), ("null", "02"), ("12", "02")]
    examples, facts = run(tmp_path, write_csv(tmp_path / "a.csv", rows))
    assert facts["label_names"] == ["01", "02", "1.5", "A1", "None", "True"]
    assert len(examples) == len(rows) and {"NA", "null", "12"} <= set(examples.text)


@pytest.mark.parametrize("kind", ["boolean", "category"])
def test_labels_of_other_types_in_parquet(tmp_path, kind):
    rows = make_rows(40)
    labels = pa.array([label for _, label in rows])
    column = pa.compute.equal(labels, "sports") if kind == "boolean" else labels.dictionary_encode()
    pq.write_table(pa.table({"text": [text for text, _ in rows], "label": column}), tmp_path / "a.parquet")
    examples, facts = run(tmp_path, str(tmp_path / "a.parquet"))
    assert len(examples) == 40 and len(facts["label_names"]) == len(set(column.to_pylist()))


def test_texts_that_are_numbers_are_refused(tmp_path):
    pq.write_table(pa.table({"text": list(range(9)), "label": ["a", "b", "c"] * 3}), tmp_path / "a.parquet")
    with pytest.raises(BadInput, match="column 'text' holds int64, not text"):
        run(tmp_path, str(tmp_path / "a.parquet"))


def test_a_batch_may_have_only_blank_texts(tmp_path):
    rows = [*((f"text {i}", "ab"[i % 2]) for i in range(10_000)), ("", "a")]
    _, facts = run(tmp_path, write_csv(tmp_path / "a.csv", rows), labels={"x": ["a"], "y": ["b"]})
    assert facts["read"] == 10_001 and facts["dropped"]["blank or null text"] == 1


def test_ignored_labels_are_left_out_and_counted(tmp_path):
    rows = [(f"text number {i}", i % 3 + 1) for i in range(30)]
    labels = {"bad": [1], "good": [3]}
    examples, facts = run(tmp_path, write_csv(tmp_path / "a.csv", rows), labels=labels, ignore_labels=[2])
    assert len(examples) == 20 and facts["dropped"]["label in ignore_labels"] == 10


def test_numeric_classes_are_sorted_as_numbers():
    assert class_names({"10", "9", "1.5", "01", "1"}, None) == ["01", "1", "1.5", "9", "10"]
    assert class_names({"nan", "2", "1"}, None) == ["1", "2", "nan"]


def test_a_file_name_is_no_pattern(tmp_path):
    write_csv(tmp_path / "x1.csv", [("other", "a")] * 40)
    examples, _ = run(tmp_path, write_csv(tmp_path / "x[1].csv", make_rows(40)))
    assert "other" not in set(examples.text)


ROWS = make_rows(30)
BAD = {
    "missing text column": (
        ROWS,
        {"text": "review"},
        r"a\.csv: no column 'review' for `text:`; its columns are text, label",
    ),
    "missing label column": (ROWS, {"label": "stars"}, "no column 'stars' for `label:`"),
    "empty": ([], {}, "empty"),
    "nothing but blanks": ([(" ", "a"), ("", "b")], {}, "none of its 2 rows has both a text and a label"),
    "one class": ([(text, "same") for text, _ in ROWS], {}, "all labels are 'same'; .* at least two classes"),
    "outside the map": (ROWS, {"labels": {"a": ["sports"], "b": ["cooking"]}}, r"row \d+: label 'travel' is not in"),
    "class without example": (
        ROWS,
        {"labels": {"a": ["sports", "travel"], "b": ["cooking"], "c": ["chess"]}},
        "no example of class 'c'",
    ),
    "text as label": ([(text, f"{i}") for i, (text, _) in enumerate(make_rows(1100))], {}, "different labels"),
    "unknown split": ([(*row, "trian") for row in ROWS], {"split": "split"}, "row 0: 'trian' in column 'split'"),
    "size too large": (ROWS, {"sizes": [10, 25]}, "25 training examples, and there are 2[0-4]"),
    "two sizes of one number": (ROWS, {"sizes": [1, "5%"]}, "1 and 5% both stand for 1 training examples"),
    "splits too large": (
        ROWS,
        {"splits": {"validation": 10, "test": 20}},
        "validation: 10 is 10 of 10 rows, and each split, the training rows too, needs one at least: take fewer",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_data_is_named_and_no_file_is_left(tmp_path, case):
    rows, changes, message = BAD[case]
    changes = dict(changes)
    header = ("text", "label", "split") if "split" in changes else ("text", "label")
    path = write_csv(tmp_path / "a.csv", rows, header)
    with pytest.raises(BadInput, match=message) as caught:
        run(tmp_path, path, sizes=changes.pop("sizes", ()), **changes)
    assert str(caught.value).startswith("dataset 'toy': ")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("row", ["good film,nice,pos,3,", "good, film,nice,pos,3", '"a ""b""\nc",nice,pos,3,4'])
@pytest.mark.parametrize("first", [True, False])
def test_a_row_with_more_cells_than_columns_is_named(tmp_path, row, first):
    rows = ["text,summary,label,votes", '"two\nlines",fine,pos,1', "", "short,fine,,", row, "bad film,dull,neg,2"]
    if first:
        del rows[1:4]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(rows))
    line = 2 if first else 6
    with pytest.raises(BadInput, match=rf"a\.csv: line {line}: 5 cells, where the header names 4; put a cell"):
        run(tmp_path, str(path))


CSV = b"text,label\n" + b"".join(b"%d,a\n" % (i * 7919 % 1000) for i in range(5000))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.parquet", b"PAR1 cut off"),
        ("a.csv.gz", gzip.compress(CSV)[:-20]),
        ("a.csv.gz", gzip.compress(CSV)[:-8] + b"damaged!"),
        ("a.csv.zst", zstandard.compress(CSV)[:-20]),
        ("a.csv.bz2", bz2.compress(CSV)[:-20]),
        ("a.csv.xz", lzma.compress(CSV)[:-40]),
    ],
)
def test_broken_files_are_named(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=f"{name}: cannot be read as"):
        run(tmp_path, str(tmp_path / name))


def test_compression_is_told_by_content_whatever_the_name(tmp_path):
    rows = make_rows(60)
    plain = Path(write_csv(tmp_path / "a.csv", rows)).read_bytes()
    found = []
    for content in (
        plain,
        gzip.compress(plain),
        lzma.compress(plain),
        gzip.compress(plain[:500]) + gzip.compress(plain[500:]),
    ):
        (tmp_path / "b.csv.gz").write_bytes(content)
        found.append(run(tmp_path, str(tmp_path / "b.csv.gz"))[0])
    assert len(found[0]) == 60 and all(examples.equals(found[0]) for examples in found)
    (tmp_path / "b.csv.gz").write_bytes(b"not gzip")
    with pytest.raises(BadInput, match=r"b\.csv\.gz: no column 'text' for `text:`; its columns are not gzip"):
        run(tmp_path, str(tmp_path / "b.csv.gz"))


TEXT_COLUMNS = {
    "dictionary": lambda texts: pa.array(texts).dictionary_encode(),
    "binary": lambda texts: pa.array([text.encode() for text in texts], pa.binary()),
    "dictionary of binary": lambda texts: pa.array([text.encode() for text in texts]).dictionary_encode(),
    "view": lambda texts: pa.array(texts, pa.string_view()),
}


@pytest.mark.parametrize("kind", TEXT_COLUMNS)
def test_texts_of_other_types_in_parquet(tmp_path, kind):
    rows = make_rows(40)
    table = pa.table({"text": TEXT_COLUMNS[kind]([row[0] for row in rows]), "label": [row[1] for row in rows]})
    pq.write_table(table, tmp_path / "a.parquet")
    examples, _ = run(tmp_path, str(tmp_path / "a.parquet"))
    assert sorted(examples.text) == sorted(text for text, _ in rows)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    pq.write_table(pa.table({"text": [b"fine", b"caf\xe9"], "label": ["a", "b"]}), tmp_path / "a.parquet")
    with pytest.raises(BadInput, match=r"column 'text': .*; write it as text \(UTF-8\)"):
        run(tmp_path, str(tmp_path / "a.parquet"))


NUMBERS = {
    "float32": (np.array([4.1, 2, 0.1] * 9, np.float32), ["0.1", "2", "4.1"]),
    "float16": (np.array([4.1, 2, 0.1] * 9, np.float16), ["0.1", "2", "4.1"]),
    "list": (pa.array([["a"], ["b"], []] * 9), ["a", "b"]),
    "binary": (pa.array([b"a", b"b", None] * 9), ["a", "b"]),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_labels_are_named_as_they_are_written(tmp_path, kind):
    labels, names = NUMBERS[kind]
    pq.write_table(pa.table({"text": [f"t{i}" for i in range(27)], "label": labels}), tmp_path / "a.parquet")
    assert run(tmp_path, str(tmp_path / "a.parquet"))[1]["label_names"] == names


def test_names_of_classes_in_parquet_are_read(tmp_path):
    """As `datasets` writes them."""
    features = {"label": {"names": ["neg", "pos"], "_type": "ClassLabel"}, "text": {"dtype": "string"}}
    about = {"huggingface": json.dumps({"info": {"features": features}})}
    table = pa.table({"text": [f"text {i}" for i in range(40)], "label": [0, 1, 1, -1] * 10})
    pq.write_table(table.replace_schema_metadata(about), tmp_path / "a.parquet")
    _, facts = run(tmp_path, str(tmp_path / "a.parquet"))
    assert facts["label_names"] == ["neg", "pos"] and facts["dropped"]["no label"] == 10
    pq.write_table(
        table.set_column(1, "label", [[0, 1, 2, 0] * 10]).replace_schema_metadata(about), tmp_path / "a.parquet"
    )
    with pytest.raises(
        BadInput, match=r"a\.parquet: row 2: 'label' holds 2, which is none of the classes .*'neg', 'pos'"
    ):
        run(tmp_path, str(tmp_path / "a.parquet"))


def by_split(tmp_path, train, test, validation=None):
    """Return the `files` of a data set whose splits are given as rows."""
    parts = {"train": train, "test": test} | ({"validation": validation} if validation else {})
    return {split: write_csv(tmp_path / f"{split}.csv", rows) for split, rows in parts.items()}


def rows_with(labels, start=0):
    return [(f"text number {start + i}", label) for i, label in enumerate(labels)]


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        (
            ["neg", "pos"] * 20,
            ["0", "1"] * 5,
            r"no label of the test rows \('0', '1'\) occurs in the training rows \('neg', ",
        ),
        (
            ["0", "1"] * 20,
            ["-1"] * 9,
            r"no label of the test rows \('-1'\) occurs in the training rows \('0', '1'\); write",
        ),
        (["pos"] * 40, ["neg", "pos"] * 5, "all training rows have the label 'pos'; a classifier needs two classes"),
        (["pos", "neg"] * 20, [""] * 9, r"no test examples are left \(left out: no label: 9\)"),
    ],
)
def test_labels_of_splits_that_do_not_fit_are_refused(tmp_path, train, test, message):
    with pytest.raises(BadInput, match=message):
        run(tmp_path, by_split(tmp_path, rows_with(train), rows_with(test, 100)))


def test_training_rows_that_are_all_in_the_test_set_are_said_to_be(tmp_path):
    same = rows_with(["neg", "pos"] * 20)
    with pytest.raises(BadInput, match=r"no training examples are left \(their texts are in another split too: 40\)"):
        run(tmp_path, by_split(tmp_path, same, same))


def test_a_label_for_each_row_is_no_class(tmp_path):
    with pytest.raises(BadInput, match=r"40 different labels in 40 rows: is `label:` the right column\?"):
        run(tmp_path, write_csv(tmp_path / "a.csv", rows_with([f"id{i}" for i in range(40)])))


@pytest.mark.parametrize(
    ("labels", "keys", "message"),
    [
        (["pos", "neg", "neutral"], {"ignore_labels": ["Neutral"]},
         "No row has the label 'Neutral', which `labels:` or `ignore_labels:` names; did you mean 'neutral'?"),
        (["pos", "neg"], {"labels": {"good": ["pos", "postive"], "bad": ["neg"]}},
         "No row has the label 'postive', which `labels:` or `ignore_labels:` names."),
        (["a", "b", "a|b"], {},
         "1 of 3 classes look like several labels joined by '|' ('a|b'); each combination is a class of its own: "
         "several labels per text (multi-label) are not supported."),
        (["yes/no", "no opinion"], {}, None),
    ],
)  # fmt: skip
def test_labels_that_are_named_in_vain_or_joined(tmp_path, labels, keys, message):
    _, facts = run(tmp_path, write_csv(tmp_path / "a.csv", rows_with(labels * 20)), **keys)
    assert facts["warnings"] == ([message] if message else [])


def test_test_labels_that_training_lacks_are_counted(tmp_path):
    train, test = rows_with(["neg", "pos"] * 30), rows_with(["neg", "pos", "odd", "odd", "new"], 100)
    _, facts = run(tmp_path, by_split(tmp_path, train, test))
    assert facts["warnings"] == ["3 of 5 test rows cannot be predicted: 'new', 'odd' have no training row."]


def test_training_labels_that_test_lacks_are_named(tmp_path):
    train, test = rows_with(["neg", "pos", "odd", "rare"] * 30), rows_with(["neg", "pos"], 200)
    _, facts = run(tmp_path, by_split(tmp_path, train, test))
    assert "'odd', 'rare' have no test row: scores say nothing about them." in facts["warnings"]


def test_training_labels_that_validation_lacks_are_named(tmp_path):
    train, validation = rows_with(["neg", "pos", "odd"] * 30), rows_with(["neg", "pos"], 100)
    test = rows_with(["neg", "pos", "odd"] * 70, 200)
    _, facts = run(tmp_path, by_split(tmp_path, train, test, validation))
    assert facts["warnings"] == ["'odd' has no validation row: what is chosen by validation takes no account of it."]


@pytest.mark.parametrize(("name", "told"), [("NA", True), ("n/a", True), ("Null", True), ("nano", False)])
def test_a_class_called_like_a_missing_value_is_named(tmp_path, name, told):
    _, facts = run(tmp_path, write_csv(tmp_path / "a.csv", rows_with(["neg", "pos", name] * 100)))
    expected = f"{name!r} (100 rows) may be no label: if it stands for a missing one, leave the rows out"
    assert any(warning.startswith(expected) for warning in facts["warnings"]) == told


def test_what_was_read_and_left_out_is_said_on_the_terminal(tmp_path, capsys):
    labels = ["neg", "pos"] * 300
    path = write_csv(tmp_path / "a.csv", [*rows_with(labels), ("", "pos"), (" ", "neg"), ("odd one", "")])
    run(tmp_path, path)
    said = (
        "603 rows read (left out: blank or null text: 2, no label: 1); 432 train, 48 validation, 120 test; 2 classes."
    )
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("rare", [4, 5])
def test_classes_of_fewer_rows_than_folds_are_named(tmp_path, rare):
    path = write_csv(tmp_path / "a.csv", rows_with(["neg", "pos"] * 30 + ["rare"] * rare))
    _, facts = run(tmp_path, path, folds=5)
    expected = "'rare' has fewer rows than there are folds (5): some folds are tested without it."
    assert any(warning.startswith(expected) for warning in facts["warnings"]) == (rare == 4)


ALIKE = {
    "case": (
        ["Pos", "pos", "neg"],
        r"The classes 'Pos' \(20 rows\) and 'pos' \(20 rows\) look the same; if they are one class, "
        "join them by `labels:`, where each label is named",
    ),
    "accents": (
        ["café", "cafe\u0301", "tea"],
        r"classes 'cafe\\u0301' \(20 rows\) and 'café' \(20 rows\) look the same",
    ),
    "zero width": (
        ["pos", "pos\u200b", "neg"],
        r"classes 'pos' \(20 rows\) and 'pos\\u200b' \(20 rows\) look the same",
    ),
    "truth": (
        ["True", "true", "1"],
        r"classes '1' \(20 rows\) and 'True' \(20 rows\) and 'true' \(20 rows\) look the same",
    ),
    "zeros": (["01", "1", "2"], r"classes '01' \(20 rows\) and '1' \(20 rows\) look the same"),
    "letters": (
        ["cat", "с\u0430t", "dog"],
        r"classes 'cat' \(20 rows\) and '\\u0441\\u0430t' \(20 rows\) look the same",
    ),
    "spaces": (["very good", "very  good", "bad"], "look the same"),
    "lists": (
        ["['a', 'b']", "['a']", "c"],
        r"2 of 3 classes look like lists or structures written as text \(\"\['a'",
    ),
    "none": (["a", "b", "c"], None),
    "versions": (["v1.0", "v1", "1"], None),
    "signs": (["-1", "1", "0"], None),
    "long numbers": (["1000001", "1000002", "1000003"], None),
    "longer numbers": (["10000000000000000001", "10000000000000000002", "0.10000000000000000001"], None),
    "long zeros": (
        ["1000001.5", "1000001.50", "1000002"],
        r"classes '1000001\.5' .* and '1000001\.50' .* look the same",
    ),
    "zero": (["-0", "0", "10"], r"classes '-0' .* and '0' .* look the same"),
}


@pytest.mark.parametrize("case", ALIKE)
def test_classes_that_look_the_same_are_told(tmp_path, case):
    labels, message = ALIKE[case]
    _, facts = run(tmp_path, write_csv(tmp_path / "a.csv", rows_with(labels * 20)))
    assert len(facts["label_names"]) == 3
    assert len(facts["warnings"]) == (message is not None)
    if message:
        assert re.search(message, facts["warnings"][0])


def test_few_test_rows_are_told(tmp_path):
    files = write_csv(tmp_path / "a.csv", rows_with(["neg", "pos"] * 1000))
    told = "The test split has only 90 rows: with them, an accuracy of 80 % is known to ± 8 points."
    assert run(tmp_path, files, splits={"validation": 60, "test": 90})[1]["few_tested"][0].startswith(told)
    assert run(tmp_path, files, splits={"validation": 60, "test": 200})[1]["few_tested"] == []
    assert run(tmp_path, files, folds=20)[1]["few_tested"] == []


def test_copies_of_a_text_within_a_split_are_counted_and_told(tmp_path):
    train, test = rows_with(["a", "b"] * 30), rows_with(["a", "b"] * 50, start=1000)
    shouted = [(text.upper(), label) for text, label in test[:6]]
    validation = rows_with(["a", "b"], start=2000)
    _, facts = run(tmp_path, by_split(tmp_path, [*train, train[0], train[0]], [*test, *shouted], validation))
    assert facts["copies"] == {"train": 2, "validation": 0, "test": 6}
    assert [said for said in facts["warnings"] if "repeat a text" in said] == [
        "6 of 106 test rows repeat a text that comes before them in the same split: intervals take test rows as "
        "independent, so they are too narrow. Keep one of each text by `deduplicate: all`."
    ]
    files = {"files": write_csv(tmp_path / "a.csv", [*train, *train[:5]])}
    _, facts = run(tmp_path, **files, folds=5)
    assert facts["copies"] == {"train": 5, "validation": 0, "test": 0}
    assert (
        "5 of 65 rows repeat a text that comes before them in the same data: a number of labels counts copies, and "
        "intervals take test rows as independent, so they are too narrow."
    ) in " ".join(facts["warnings"])
    assert run(tmp_path, **files, folds=5, deduplicate="all")[1]["copies"]["train"] == 0


def test_contradicting_labels_and_many_dropped_rows_are_told(tmp_path):
    rows = [*rows_with(["a", "b"] * 20), ("Text  number 0 ", "b"), ("text number 0", "a"), *[("", "a")] * 5]
    _, facts = run(tmp_path, write_csv(tmp_path / "a.csv", rows))
    assert facts["contradicted"] == {"texts": 1, "rows": 3}
    assert facts["warnings"] == [
        "1 text occurs with different labels (3 of 47 rows): not all of them can be predicted.",
        "5 of 47 rows (11 %) are left out (blank or null text: 5).",
        "2 of 31 training rows repeat a text that comes before them in the same split: a number of labels counts "
        "copies. Keep one of each text by `deduplicate: all`.",
    ]


@pytest.mark.parametrize("text", ["\u200b", "\ufeff \u200d", "\u00ad\t", "\x00\x07", "\u3164", "\ufe0f"])
def test_a_text_that_shows_nothing_is_blank(tmp_path, text):
    table = pa.table({"text": [*(f"text {i}" for i in range(40)), text], "label": ["a", "b"] * 20 + ["a"]})
    pq.write_table(table, tmp_path / "a.parquet")
    _, facts = run(tmp_path, str(tmp_path / "a.parquet"))
    assert facts["dropped"]["blank or null text"] == 1


def test_a_given_split_whose_rows_all_leak_is_not_cut_anew(tmp_path):
    train, test = rows_with(["neg", "pos"] * 30), rows_with(["neg", "pos"] * 5, 100)
    with pytest.raises(
        BadInput, match=r"no validation examples are left \(left out: .*validation, also in another spl"
    ):
        run(tmp_path, by_split(tmp_path, train, test, validation=test[:5]))


@pytest.mark.parametrize("changes", [{"split": "label"}, {"labels": {"x": ["a"], "y": ["b"]}}, {}])
def test_a_long_value_does_not_fill_the_screen(tmp_path, changes):
    path = write_csv(tmp_path / "a.csv", [(f"text {i}", "long " * 5000) for i in range(20)])
    with pytest.raises(BadInput) as caught:
        run(tmp_path, path, **changes)
    assert len(str(caught.value)) < 500


def test_texts_that_are_too_few_for_splits_are_said_to_be(tmp_path):
    path = write_csv(tmp_path / "a.csv", [("same" if i % 2 else "other", "ab"[i % 2]) for i in range(100)])
    with pytest.raises(BadInput, match="splits: test: no training rows are left: there are too few different texts"):
        run(tmp_path, path)


def test_a_named_split_without_rows_is_said_to_have_none(tmp_path):
    train = write_csv(tmp_path / "train.csv", [(f"text {i}", "ab"[i % 2]) for i in range(60)])
    with pytest.raises(BadInput, match="the test files have no rows; correct them, or do not name that split"):
        run(tmp_path, {"train": train, "test": write_csv(tmp_path / "test.csv", [])})


def test_a_named_split_that_where_empties_is_not_cut_from_training(tmp_path):
    train = [(f"text {i}", "ab"[i % 2], "1") for i in range(60)]
    test = [(f"other {i}", "ab"[i % 2], "0") for i in range(20)]
    files = {
        name: write_csv(tmp_path / f"{name}.csv", rows, ("text", "label", "ok"))
        for name, rows in {"train": train, "test": test}.items()
    }
    with pytest.raises(BadInput, match="`where` leaves out all test rows"):
        run(tmp_path, files, where="ok = '1'")
