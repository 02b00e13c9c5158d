"""Data sets of the Hugging Face Hub: from a folder, over HTTP from a small hub here, and from the cache offline."""

import json
import shutil
import subprocess
import sys

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers.fake_hub import COMMIT, environment, fake_hub
from pretrain_or_not.data.sources import find_inputs, find_versions, read_source
from pretrain_or_not.errors import BadInput

HUB = {
    "source": "hub", "id": "org/reviews", "config": None, "revision": None, "split": {"train": "train"},
    "text": "text", "label": "label",
}  # fmt: skip
CARD = """---
configs:
- config_name: plain
  default: true
  data_files:
  - {split: train, path: plain/train-*.parquet}
  - {split: unseen, path: plain/unseen-*.parquet}
- config_name: stars
  data_files:
  - {split: train, path: stars.parquet}
dataset_info:
- config_name: plain
  features:
  - {name: text, dtype: string}
  - name: label
    dtype: {class_label: {names: {'0': neg, '1': pos}}}
  splits:
  - {name: train, num_examples: 6, num_bytes: 1}
  - {name: unseen, num_examples: 4, num_bytes: 1}
---
Reviews.
"""
PLAIN = [(f"train-{shard} {i}", label, "train") for shard in (0, 1) for i, label in enumerate(["neg", "pos", "neg"])]
UNSEEN = [(f"unseen-0 {i}", label, "test") for i, label in enumerate(["neg", "pos", None, "neg"])]


def make_repo(folder):
    """Write a data set as it is stored on the Hub: two configurations, shards, names of classes in its card."""
    (folder / "plain").mkdir(parents=True)
    (folder / "README.md").write_text(CARD)
    for name, labels in {"train-0": [0, 1, 0], "train-1": [0, 1, 0], "unseen-0": [0, 1, -1, 0]}.items():
        table = pa.table({"text": [f"{name} {i}" for i in range(len(labels))], "label": labels})
        pq.write_table(table, folder / "plain" / f"{name}.parquet")
    stars = pa.table({"review": [f"r{i}" for i in range(7)], "stars": [i % 5 + 1.0 for i in range(7)]})
    pq.write_table(stars, folder / "stars.parquet")
    return folder


@pytest.fixture
def repo(tmp_path):
    """Return the folder of a data set."""
    return make_repo(tmp_path / "reviews")


def rows_of(dataset):
    """Return all rows of a source, as (text, label, split)."""
    return [tuple(row.values()) for batch in read_source(dataset) for row in batch.to_pylist()]


def test_a_folder_is_read_like_a_data_set_of_the_hub(repo):
    dataset = HUB | {"id": str(repo), "split": {"train": "train", "test": "unseen"}}
    assert rows_of(dataset) == PLAIN + UNSEEN
    stars = dataset | {"config": "stars", "split": {"train": "train"}, "text": "review", "label": "stars"}
    assert rows_of(stars) == [(f"r{i}", str(i % 5 + 1), "train") for i in range(7)]


def test_files_of_a_folder_are_inputs_and_an_id_has_none(repo):
    assert len(find_inputs("d", HUB | {"id": str(repo)})) == 5
    assert find_inputs("d", HUB) == []
    with pytest.raises(BadInput, match=r"datasets\.d\.id: there is no folder '\./nowhere'"):
        find_inputs("d", HUB | {"id": "./nowhere"})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"config": "fancy"}, r"reviews: `config: fancy`: BuilderConfig 'fancy' not found.*plain.*stars"),
        (
            {"split": {"train": "train", "test": "test"}},
            "reviews: no split 'test' for `split: test:`; it has train, un",
        ),
        (
            {"text": "review"},
            "reviews, split 'train': .*train-0.parquet: no column 'review' for `text:`; its columns are text, label",
        ),
    ],
)
def test_missing_parts_of_a_data_set_are_named(repo, changes, message):
    with pytest.raises(BadInput, match=message):
        rows_of(HUB | {"id": str(repo)} | changes)


def test_missing_rows_are_an_error(repo):
    (repo / "plain" / "train-1.parquet").unlink()
    with pytest.raises(BadInput, match="split 'train': 3 rows could be read, and the data set declares 6"):
        rows_of(HUB | {"id": str(repo)})


def test_more_rows_than_the_card_declares_are_no_error(repo):
    shutil.copy(repo / "plain" / "train-1.parquet", repo / "plain" / "train-2.parquet")
    assert len(rows_of(HUB | {"id": str(repo)})) > len(set(rows_of(HUB | {"id": str(repo)})))


def test_a_damaged_file_is_named(repo):
    (repo / "plain" / "train-1.parquet").write_bytes(b"PAR1 cut off")
    with pytest.raises(BadInput, match=r"reviews, split 'train': .*train-1\.parquet: cannot be read as parquet"):
        rows_of(HUB | {"id": str(repo)})


ONLINE = """
import json, sys
from huggingface_hub import snapshot_download
from pretrain_or_not.data.sources import read_source
from pretrain_or_not.errors import BadInput
datasets, cache = json.load(sys.stdin)
for dataset in datasets:
    try:
        print(json.dumps([list(row.values()) for batch in read_source(dataset) for row in batch.to_pylist()]))
    except BadInput as error:
        print(json.dumps(str(error)))
snapshot_download("org/reviews", repo_type="dataset", cache_dir=cache)  # as `hf download` does
"""


@pytest.fixture(scope="module")
def online(tmp_path_factory):
    """Read from a hub.

    Returns the results, the paths requested from the hub, the cache after streaming, and a cache with a download.
    """
    folder = tmp_path_factory.mktemp("online")
    asked = [
        HUB | {"split": {"train": "train", "test": "unseen"}},
        HUB | {"revision": COMMIT},
        HUB | {"config": "stars", "text": "review", "label": "stars"},
        HUB | {"revision": "v9"},
        HUB | {"id": "org/other"},
        HUB | {"config": "fancy"},
    ]
    with fake_hub(make_repo(folder / "reviews"), "org/reviews") as hub:
        done = subprocess.run(
            [sys.executable, "-c", ONLINE], input=json.dumps([asked, str(folder / "cache")]),
            env=environment(hub, folder / "home"), capture_output=True, text=True,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in done.stdout.splitlines()]
    results = [result if isinstance(result, str) else [tuple(row) for row in result] for result in results]
    return results, hub.asked, folder / "home" / "hub", folder / "cache"


def test_the_hub_is_read_at_one_commit(online):
    (rows, pinned, stars, *_), asked, _, _ = online
    assert rows == PLAIN + UNSEEN and pinned == PLAIN
    assert stars == [(f"r{i}", str(i % 5 + 1), "train") for i in range(7)]
    files = [path for path in asked if path.endswith(".parquet")]
    assert files and all(f"/resolve/{COMMIT}/" in path for path in files)


def test_what_is_missing_on_the_hub_is_named(online):
    _, _, _, no_revision, no_id, no_config = online[0]
    assert no_revision == "org/reviews: no revision 'v9' on the Hugging Face Hub; correct `revision:`"
    assert no_id.startswith("org/other: no such data set on the Hugging Face Hub; correct `id:`")
    assert no_config.startswith("org/reviews: `config: fancy`: BuilderConfig 'fancy' not found. Available: ['plain'")


@pytest.fixture
def offline(monkeypatch):
    """Return a function that makes a folder the Hub's cache and forbids the network."""
    from huggingface_hub import constants

    def go(cache):
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))

    return go


@pytest.mark.parametrize("revision", [None, "main", COMMIT])
def test_the_cache_is_read_when_offline(online, offline, revision):
    offline(online[3])
    assert rows_of(HUB | {"revision": revision, "split": {"train": "train", "test": "unseen"}}) == PLAIN + UNSEEN


def test_the_error_says_how_to_get_the_data_when_offline(online, offline, tmp_path):
    streamed = online[2]
    assert list(streamed.rglob("README.md")) and not list(streamed.rglob("*.parquet"))
    for cache, revision, option in ((tmp_path, None, ""), (streamed, COMMIT, f" --revision {COMMIT}")):
        offline(cache)
        with pytest.raises(BadInput) as caught:
            rows_of(HUB | {"revision": revision})
        assert f" is not, or not completely, in the cache ({cache}; HF_HOME moves it)" in str(caught.value)
        assert f"fetch it: hf download org/reviews --repo-type dataset{option} (or set" in str(caught.value)


def test_a_hub_that_cannot_be_reached_is_an_error(monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(BadInput, match=r"org/reviews: the Hugging Face Hub cannot be reached .*set HF_HUB_OFFLINE=1"):
        rows_of(HUB)


def test_one_more_file_in_a_local_copy_changes_the_data_set(tmp_path):
    """Even if the new file is older than what was made of the others."""
    (tmp_path / "a.parquet").touch()
    before = find_versions(HUB | {"id": str(tmp_path)})
    (tmp_path / "b.parquet").touch()
    assert find_versions(HUB | {"id": str(tmp_path)}) != before
    assert find_versions(HUB) is None


TEXTS = ["NA", "None", "null", "nan", "N/A", "", "01", "1.0", "true", "  x ", 'a "b"', "a,b"]


@pytest.mark.parametrize("suffix", ["csv", "tsv", "csv.gz", "jsonl", "parquet"])
def test_a_folder_and_files_are_read_the_same(tmp_path, suffix):
    """`datasets` lets pandas guess: texts and labels become missing values and numbers, by chunk."""
    labels = ["01", "1", "None", "NA", "1.5", "x"] * 2
    table = pd.DataFrame({"text": TEXTS, "label": labels})
    (tmp_path / "data").mkdir()
    path = tmp_path / "data" / f"train.{suffix}"
    if suffix == "parquet":
        table.to_parquet(path)
    elif suffix == "jsonl":
        table.to_json(path, orient="records", lines=True)
    else:
        table.to_csv(path, index=False, sep="\t" if suffix == "tsv" else ",")
    found = rows_of(HUB | {"id": str(tmp_path / "data")})
    files = {"source": "files", "files": {"train": str(path)}, "format": None, "member": None, "split": None}
    assert found == rows_of(HUB | files) == [(*row, "train") for row in zip(TEXTS, labels, strict=True)]


@pytest.mark.parametrize("name", ["a[1]", "b::c", "d{x}", "e*f?", "plain"])
def test_any_name_of_folder_and_file_is_read(tmp_path, name):
    for split in ("train", "test"):
        for file in (f"{split}.csv", f"{split}-{name}.csv"):
            path = tmp_path / name / file
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"text,label\n{file},pos\n")
    found = rows_of(HUB | {"id": str(tmp_path / name), "split": {"train": "train", "test": "test"}})
    assert sorted(row[0] for row in found) == sorted(path.name for path in (tmp_path / name).iterdir())


def test_a_trailing_comma_is_refused_by_its_line(tmp_path):
    (tmp_path / "train.csv").write_text("text,label\na,pos,\nb,neg,\n")
    with pytest.raises(BadInput, match=r"split 'train': .*train\.csv: line 2: 3 cells, where the header names 2"):
        rows_of(HUB | {"id": str(tmp_path)})


def card(**options):
    """Return a card that sets options of reading."""
    return "---\nconfigs:\n- " + json.dumps({"config_name": "default", "data_files": "*.csv"} | options) + "\n---\n"


def test_options_of_reading_in_a_card_are_followed_or_refused(tmp_path):
    (tmp_path / "README.md").write_text(card(sep="\t"))
    (tmp_path / "train.csv").write_text("text\tlabel\na, b\tpos\n")
    assert rows_of(HUB | {"id": str(tmp_path)}) == [("a, b", "pos", "train")]
    (tmp_path / "README.md").write_text(card(sep=";"))
    with pytest.raises(BadInput, match="its card sets `sep: ;` for reading its files, which is not supported"):
        rows_of(HUB | {"id": str(tmp_path)})


def test_names_of_classes_in_a_card_hold_for_csv(tmp_path):
    classes = {"name": "label", "dtype": {"class_label": {"names": {"0": "neg", "1": "pos"}}}}
    about = {"dataset_info": {"features": [{"name": "text", "dtype": "string"}, classes]}}
    (tmp_path / "README.md").write_text(f"---\n{json.dumps(about)}\n---\n")
    (tmp_path / "train.csv").write_text("text,label\na,0\nb,1\nc,pos\nd,-1\n")
    assert [row[1] for row in rows_of(HUB | {"id": str(tmp_path)})] == ["neg", "pos", "pos", None]


def test_a_format_that_is_not_read_is_named(tmp_path):
    (tmp_path / "train.txt").write_text("one\ntwo\n")
    with pytest.raises(BadInput, match=r"train\.txt: not Parquet, CSV, TSV or JSON lines; write it as Parquet"):
        rows_of(HUB | {"id": str(tmp_path)})
