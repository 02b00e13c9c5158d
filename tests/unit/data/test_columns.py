"""Which columns make an example: joined texts, pairs, groups, rows that `where` keeps."""

import json
import os
import subprocess
import sys

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers.paths import SCRIPTS
from helpers.tables import DATASET, write_csv
from pretrain_or_not.data.ingest import ingest
from pretrain_or_not.data.sources import look_into, read_source
from pretrain_or_not.data.where import Condition
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.json_files import read_json

ROWS = [(f"title {i}", "" if i % 3 == 0 else f"body {i}", "ab"[i % 2], ["fr", "de", ""][i % 3]) for i in range(60)]
HEADER = ("title", "body", "label", "country")


def run(tmp_path, files, **changes):
    """Ingest `files`; return the examples in the order of the source, and the summary."""
    paths = [tmp_path / "out" / name for name in ("examples.parquet", "dataset.json")]
    ingest(DATASET | {"files": files} | changes, "toy", (), 1, *paths)
    return pd.read_parquet(paths[0]).sort_values("id"), read_json(paths[1])


def write_rows(path, rows=ROWS, header=HEADER):
    """Write rows as CSV, JSON lines or Parquet, as the path says; return the path as text."""
    records = [dict(zip(header, row, strict=True)) for row in rows]
    if path.suffix == ".csv":
        return write_csv(path, rows, header)
    if path.suffix == ".json":
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
    else:
        pq.write_table(pa.Table.from_pylist(records), path)
    return str(path)


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.parquet"])
def test_texts_are_joined_and_blank_ones_left_out_with_their_separator(tmp_path, name):
    examples, _ = run(tmp_path, write_rows(tmp_path / name), text=["title", "body"], separator=" | ")
    assert examples.text.tolist() == [f"{title} | {body}" if body else title for title, body, *_ in ROWS]


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.parquet"])
def test_a_row_that_is_blank_in_all_joined_columns_is_counted_and_moves_no_other(tmp_path, name):
    rows = [*ROWS[:30], ("", " ", "a", "fr"), *ROWS[30:]]
    examples, facts = run(tmp_path, write_rows(tmp_path / name, rows), text=["title", "body"], separator=" | ")
    assert examples.text.tolist() == [f"{title} | {body}" if body else title for title, body, *_ in ROWS]
    assert examples.label.tolist() == ["ab".index(row[2]) for row in ROWS]
    assert facts["dropped"]["blank or null text"] == 1
    new = DATASET | {"files": str(tmp_path / name), "text": ["title", "body"], "label": None}
    texts = [text for batch in read_source(new) for text in batch["text"].to_pylist()]
    assert len(texts) == 61 and texts[30] is None and texts[31].startswith("title 30")


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.parquet"])
def test_a_pair_has_two_texts_and_is_left_out_without_one_of_them(tmp_path, name):
    examples, facts = run(tmp_path, write_rows(tmp_path / name), pair=["title", "body"])
    assert examples.columns.tolist() == ["id", "text", "label", "split", "second_text"]
    assert list(zip(examples.text, examples.second_text, strict=True)) == [row[:2] for row in ROWS if row[1]]
    assert facts["pair"] and facts["dropped"]["blank or null second text"] == 20


def test_a_pair_is_a_duplicate_only_if_both_texts_are(tmp_path):
    rows = [("same", f"other {i}", "ab"[i % 2]) for i in range(40)] + [("Same ", " OTHER  0", "a")]
    path = write_rows(tmp_path / "a.csv", rows, ("p", "h", "label"))
    examples, facts = run(tmp_path, path, pair=["p", "h"], deduplicate="all")
    assert len(examples) == 40 and facts["dropped"]["duplicate text"] == 1


def test_groups_become_columns_of_text(tmp_path):
    rows = [(*row, 2020.0 + i % 2) for i, row in enumerate(ROWS)]
    path = write_rows(tmp_path / "a.parquet", rows, (*HEADER, "year"))
    examples, facts = run(tmp_path, path, text="title", groups=["country", "year"])
    assert examples.group_country.tolist() == [row[3] or "(none)" for row in ROWS]
    assert examples.group_year.tolist() == ["2020", "2021"] * 30
    assert facts["groups"] == ["country", "year"]


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.parquet"])
def test_where_keeps_rows_and_counts_the_others(tmp_path, name):
    path = write_rows(tmp_path / name)
    examples, facts = run(tmp_path, path, text="title", where="country = 'fr' OR body LIKE '%7'")
    expected = [i for i, row in enumerate(ROWS) if row[3] == "fr" or row[1].endswith("7")]
    assert examples.id.tolist() == expected  # the id is the row of the source
    assert facts["dropped"]["excluded by `where`"] == 60 - len(expected) and facts["read"] == 60
    assert not any("left out" in warning for warning in facts["warnings"])


def test_a_row_that_where_leaves_out_may_have_a_label_that_is_none(tmp_path):
    lines = [{"text": f"t{i}", "label": "ab"[i % 2], "ok": True} for i in range(20)]
    lines.insert(3, {"text": "x", "label": ["a", "b"], "ok": False})
    (tmp_path / "a.json").write_text("".join(json.dumps(line) + "\n" for line in lines))
    examples, _ = run(tmp_path, str(tmp_path / "a.json"), where="ok")
    assert 3 not in set(examples.id) and len(examples) == 20


@pytest.mark.parametrize("name", ["a.json", "b.json", "a.parquet"])
def test_keys_inside_others_are_named_by_dots(tmp_path, name):
    rows = [
        {"data": {"text": f"t{i}", "meta": {"lang": "fr" if i % 4 else "de"}}, "label": "ab"[i % 2]} for i in range(40)
    ]
    if name == "a.parquet":
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / name)
    else:
        (tmp_path / name).write_text(json.dumps(rows) if name == "b.json" else "\n".join(map(json.dumps, rows)))
    changes = {"text": "data.text", "where": "data.meta.lang = 'fr'"}
    examples, _ = run(tmp_path, str(tmp_path / name), **changes)
    assert examples.text.tolist() == [f"t{i}" for i in range(40) if i % 4]
    with pytest.raises(BadInput, match=r"'data.txt'.*(they have|columns are) data"):
        look_into(DATASET | {"files": str(tmp_path / name), "text": "data.txt"})


@pytest.mark.parametrize("name", ["a.json", "a.parquet"])
def test_a_column_that_is_called_with_a_dot_comes_first(tmp_path, name):
    rows = [{"data.text": f"own {i}", "data": {"text": "inside"}, "label": "ab"[i % 2]} for i in range(20)]
    if name == "a.json":
        (tmp_path / name).write_text("\n".join(map(json.dumps, rows)))
    else:
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / name)
    batches = read_source(DATASET | {"files": str(tmp_path / name), "text": "data.text"})
    assert next(batches)["text"].to_pylist() == [row["data.text"] for row in rows]


# The expression of `where`


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("answer = ", "is not an expression of DuckDB: syntax error"),
        ("a = 1; DROP TABLE rows", "is not an expression of DuckDB: syntax error"),
        ("a = 1) UNION SELECT * FROM (rows", "is not one expression"),
        ("a = 1) LIMIT (3", "is not one expression"),
        ("a IN (SELECT 1)", "a subquery is not allowed"),
        ("a IN (SELECT content FROM read_text('/etc/passwd'))", "a subquery is not allowed"),
        ("read_text('/etc/passwd') = a", r"read_text\(\) is not allowed"),
        ("random() < a", r"random\(\) is not allowed"),
        ("now() > a", r"now\(\) is not allowed"),
        ("age(a::TIMESTAMP) > INTERVAL 3 DAY", r"age\(\) is not allowed"),  # reads the clock
        ("ago(INTERVAL 3 DAY) > a", r"ago\(\) is not allowed"),
        ("a = 1 /* comment", "unterminated"),
        ("getenv('HOME') = a", r"getenv\(\) is not allowed"),
        ("current_setting('threads') = a", r"current_setting\(\) is not allowed"),
        ("count(*) OVER () > a", "a window function is not allowed"),
        ("max(a) > 3", r"max\(\) is not allowed"),
        ("true", "names no column"),
        (" ", "names no column|is not an expression"),
    ],
)
def test_what_is_no_condition_of_a_row_is_refused_in_one_line(text, message):
    with pytest.raises(BadInput, match=f"^where: .*({message})") as caught:
        Condition.parse(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a = 'x' -- and b", [0, 3]),
        ("a IN ('x', 'y') AND n > 1", [1, 3]),
        ('"a" IS NULL', [2]),
        ("NOT (a = 'x')", [1]),
        ("coalesce(a, 'x') = 'x' AND n BETWEEN 1 AND 3", [0, 2]),
        ("TRY_CAST(t AS INTEGER) >= 10 OR t ~ '^z'", [1, 3]),
        ("CASE WHEN n = 4 THEN true ELSE lower(a) = 'y' END", [1, 3]),
        ("len(t)::DOUBLE > 1.5", [1]),
    ],
)
def test_a_condition_holds_as_in_sql(text, kept):
    columns = {"a": ["x", "y", None, "x"], "n": pa.array([1, 2, 3, 4]), "t": ["5", "10", "", "z"]}
    assert [i for i, holds in enumerate(Condition.parse(text).holds(columns, "a.csv").to_pylist()) if holds] == kept


@pytest.mark.parametrize(
    ("text", "columns", "kept"),
    [
        ("Text = 'a' AND text = 'b'", {"Text": ["a", "a"], "text": ["b", "x"]}, [True, False]),
        ('"number of the row" = 1', {"number of the row": [1, 2]}, [True, False]),
        ('"row" = 2 AND column_1 = 3', {"row": [1, 2], "column_1": [3, 3]}, [False, True]),
    ],
)
def test_each_column_of_a_condition_is_read_whatever_its_name(text, columns, kept):
    assert Condition.parse(text).holds(columns, "a.csv").to_pylist() == kept


def test_a_condition_that_fails_names_the_columns_of_the_user():
    with pytest.raises(BadInput, match="source column stars; cells of CSV files are text"):
        Condition.parse("n = 1 AND stars::INT > 3").holds({"n": [1], "stars": ["x"]}, "a.csv")


def test_nulls_alone_go_with_values_of_any_type():
    for text in ("n > 3", "n = 'x'", "lower(n) = 'x'", "NOT n"):
        columns = {"n": [None, None]}  # as rows of JSON that lack a key, of which others have numbers
        assert Condition.parse(text).holds(columns, "a.json").to_pylist() == [False, False]
        assert Condition.parse(text).holds({"n": pa.nulls(2)}, "a.parquet").to_pylist() == [False, False]


def test_a_condition_on_times_does_not_depend_on_the_zone_of_the_machine():
    code = """
from pretrain_or_not.data.where import Condition
columns = {"d": ["2021-06-02T01:00:00+00:00", "2021-06-01T23:00:00+00:00"]}
print(Condition.parse("d::TIMESTAMPTZ >= '2021-06-02'").holds(columns, "a.csv").to_pylist())
"""
    for zone in ("UTC", "America/New_York", "Asia/Tokyo"):
        done = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "TZ": zone, "PYTHONPATH": str(SCRIPTS)},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout == "[True, False]\n"


def test_where_that_keeps_no_row_is_named(tmp_path):
    with pytest.raises(BadInput, match="`where` leaves out all 60 rows"):
        run(tmp_path, write_rows(tmp_path / "a.csv"), text="title", where="country = 'xx'")


def test_where_may_name_a_column_that_is_null_in_all_rows_read_at_once():
    condition = Condition.parse("keep")
    assert condition.holds({"keep": [None, None]}, "b.jsonl").to_pylist() == [False, False]
    assert condition.holds({"keep": [True, None]}, "a.jsonl").to_pylist() == [True, False]


def test_mistakes_in_where_are_told_before_anything_runs(tmp_path):
    dataset = DATASET | {"files": write_rows(tmp_path / "a.csv"), "text": "title"}
    for where, message in {
        "country > 3": r"a\.csv: row 0 and later: where: 'country > 3': .*cells of CSV files are text",
        "length(country)": r"a\.csv: row 0 .*: where: 'length\(country\)' is a value of type BIGINT, not a condition",
        "contry = 'fr'": r"a\.csv: no column 'contry' for `where:`; .*did you mean 'country'\?",
        'country = "Zzz"': r"no column 'Zzz' for `where:`; .*if Zzz is a text, put it in single quotes",
    }.items():
        with pytest.raises(BadInput, match=message):
            look_into(dataset | {"where": where})
