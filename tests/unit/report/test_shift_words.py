"""What is lost on further test sets, in words and as a table, with the right numbers at the right size."""

import numpy as np
import pandas as pd
import pytest

from helpers.tables import write_frame
from pretrain_or_not.report.shift_words import shift_lines
from pretrain_or_not.report.tables.shifts import table_shifts


def rows(**changes):
    """Return rows of scores_shift.parquet: two shifts, three arms, two sizes, two seeds."""
    drops = {"big": 2.0, "small": 8.0, "none": 0.0}
    found = pd.DataFrame(
        {"dataset": "d", "dataset_title": "D", "arm": arm, "arm_title": arm.title(), "size": str(n), "n": n,
         "seed": seed, "accuracy": 0.9, "shift": shift, "change": change, "metric": "accuracy", "test_score": 0.9,
         "score": 0.9 - drop / 100, "drop": drop + (seed - 0.5) + (100 if n == 10 else 0), "drop_low": drop - 1,
         "drop_high": drop + 1, "relative_drop": drop / 90, "effective_robustness": -1.0 if arm == "small" else 1.0,
         "changed": changed, "seen": seen, "test_examples": 1000, "selection": "validation"}
        for shift, change, changed, seen in (("noisy", "typos: 0.1", 0.93, 0), ("shop", "files", np.nan, 12))
        for arm, drop in drops.items() for n in (10, 100) for seed in (0, 1)
    )  # fmt: skip
    return found.assign(**changes)


def test_a_line_per_shift_names_the_arms_that_lose_least_and_most():
    lead, _, noisy, shop = shift_lines(rows(), {"none"})
    assert lead.startswith(
        "On further test sets, with the models of 100 labels: points of accuracy that are lost there"
    )
    assert noisy == (
        "- **noisy** (a typing error in 10 % of the words): **Big** loses least, 2.0 points (1.0 to 3.0), "
        "and **Small** most, 8.0 points (7.0 to 9.0). It changes 93 % of the texts."
    )
    assert shop.endswith(
        "12 of its 1,000 texts are among the training and validation texts too, so scores there are too high."
    )
    assert "**None** loses least, 0.0 points" in shift_lines(rows(), set())[2]


def test_a_shift_that_lacks_classes_is_named_where_they_count():
    by_f1 = rows(metric="macro_f1")
    lacks = by_f1["shift"].eq("shop")
    by_f1.loc[lacks, ["score", "drop", "drop_low", "drop_high"]] = np.nan
    left = "- **shop** cannot be compared by macro-F1: it has other classes."
    lead, _, noisy, last = shift_lines(by_f1, {"none"})
    assert "points of macro-F1 that are lost there" in lead and noisy.startswith("- **noisy**") and last == left
    assert shift_lines(by_f1[lacks], {"none"}) == ["On further test sets:", "", left]
    assert shift_lines(by_f1[lacks].assign(accuracy=np.nan), {"none"}) == []


def test_a_drop_below_zero_is_a_gain():
    """`none` is 6 points better on the further test set, `big` 2 points worse, `small` 8."""
    table = rows()
    gains = table["arm"] == "none"
    table.loc[gains, ["drop", "drop_low", "drop_high"]] = -6.0, -7.5, -4.5
    noisy = shift_lines(table, set())[2]
    assert "**None** gains 6.0 points (4.5 to 7.5), and **Small** loses most, 8.0 points (7.0 to 9.0)." in noisy
    assert "**None** gains 6.0 points (4.5 to 7.5)." in shift_lines(table[gains], set())[2]


def test_one_arm_and_no_arm():
    table = rows()
    line = shift_lines(table[table["arm"] == "big"], set())[2]
    assert "**Big** loses 2.0 points (1.0 to 3.0)." in line
    assert "words): all arms lose alike, 0.0 points" in shift_lines(rows(drop=0.0, drop_low=-1.0), set())[2]
    assert shift_lines(table, {"big", "small", "none"}) == [] == shift_lines(rows(drop=np.nan, accuracy=np.nan), set())


@pytest.mark.parametrize("robustness", [True, False])
def test_the_table_has_a_line_per_shift_and_arm(tmp_path, robustness):
    table = rows() if robustness else rows(effective_robustness=np.nan)
    write_frame(tmp_path / "scores_shift.parquet", table)
    outputs = [tmp_path / f"shifts.{suffix}" for suffix in ("parquet", "md", "tex", "html")]
    table_shifts(tmp_path / "scores_shift.parquet", ["big", "small"], "accuracy", outputs)
    tidy = pd.read_parquet(outputs[0])
    assert tidy[["shift", "arm", "n", "seeds"]].values.tolist() == [
        [shift, arm, 100, 2] for arm in ("big", "small") for shift in ("noisy", "shop")
    ]
    text = outputs[1].read_text()
    mark = "−1.0" if robustness else "—"
    assert f"| noisy (typos: 0.1) | Small | 90.0 | 82.0 | 8.0 | 7.0 to 9.0 | 8.9 | {mark} |" in text
    assert ("fewer than 3 arms" in text) != robustness and "shop: 12 of its texts were trained or validated on" in text


def test_an_arm_without_the_largest_size_is_there_with_its_number_of_labels(tmp_path):
    table = rows()
    table = table[(table["arm"] != "big") | (table["n"] == 10)]
    lead, _, noisy, _ = shift_lines(table, {"none"})
    assert "with the models of 100 labels:" in lead
    assert "**Small** loses least, 8.0 points (7.0 to 9.0), and **Big** (10 labels) most, 102.0 points" in noisy
    lost = table.assign(drop=table["drop"].where((table["arm"] != "small") | (table["n"] == 10)))
    assert (
        "**None** loses least, 0.0 points (−1.0 to 1.0), and **Small** (10 labels) most" in shift_lines(lost, set())[2]
    )
    text = written(tmp_path, table)
    assert "| Big (10 labels) | 90.0 |" in text and "| Small | 90.0 |" in text and "sets, 100 labels" in text


def written(folder, table):
    """Return the table `shifts` as Markdown."""
    write_frame(folder / "scores_shift.parquet", table)
    outputs = [folder / f"shifts.{suffix}" for suffix in ("parquet", "md", "tex", "html")]
    table_shifts(folder / "scores_shift.parquet", ["big", "small"], "accuracy", outputs)
    return outputs[1].read_text()


def test_which_labels_are_counted_and_selection_on_test_are_said(tmp_path):
    table = rows(selection="test", budget="total")
    told = "100 labels, those for validation included, selected on test"
    assert f"with the models of {told}: points" in shift_lines(table, set())[0]
    assert f"further test sets, {told}" in written(tmp_path, table)
    tidy = pd.read_parquet(tmp_path / "shifts.parquet")
    assert set(tidy["budget"]) == {"total"} and set(tidy["selection"]) == {"test"}
    assert (
        "100 labels, partly selected on test"
        in shift_lines(
            table.assign(selection=table["arm"].map({"big": "test"}).fillna("validation")).drop(columns="budget"), set()
        )[0]
    )
