"""The table of docs/pretraining.md is that of the cells which are committed beside it."""

import re

import pandas as pd
import pytest

from helpers.paths import ROOT

ROWS = {
    "none": "none", "masked words, 250 texts (40 passes)": "texts-250",
    "masked words, 2,496 texts (40 passes)": "texts-2500", "masked words, all texts": "texts-all",
    "… in shuffled order (n = 1)": "words-shuffled", "… drawn by frequency": "words-drawn",
    "replaced tokens, equal FLOPs": "replaced", "masked words, half of the weights zero": "half-zeros",
    "masked words, three quarters zero": "three-quarters-zeros", "labels of Yelp sentences": "labels",
    "masked words, then labels of Yelp sentences": "words-then-labels",
}  # fmt: skip


def selected():
    """Return the cells, each with the learning rate that is best on validation data."""
    cells = pd.read_csv(ROOT / "docs" / "pretraining-cells.csv")
    keys = ["arm", "pretraining_seed", "n", "seed"]
    best = cells.groupby(keys)["validation_accuracy"].transform("max")
    return cells[cells["validation_accuracy"] == best].drop_duplicates(keys)


@pytest.mark.parametrize("row", ROWS)
def test_a_row_of_the_table_is_that_of_its_cells(row):
    text = (ROOT / "docs" / "pretraining.md").read_text(encoding="utf-8")
    (line,) = re.findall(rf"^\| {re.escape(row)} \|(.*)\|$", text, re.MULTILINE)
    shown = [cell.strip() for cell in line.split("|")[1:]]
    cells = selected().query("arm == @ROWS[@row]")
    for n, found in zip((100, 1000, 10_000), shown, strict=True):
        scores = 100 * cells[cells["n"] == n]["test_accuracy"]
        assert found == f"{scores.mean():.1f} ({scores.min():.1f} to {scores.max():.1f})"


def test_how_often_the_highest_learning_rate_was_selected():
    cells = selected().query("n == 1000 and not arm.str.contains('labels')")
    text = (ROOT / "docs" / "pretraining.md").read_text(encoding="utf-8")
    assert f"{(cells['learning_rate'] == 3e-4).sum()} of {len(cells)} selected the higher" in text
