"""The forms of data in docs/own-data.md, each with files as the page describes them."""

import json
import re
import zipfile

import pandas as pd
import pytest
import yaml

from helpers.configs import MINIMAL
from helpers.paths import ROOT
from pretrain_or_not.config.check import check_config
from pretrain_or_not.data.ingest import ingest
from pretrain_or_not.data.sources import find_inputs, look_into
from pretrain_or_not.files.json_files import read_json

ROWS = [(f"title {i}", f"some words number {i}", "ab"[i % 2], i % 4 + 1) for i in range(120)]


def documented():
    """Return the datasets of the sections on forms and splits: {name: keys}."""
    page = (ROOT / "docs" / "own-data.md").read_text(encoding="utf-8")
    part = page.partition("## Forms of data")[2].partition("## Recipes")[0]
    blocks = re.findall(r"```yaml\n(.*?)```", part, re.DOTALL)
    return {name: keys for block in blocks for name, keys in yaml.safe_load(block)["datasets"].items()}


def write_files(folder):
    """Write the files that the page names."""
    for name in ("news", "shards/test", "aclImdb"):
        (folder / name).mkdir(parents=True)
    for name, rows in (("train", ROWS[:80]), ("test", ROWS[80:])):
        (folder / "news" / f"{name}.csv").write_text("".join(f'"{k}","{t}","{d}"\n' for t, d, _, k in rows))
        for label in ("pos", "neg", *(["unsup"] if name == "train" else [])):
            (folder / "aclImdb" / name / label).mkdir(parents=True)
            for i, row in enumerate(rows):
                (folder / "aclImdb" / name / label / f"{i}.txt").write_text(f"{label} {row[1]}")
    frame = pd.DataFrame([(f"{t} {d}", label) for t, d, label, _ in ROWS], columns=["text", "label"])
    frame[:50].to_parquet(folder / "shards" / "train-0.parquet")
    frame[50:80].to_parquet(folder / "shards" / "train-1.parquet")
    frame[80:].to_parquet(folder / "shards" / "test" / "0.parquet")
    lines = ["text;label"] + [f'5" {t} für {d};{label}' for t, d, label, _ in ROWS]
    (folder / "survey.csv").write_bytes("\n".join(lines).encode("cp1252"))
    (folder / "posts.json").write_text(
        "\n".join(json.dumps({"data": {"text": d, "meta": {"topic": label}}}) for _, d, label, _ in ROWS)
    )
    with zipfile.ZipFile(folder / "export.zip", "w") as archive:
        archive.writestr("readme.md", "about")
        archive.writestr("data/reviews.csv", frame.to_csv(index=False))
    (folder / "lines.txt").write_text("".join(f"__label__{label} {d}\n" for _, d, label, _ in ROWS))
    (folder / "pairs.jsonl").write_text(
        "\n".join(
            json.dumps({"premise": t, "hypothesis": d, "gold_label": "-" if k == 4 else label})
            for t, d, label, k in ROWS
        )
    )
    further = {
        "answer": ["accept", "reject", "accept"] * 40,
        "stars": [k for *_, k in ROWS],
        "country": ["fr", "de", None] * 40,
        "author": [i % 30 for i in range(120)],
        "date": [f"2021-{1 + i % 12:02}-{1 + i // 12:02}" for i in range(120)],
    }
    frame.to_csv(folder / "reviews.csv", index=False)
    frame.rename(columns={"label": "rating"}).to_csv(folder / "other-shop.csv", index=False)
    for name in ("answers", "forum", "tickets", "small"):
        frame.assign(**further).to_csv(folder / f"{name}.csv", index=False)


EXPECTED = {  # rows that are kept
    "news": 120, "survey": 120, "shards": 120, "posts": 120, "zipped": 120, "lines": 120, "films": 240,
    "entailment": 90, "answers": 60, "forum": 120, "tickets": 120, "small": 120,
    "reviews": 120,
}  # fmt: skip


def test_every_documented_form_is_tried():
    assert set(documented()) == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_documented_form_is_read(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    config = yaml.safe_load(MINIMAL)
    config["datasets"][name] = documented()[name]
    dataset = check_config(config)["datasets"][name]
    find_inputs(name, dataset)
    look_into(dataset)
    ingest(dataset, name, (), 1, tmp_path / "examples.parquet", tmp_path / "dataset.json")
    facts = read_json(tmp_path / "dataset.json")
    assert sum(facts["rows"].values()) == EXPECTED[name]
    expected = (
        "nearly repeat",
        "left out",
        "scores say nothing",
        "takes no account of it",
        "test rows as independent",
        "split has only",
    )
    assert [text for text in facts["warnings"] if not any(words in text for words in expected)] == []
    assert any(expected[-2] in text for text in facts["warnings"]) == (name == "forum")  # which has `group`
    assert facts["pair"] == (name == "entailment")
