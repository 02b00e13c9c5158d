"""Review files in their published formats, odd rows included."""

import bz2
import gzip
import io
import json
import lzma
import tarfile

import pandas as pd
import pytest
import zstandard

from helpers.texts import make_rows
from pretrain_or_not.data.ingest import ingest
from pretrain_or_not.data.readers import json_array
from pretrain_or_not.data.sources import find_inputs, read_source
from pretrain_or_not.errors import BadInput

FILES = {
    "source": "files", "format": None, "member": None, "text": "text", "label": "stars", "labels": None, "split": None,
    "splits": {"validation": 0.1, "test": 0.2}, "seed": 0, "deduplicate": "splits", "ignore_labels": [],
}  # fmt: skip
YELP = "yelp_academic_dataset_review.json"


def rows_of(dataset):
    """All rows of a source, as (text, label, split)."""
    return [tuple(row.values()) for batch in read_source(dataset) for row in batch.to_pylist()]


def read(path, **changes):
    return rows_of(FILES | {"files": str(path)} | changes)


def write_lines(path, rows, end="\n"):
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + end for row in rows), encoding="utf-8")
    return path


def yelp_rows(n=40):
    """Reviews as in the Yelp Open Dataset: stars as floats, among other keys."""
    texts = [text for text, _ in make_rows(n)]
    return [
        {"review_id": f"r{i}", "user_id": "u", "business_id": "b", "stars": float(i % 5 + 1), "useful": i,
         "text": text + "\n\nMore.", "date": "2018-07-07 22:09:11"}
        for i, text in enumerate(texts)
    ]  # fmt: skip


def write_tar(path, mode, members):
    """A tar archive of {name: bytes}, with a folder in it."""
    with tarfile.open(path, mode) as archive:
        folder = tarfile.TarInfo("yelp_dataset")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, content in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return path


def as_bytes(rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


# Yelp


@pytest.mark.parametrize(("name", "mode"), [("y.tar", "w"), ("y.tar.gz", "w:gz"), ("y.tgz", "w:gz"), ("y.tar", "w:gz")])
def test_yelp_reviews_are_the_same_inside_the_archive(tmp_path, name, mode):
    rows = yelp_rows()
    members = {
        "Dataset_User_Agreement.pdf": b"%PDF-1.4 \x00\xff",
        "yelp_academic_dataset_business.json": as_bytes([{"business_id": "b", "stars": 3.5}]),
        f"yelp_dataset/{YELP}": as_bytes(rows),
        "yelp_academic_dataset_user.json": as_bytes([{"user_id": "u"}]),
    }
    archive = write_tar(tmp_path / name, mode, members)
    plain = write_lines(tmp_path / YELP, rows)
    assert find_inputs("yelp", FILES | {"files": str(archive), "member": YELP}) == [str(archive)]
    found = read(archive, member=YELP)
    assert (
        found
        == read(plain)
        == read(plain, member=YELP)
        == [(row["text"], str(int(row["stars"])), None) for row in rows]
    )


def test_stars_become_five_classes(tmp_path):
    path = write_lines(tmp_path / YELP, yelp_rows(100))
    outputs = [tmp_path / "out" / name for name in ("examples.parquet", "dataset.json")]
    ingest(FILES | {"files": str(path)}, "yelp", [["50%"]], 1, *outputs)
    facts = json.loads(outputs[1].read_text())
    assert facts["label_names"] == ["1", "2", "3", "4", "5"]
    assert facts["rows"] == {"train": 72, "validation": 8, "test": 20}
    examples = pd.read_parquet(outputs[0]).sort_values("id")
    assert examples.label.tolist() == [0, 1, 2, 3, 4] * 20


def test_a_missing_archive_member_is_named_with_the_existing_ones(tmp_path):
    archive = write_tar(tmp_path / "y.tar", "w", {"a.json": b"{}", f"not_{YELP}": b"{}"})
    with pytest.raises(BadInput, match=rf"y\.tar: there is no '{YELP}' in it .*; it holds a\.json, not_{YELP}$"):
        read(archive, member=YELP)


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("y.tar", {}, "'.*y.tar' is a tar archive; name the file in it by `member:`"),
        ("y.tar.gz", {"member": "reviews.parquet"}, "Parquet is not read inside an archive; unpack"),
        ("y.tar", {"member": "README"}, "cannot tell its format"),
    ],
)
def test_a_wrong_archive_member_is_an_error_before_anything_runs(tmp_path, name, changes, message):
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(BadInput, match=message):
        find_inputs("yelp", FILES | {"files": str(tmp_path / name)} | changes)


# Amazon


def amazon_rows(n):
    """Reviews as in the Amazon release of 2018: keys that come late, go, and change their type from row to row."""
    rows = []
    for i in range(n):
        row = {"overall": float(i % 5 + 1), "verified": True, "reviewText": f"Review {i}", "asin": "0001"}
        if i % 3 == 0:
            row["style"] = [{"Size:": " L"}, None, "Large", 5, {"Size:": ["L"], "Color:": {"a": 1}}][i % 5]
        if i % 4 == 0:
            row["vote"] = ["1,024", 3, None][i % 3]
        if i > n // 2:
            row["image"] = ["https://example.org/1.jpg"] if i % 2 else "https://example.org/2.jpg"
        rows.append(row)
    return rows


AMAZON = {"text": "reviewText", "label": "overall"}


def test_amazon_reviews_with_odd_rows(tmp_path):
    rows = amazon_rows(30)
    del rows[3]["reviewText"]
    rows[4]["reviewText"], rows[5]["reviewText"] = None, ""
    del rows[6]["overall"]
    rows[7]["overall"], rows[8]["overall"] = 3, "3.0"  # as an integer, as text
    rows += [rows[10], rows[11]]  # twice in the release
    path = tmp_path / "Electronics.json.gz"
    path.write_bytes(gzip.compress(as_bytes(rows) + b"\n  \r\n\n"))
    found = read(path, **AMAZON)
    assert [row[0] for row in found] == [row.get("reviewText") for row in rows]
    assert [row[1] for row in found[6:9]] == [None, "3", "3"]

    outputs = [tmp_path / "out" / name for name in ("examples.parquet", "dataset.json")]
    ingest(FILES | AMAZON | {"files": str(path)}, "amazon", [], 1, *outputs)
    facts = json.loads(outputs[1].read_text())
    assert facts["read"] == 32 and sum(facts["rows"].values()) == 28
    assert facts["dropped"]["blank or null text"] == 3 and facts["dropped"]["no label"] == 1
    examples = pd.read_parquet(outputs[0])
    assert examples.groupby("text").split.nunique().max() == 1
    assert examples.text.duplicated().sum() == 2


def test_types_may_change_late_in_a_file(tmp_path):
    """Past any block from which a reader would guess them; here `vote` and `text`-less rows come after 12 MB."""
    padding = "x" * 1200
    rows = [{"overall": 5.0, "reviewText": f"{padding} {i}", "vote": "7", "style": {"a": "b"}} for i in range(10_500)]
    rows += [{"overall": 4, "vote": 7, "style": "b"}, {"overall": "1", "reviewText": "end", "style": [1], "new": {}}]
    path = write_lines(tmp_path / "a.json", rows)
    assert path.stat().st_size > 12e6
    found = read(path, **AMAZON)
    assert len(found) == 10_502
    assert found[-3:] == [(f"{padding} 10499", "5", None), (None, "4", None), ("end", "1", None)]


def test_compression_is_recognized_by_content(tmp_path):
    path = tmp_path / "reviews.data"
    for pack in (zstandard.compress, gzip.compress, bz2.compress, lzma.compress, bytes):
        path.write_bytes(pack(as_bytes(amazon_rows(5))) + pack(as_bytes(amazon_rows(4))))  # as `cat` joins them
        assert len(read(path, format="json", **AMAZON)) == 9


def test_zstandard_with_a_long_window_is_read(tmp_path):
    path = tmp_path / "reviews.jsonl.zst"
    compression = zstandard.ZstdCompressionParameters(
        window_log=28, chain_log=10, hash_log=10, strategy=zstandard.STRATEGY_FAST
    )
    with (
        path.open("wb") as file,
        zstandard.ZstdCompressor(compression_params=compression).stream_writer(file) as packed,
    ):
        packed.write(as_bytes(amazon_rows(5)))
    with pytest.raises(zstandard.ZstdError, match="too much memory"):
        zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes())
    assert len(read(path, format="json", **AMAZON)) == 5


def test_nan_is_no_text_and_a_list_of_one_label_is_this_label(tmp_path):
    lines = ['{"text": NaN, "stars": 1}', '{"text": "a", "stars": ["pos"]}', '{"text": "b", "stars": [[4.0]]}',
             '{"text": "c", "stars": []}', '{"text": "d", "stars": NaN}',
             '{"text": "e", "stars": "GPL-2.0"}']  # fmt: skip
    found = read(write_lines(tmp_path / "a.json", lines))
    assert [row[0] for row in found] == [None, "a", "b", "c", "d", "e"]
    assert [row[1] for row in found] == ["1", "pos", "4", None, None, "GPL-2.0"]


def test_text_that_utf8_cannot_encode_is_repaired(tmp_path):
    lines = [r'{"text": "half \ud83d of a pair", "stars": 1}', r'{"text": "whole \ud83d\ude00 nul \u0000", "stars": 2}']
    assert read(write_lines(tmp_path / "a.json", lines)) == [
        ("half � of a pair", "1", None),
        ("whole \N{GRINNING FACE} nul \0", "2", None),
    ]


def test_windows_line_ends_and_a_byte_order_mark_are_accepted(tmp_path):
    rows = yelp_rows(3)
    path = tmp_path / "a.json"
    path.write_bytes(b"\xef\xbb\xbf" + as_bytes(rows).replace(b"\n", b"\r\n"))
    assert [row[0] for row in read(path)] == [row["text"] for row in rows]


def test_a_split_key_is_followed_and_a_wrong_one_named_by_its_line(tmp_path):
    rows = [{"text": "a", "stars": 1, "part": "dev"}, {"text": "b", "stars": 2, "part": "train"}]
    assert [row[2] for row in read(write_lines(tmp_path / "a.json", rows), split="part")] == ["validation", "train"]
    path = write_lines(tmp_path / "b.json", [rows[0], "", {"text": "c", "stars": 2}])
    with pytest.raises(BadInput, match=r"b\.json: line 3: None in column 'part' is not a split"):
        read(path, split="part")


GOOD = b'{"text": "good", "stars": 1.0}\n'
BROKEN = {
    "not UTF-8": (GOOD + b'\n{"text": "caf\xe9", "stars": 1}\n', r"line 3: byte 14 is not UTF-8 .*encoding: cp1252"),
    "not JSON": (GOOD * 2 + b'{"text": "cut', r"line 3: not JSON \(Unterminated string"),
    "a list of no objects": (b'[\n["a", 1],\n["b", 2]]', r'line 2: not an object but \["a", 1\]'),
    "a list not ended": (b"[" + GOOD + b"," + GOOD, r"line 3: not JSON \(expecting ',' in the array"),
    "a list cut": (b"[" + GOOD + b"," + GOOD[:-9], r"line 2: not JSON \(.*\)"),
    "a list and more": (b"[" + GOOD + b"]" + GOOD, r"line 2: not JSON \(there is more after the end"),
    "a list not UTF-8": (b"[" + GOOD + b',{"text": "caf\xe9", "stars": 1}]', "line 2: byte 15 is not UTF-8"),
    "a list, a key twice": (
        b'[\n{"text": "a", "text": "b", "stars": 1}]',
        "line 2: the key 'text' occurs more than once",
    ),
    "pretty-printed": (b'{\n  "text": "a"\n}\n', r"line 1: not JSON .*the object spans lines.*jq -c"),
    "columns": (
        b'{"text": {"0": "a", "1": "b"}, "stars": {"0": 1, "1": 2}}',
        "its only object is the whole table; write one",
    ),
    "rows inside": (
        b'{"data": [{"text": "a"}, {"text": "b"}]}',
        "none of .* they have data; if the rows are in 'data'",
    ),
    "a key twice": (GOOD + b'{"text": "a", "text": "b", "stars": 1}\n', "line 2: the key 'text' occurs more than once"),
    "two labels": (
        GOOD + b'{"text": "a", "stars": [1, 2]}\n',
        r"line 2: 'stars' holds a list of 2 values, \[1, 2\]: .*mult",
    ),
    "a structure": (
        GOOD + b'{"text": "a", "stars": {"choices": ["x"]}}\n',
        "line 2: 'stars' holds a structure, {'choices",
    ),
    "a table": (b"text,stars\ngood,1\n", "line 1: not JSON .*; if the file is a table, set `format: csv`"),
    "a huge number": (GOOD + b'{"text": "a", "stars": 1' + b"0" * 5000 + b"}\n", "line 2: not JSON .*Exceeds"),
    "text a number": (GOOD + b'{"text": 5, "stars": 1}\n', r"line 2: 'text' is 5, not text; set `text:`"),
    "no such key": (GOOD.replace(b"text", b"review"), "none of its first 1 rows has a key 'text'; they have review, s"),
    "cut gzip": (gzip.compress(GOOD * 3000, mtime=0)[:-20], r"cut short or damaged \(.*; fetch"),
    "damaged gzip": (gzip.compress(GOOD * 3)[:-6] + b"123456", r"cut short or damaged \(.*CRC"),
    "cut zstd": (zstandard.compress(GOOD * 3000)[:-10], r"cut short or damaged \(.*inside a Zstandard frame"),
    "cut late": (gzip.compress(GOOD * 300_000, mtime=0)[:-20], r"cut short or damaged after line \d{4,} \(.*; fetch"),
    "cut xz": (lzma.compress(GOOD * 3000)[:-40], r"cut short or damaged \("),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_json_lines_are_named_with_their_line(tmp_path, case):
    content, message = BROKEN[case]
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=rf"a\.json: {message}") as caught:
        read(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_truncated_archive_is_named(tmp_path, mode):
    rows = [{"text": f"text {i * 7919 % 1000}", "stars": 1} for i in range(5000)]
    archive = write_tar(tmp_path / "y.tar", mode, {YELP: as_bytes(rows)})
    archive.write_bytes(archive.read_bytes()[:-12_000])
    with pytest.raises(BadInput, match=rf"y\.tar, {YELP}: (cut short or damaged \(|line \d+: not JSON)"):
        read(archive, member=YELP)


def test_a_file_that_is_no_archive_is_named_in_one_line(tmp_path):
    (tmp_path / "y.tar").write_bytes(b"\x1f\x8b\x08 no archive")
    with pytest.raises(BadInput, match=r"y\.tar, .*: cut short or damaged \(") as caught:
        read(tmp_path / "y.tar", member=YELP)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("part", [1, 7, 1 << 20])
def test_an_array_of_objects_is_read_like_lines(tmp_path, monkeypatch, indent, part):
    monkeypatch.setattr(json_array, "PART", part)
    rows = [{"text": f'some "text" {i} é ]}}', "stars": i % 5 + 1, "more": [[i], {"a": "]"}]} for i in range(30)]
    path = tmp_path / "a.json"
    path.write_text("\ufeff" + json.dumps(rows, indent=indent, ensure_ascii=False) + "\n", encoding="utf-8")
    assert read(path) == [(row["text"], str(row["stars"]), None) for row in rows]
    path.write_text(" [ ] ")
    assert read(path) == []
