"""A data set of pairs of texts, read by every kind of arm at lengths of its own."""

import copy
import csv
import json

import pandas as pd
import pyarrow.parquet as pq
import pytest

from helpers.described import undescribed
from helpers.project import CONFIG, Project
from helpers.texts import make_rows
from pretrain_or_not.files.parquet import read_metadata

ARMS = {
    "bert": {"family": "bert", "min_steps": 0, "model": "tiny", "learning_rates": [1e-3], "max_length": None},
    "lstm": {
        "family": "lstm",
        "min_steps": 0,
        "tokenizer": "tiny",
        "learning_rates": [2e-2],
        "hidden": 8,
        "max_length": 20,
    },
    "bag": {"family": "bag", "min_steps": 0, "tokenizer": "tiny", "learning_rates": [2e-2], "max_length": None},
    "words": {"family": "tfidf", "C": [10]},
    "tokens": {"family": "tfidf", "tokenizer": "tiny", "C": [10], "max_length": "dataset"},
    "probe": {"family": "probe", "model": "tiny", "C": [0.1]},
}
LENGTHS = {"bert": 64, "lstm": 20, "bag": None, "tokens": 12}  # the tiny BERT can read 64


@pytest.fixture(scope="module")
def results(tmp_path_factory, tiny_bert):
    """Return the results of an experiment on pairs: whether both texts are about the same topic."""
    project = Project(tmp_path_factory.mktemp("project"), tiny_bert)
    rows, others = make_rows(300), make_rows(300, seed=1)
    with open(project.folder / "pairs.csv", "w", newline="") as file:
        pairs = [(a, b, "same" if x == y else "other") for (a, x), (b, y) in zip(rows, others, strict=True)]
        csv.writer(file).writerows([("premise", "hypothesis", "label"), *pairs])
    config = copy.deepcopy(CONFIG)
    config["experiment"] |= {"datasets": ["pairs"], "arms": list(ARMS), "sizes": [60]}
    config["datasets"] = {
        "pairs": {"source": "files", "files": "pairs.csv", "pair": ["premise", "hypothesis"], "max_length": 12}
    }
    config["arms"], config["timing"] = ARMS, {"devices": {"cpu": []}}
    done = project.snakemake("results/answer.html", config=config)
    assert done.returncode == 0, done.stdout
    assert undescribed(project.folder / "results") == []
    return project.folder / "results"


def test_tokens_are_stored_once_for_all_arms(results):
    about = read_metadata(results / "pairs/tokens/tiny/train.parquet")
    assert about["max_length"] is None and list(about["pair"]) == ["prefix", "middle", "suffix", "type_1"]
    tokens = pq.read_table(results / "pairs/tokens/tiny/test.parquet").to_pandas()
    texts = pq.read_table(results / "pairs/examples.parquet").to_pandas().query("split == 'test'")
    assert tokens["first"].tolist() == texts["text"].str.split().str.len().tolist()
    assert (
        tokens["input_ids"].str.len().tolist()
        == (texts["text"] + " " + texts["second_text"]).str.split().str.len().tolist()
    )


@pytest.mark.parametrize("arm", ARMS)
def test_every_arm_reads_them_at_its_length(results, arm):
    run = json.loads((results / f"pairs/runs/{arm}/n60/seed0/selected.json").read_text())["selected"]
    assert run.get("max_length", "none") == LENGTHS.get(arm, "none")
    scores = pd.read_parquet(results / "scores.parquet").set_index("arm")
    assert scores.loc[arm, "status"] == "ok"
    texts = pq.read_table(results / "pairs/examples.parquet").to_pandas().query("split == 'test'")
    lengths = (texts["text"] + " " + texts["second_text"]).str.split().str.len() + 3  # [CLS] and twice [SEP]
    known = LENGTHS | {"probe": 12}  # the features of the test texts say how many are cut
    limit = known.get(arm)
    wanted = None if arm not in known else 0 if limit is None else (lengths > limit).mean()
    assert scores.loc[arm, "truncated"] == wanted if wanted is not None else pd.isna(scores.loc[arm, "truncated"])
    notes = (results / "answer.md").read_text().splitlines()
    (cut,) = (line for line in notes if line.startswith("- More than 5 % of the test texts are cut at `max_length`"))
    share = f", up to {100 * wanted:.1f} % of the texts" if wanted else ""
    assert (f"**{arm}** (1 of 1 cell{share})" in cut) == bool(wanted)
