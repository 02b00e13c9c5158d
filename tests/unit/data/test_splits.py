"""How splits are cut: shares of classes, groups and times that stay together, default sizes."""

import pandas as pd
import pytest

from helpers.tables import DATASET, write_csv
from pretrain_or_not.config.splits import rows_to_cut
from pretrain_or_not.data.ingest import ingest
from pretrain_or_not.data.quotas import quotas
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.json_files import read_json

HEADER = ("text", "label", "author", "date")


def run(tmp_path, files, **changes):
    """Ingest `files`; return the examples with the number of their row as index, and the summary."""
    paths = [tmp_path / "out" / name for name in ("examples.parquet", "dataset.json")]
    ingest(DATASET | {"files": files, "splits": {"validation": 0.1, "test": 0.2}} | changes, "toy", (), 1, *paths)
    return pd.read_parquet(paths[0]).set_index("id"), read_json(paths[1])


def make_rows(n=200):
    """Rows of one frequent class and two rare ones, 20 authors, a day per four rows."""
    label = {0: "b", 1: "c"}
    return [
        (f"text {i}", label.get(i % 10, "a"), f"author {i % 20}", f"2021-{1 + i // 4 // 28:02}-{1 + i // 4 % 28:02}")
        for i in range(n)
    ]


@pytest.mark.parametrize(
    ("amount", "split", "total", "n"),
    [
        (None, "test", 1_000, 100),
        (None, "test", 3_000_000, 20_000),
        (None, "validation", 3_000_000, 10_000),
        (0.1, "test", 3_000_000, 300_000),
        (7, "test", 100, 7),
    ],
)
def test_a_split_has_a_share_of_the_rows_up_to_a_number_by_default(amount, split, total, n):
    assert rows_to_cut(amount, split, total) == n


@pytest.mark.parametrize(
    ("totals", "n", "expected"),
    [
        ({0: 80, 1: 10, 2: 10}, 20, {0: 16, 1: 2, 2: 2}),
        ({0: 50, 1: 25, 2: 25}, 10, {0: 5, 1: 3, 2: 2}),  # 2.5 each: the first of equal remainders
        ({0: 97, 1: 2, 2: 1}, 10, {0: 10, 1: 0, 2: 0}),  # 9.7, 0.2, 0.1
        ({0: 3, 1: 1}, 3, {0: 2, 1: 1}),  # no other way
        ({0: 6, 1: 1}, 3, {0: 3, 1: 0}),  # 2.57, 0.43
        ({0: 5}, 2, {0: 2}),
    ],
)
def test_quotas_are_shares_with_the_largest_remainders(totals, n, expected):
    assert quotas(totals, n) == expected and sum(expected.values()) == n


def test_splits_have_the_shares_of_the_classes(tmp_path):
    path = write_csv(tmp_path / "a.csv", make_rows(), HEADER)
    _, facts = run(tmp_path, path)
    assert facts["rows_per_class"] == {
        "train": {"a": 115, "b": 14, "c": 15},
        "validation": {"a": 13, "b": 2, "c": 1},
        "test": {"a": 32, "b": 4, "c": 4},
    }
    _, facts = run(tmp_path, path, stratify=False)
    assert facts["rows"] == {"train": 144, "validation": 16, "test": 40}
    assert facts["rows_per_class"]["test"] != {"a": 32, "b": 4, "c": 4}


def test_a_text_with_two_labels_stays_in_one_split(tmp_path):
    rows = [row[:2] for row in make_rows()]
    rows += [(text, "b") for text, label in rows if label == "a"]
    examples, facts = run(tmp_path, write_csv(tmp_path / "a.csv", rows))
    assert facts["contradicted"]["texts"] == 160
    assert examples.groupby("text").split.nunique().max() == 1 and len(examples) == 360


def test_a_group_stays_in_one_split(tmp_path):
    rows = make_rows()
    rows += [("text 0", "b", "author 7", "2021-01-01")]  # a text of two authors
    examples, facts = run(tmp_path, write_csv(tmp_path / "a.csv", rows, HEADER), group="author")
    assert facts["group"] == "author"
    assert any(text.startswith("Rows with the same value of 'author' are in one split.") for text in facts["warnings"])
    authors = examples.join(pd.Series([row[2] for row in rows], name="author"))
    assert authors.groupby("author").split.nunique().max() == 1
    assert 40 <= facts["rows"]["test"] <= 50 and 15 <= facts["rows"]["validation"] <= 30
    splits = examples[examples.text == "text 0"].split
    assert splits.nunique() == 1  # no leak: what another split has is dropped
    assert len(examples) == 201 - sum(n for reason, n in facts["dropped"].items() if "another split" in reason)


def test_groups_that_are_missing_or_in_several_given_splits_are_said(tmp_path):
    rows = [row if i % 50 else (*row[:2], "", row[3]) for i, row in enumerate(make_rows())]
    train, test = (
        write_csv(tmp_path / name, some, HEADER) for name, some in (("a.csv", rows[:150]), ("b.csv", rows[150:]))
    )
    _, facts = run(tmp_path, {"train": train, "test": test}, group="author")
    assert "4 rows have no value of `group: author`; each was taken for a group." in facts["warnings"]
    assert "20 values of `group: author` occur in several of the splits that the data give." in facts["warnings"]


@pytest.mark.parametrize("form", ["date", "year", "time"])
def test_the_newest_rows_are_test_and_the_next_ones_validation(tmp_path, form):
    times = {"date": str, "year": lambda day: str(float(day[5:7] + day[8:])), "time": lambda day: f"{day}T17:05:00Z"}[
        form
    ]
    rows = [(*row[:3], times(row[3])) for row in make_rows()]
    # In another order than that of their times.
    order = sorted(range(len(rows)), key=lambda i: (i * 77) % 200)
    examples, facts = run(tmp_path, write_csv(tmp_path / "a.csv", [rows[i] for i in order], HEADER), time="date")
    assert facts["rows"] == {"train": 144, "validation": 16, "test": 40}
    number = examples.text.str.split().str[1].astype(int)
    assert number[examples.split == "test"].min() == 160 > number[examples.split == "validation"].max() == 159
    assert number[examples.split == "train"].max() == 143


def test_rows_of_the_same_time_stay_together(tmp_path):
    rows = [(f"text {i}", "ab"[i % 2], "x", f"{2000 + i // 30}") for i in range(100)]
    _, facts = run(tmp_path, write_csv(tmp_path / "a.csv", rows, HEADER), time="date")
    assert facts["rows"] == {"train": 30, "validation": 30, "test": 40}  # 2003 has 10 rows, 2002 has 30


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("31.12.2020", r"row 3: '31\.12\.2020', in column 'date', for `time:`, is no date; write dates as 2021-03-31"),
        ("", r"row 3 has no value in column 'date', for `time:`; leave such rows out by `where: \"date::TEXT <> ''\"`"),
    ],
)
def test_a_time_that_is_none_is_refused_with_its_row(tmp_path, value, message):
    rows = make_rows()
    rows[3] = (*rows[3][:3], value)
    with pytest.raises(BadInput, match=message):
        run(tmp_path, write_csv(tmp_path / "a.csv", rows, HEADER), time="date")


def test_a_number_that_is_none_is_no_time(tmp_path):
    rows = [(*row[:3], str(i)) for i, row in enumerate(make_rows())]
    rows[3] = (*rows[3][:3], "nan")
    with pytest.raises(BadInput, match="row 3: 'nan', in column 'date', for `time:`, is no date"):
        run(tmp_path, write_csv(tmp_path / "a.csv", rows, HEADER), time="date")


def test_rows_without_a_time_are_left_out_as_the_message_says(tmp_path):
    rows = make_rows()
    rows[3] = (*rows[3][:3], "")
    files = write_csv(tmp_path / "a.csv", rows, HEADER)
    examples, _ = run(tmp_path, files, time="date", where="date::TEXT <> ''")
    assert len(examples) == 199


def test_times_of_several_zones_are_in_their_order(tmp_path):
    rows = [(f"text {i}", "ab"[i % 2], "x", f"2021-03-{1 + i // 20:02} 12:{i % 20:02}:00+00:00") for i in range(100)]
    rows[7] = (*rows[7][:3], "2021-03-05 23:59:00+12:00")  # before noon in UTC
    rows[8] = (*rows[8][:3], "2021-03-05 11:00:00-12:00")  # after all others
    examples, _ = run(tmp_path, write_csv(tmp_path / "a.csv", rows, HEADER), time="date")
    assert examples.split[8] == "test" and examples.split[7] == "validation"


@pytest.mark.parametrize(("key", "column"), [("time", "date"), ("group", "author")])
def test_rows_that_cannot_be_told_apart_are_refused(tmp_path, key, column):
    rows = [(*row[:2], "x", "2021") for row in make_rows()]
    with pytest.raises(BadInput, match=rf"{key}: all training rows have the same '{column}'"):
        run(tmp_path, write_csv(tmp_path / "a.csv", rows, HEADER), **{key: column})


@pytest.mark.parametrize(("key", "column"), [("time", "date"), ("group", "author")])
def test_a_split_that_is_much_larger_than_asked_for_is_said(tmp_path, key, column):
    rows = [(f"text {i}", "ab"[i % 2], f"author {i // 50}", f"{2020 + i // 50}") for i in range(200)]
    _, facts = run(tmp_path, write_csv(tmp_path / "a.csv", rows, HEADER), **{key: column})
    assert facts["rows"] == {"train": 100, "validation": 50, "test": 50}
    words = "rows in place of {}, because rows of the same `" + f"{key}: {column}` stay together."
    assert f"The validation split has 50 {words.format(15)}" in facts["warnings"]
    assert not any("test split has 50 rows in place" in warning for warning in facts["warnings"])  # of 40


def test_a_text_of_several_groups_is_in_one_fold(tmp_path):
    rows = [(f"text {i}", "ab"[i % 2], f"author {i % 10}", "2021") for i in range(40)]
    rows += [("Text 3", "b", "author 7", "2021"), ("text 3", "b", "author 3", "2021")]
    examples, facts = run(tmp_path, write_csv(tmp_path / "a.csv", rows, HEADER), folds=5, group="author",
                          deduplicate="splits", splits={"validation": None, "test": None})  # fmt: skip
    assert 40 not in examples.index and 41 in examples.index  # the copy of another author is left out
    assert examples["unit"][3] == examples["unit"][41] and examples["unit"].nunique() == 10
    assert facts["dropped"]["copy of a text in another group"] == 1


def test_fewer_groups_than_folds_are_refused(tmp_path):
    rows = [(f"text {i}", "ab"[i % 2], f"author {i % 3}", "2021") for i in range(40)]
    with pytest.raises(BadInput, match="folds: 5 folds need as many values of `group: author`, and there are 3"):
        run(tmp_path, write_csv(tmp_path / "a.csv", rows, HEADER), folds=5, group="author",
            splits={"validation": None, "test": None})  # fmt: skip
