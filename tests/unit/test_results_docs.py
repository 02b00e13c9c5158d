"""The tables of results in the docs are those of the scores that are committed beside them."""

import re

import pandas as pd
import pytest

from helpers.paths import ROOT
from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.config.numbers import number

SCORES = ROOT / "docs" / "scores"  # tables/scores.parquet of an experiment, by its name
SECTIONS = {  # page and heading
    "quickstart": ("results.md", "## Quickstart"),
    "yelp-sentences": ("results.md", "## Yelp sentences"),
    "imdb": ("results.md", "## IMDb"),
    "imbalanced": ("results.md", "## Rare classes"),
    "pretraining": ("pretraining.md", "### The same on two cores"),
    "adaptation": ("pretraining.md", "### How to use a pretrained model"),
    "distillation": ("pretraining.md", "### A small model that a large one teaches"),
    "imdb-taught": ("pretraining.md", "### The same on long texts"),
    "selection": ("pretraining.md", "### Which examples to train on again"),
    "written": ("pretraining.md", "### What a language model writes"),
    "tasks": ("pretraining.md", "### How many supervised tasks"),
}


def rows_of(page, heading):
    """Return the rows of the tables below a heading: (arm, what is shown) -> cells."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    part = re.split(r"\n#+ ", text[text.index(heading) :])[0]
    found = re.findall(r"^\| `([^`]+)`, (accuracy in %|macro-F1 in %|gap in points) \|(.*)\|$", part, re.MULTILINE)
    cells_of = {(arm, what): [cell.strip() for cell in cells.split("|")] for arm, what, cells in found}
    return {key: [cell for cell in cells if cell] for key, cells in cells_of.items()}  # an arm may lack a size


def shown(value):
    return number(value, 1)


@pytest.mark.parametrize("name", SECTIONS)
def test_each_number_is_that_of_the_committed_scores(name):
    scores, rows = pd.read_parquet(SCORES / f"{name}.parquet"), rows_of(*SECTIONS[name])
    # Tables of experiments that ran before there was this column are of accuracy.
    metric, expected = METRICS[scores["metric"].iloc[0] if "metric" in scores else "accuracy"].title, {}
    for arm, own in scores.groupby("arm", sort=False):
        own = own.sort_values("n")
        expected[arm, f"{metric} in %"] = [shown(score) for score in own["score"]]
        own = own.dropna(subset="gap")  # at some sizes the reference was not run
        if len(own):
            pairs = zip(own["gap"], own["gap_95"], strict=True)
            expected[arm, "gap in points"] = [f"{shown(gap)} ± {shown(half)}" for gap, half in pairs]
    assert rows == expected


def test_there_is_a_section_for_each_table_of_scores():
    assert {path.stem for path in SCORES.glob("*.parquet")} == set(SECTIONS)


def test_the_answer_in_the_readme_has_the_same_numbers():
    scores = pd.read_parquet(SCORES / "quickstart.parquet").set_index(["arm", "n"])
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    best = scores.loc[("tfidf", 1500)]
    assert f"has the best accuracy: {shown(best['score'])} % ({shown(best['score_low'])} % to " in text
    for arm, title in (("lstm", "LSTM from scratch"), ("static-minilm", "MiniLM's embeddings, static")):
        gap = scores.loc[(arm, 1500), "gap"]
        assert f"{title} is still {shown(gap)} points behind (" in text


def test_the_readme_says_of_yelp_sentences_what_was_measured():
    scores = pd.read_parquet(SCORES / "yelp-sentences.parquet").set_index(["arm", "n"])
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert f"With 1,000 labels it is {scores.loc[('lstm', 1000), 'gap']:.0f} points behind" in text
    assert f"with all 153,485 it is {shown(scores.loc[('lstm', 153_485), 'gap'])} points behind" in text


def test_what_was_extrapolated_stands_beside_the_committed_scores():
    text = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
    parts = text.split("[IMDb](results.md#imdb)")
    row = r"^\| `([^`]+)` \| (score|gap) \| [\d,]+ \| ([\d,]+) \| (.+) \| (.+) to (.+) \| (.+) \|$"
    for name, part in zip(("yelp-sentences", "imdb"), parts, strict=True):
        scores = pd.read_parquet(SCORES / f"{name}.parquet").set_index(["arm", "n"])
        found = re.findall(row, part, re.MULTILINE)
        held = 0
        for arm, what, n, *_, low, high, measured in found:
            assert measured == shown(scores.loc[(arm, int(n.replace(",", ""))), what])
            low, high, measured = (float(value.replace("−", "-")) for value in (low, high, measured))
            held += low <= measured <= high
        assert found and held == len(found) and f"All {held} intervals hold what was measured" in " ".join(part.split())
