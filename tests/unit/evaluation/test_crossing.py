"""The number of labels at which a gap closes: where it was planted, in intervals that cover it."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from helpers.gaps import SIZES, planted
from pretrain_or_not.config.metric import ACCURACY
from pretrain_or_not.evaluation.crossing import BENDS, answer_row, answers, crossing, next_size
from pretrain_or_not.evaluation.curves import curve_of
from pretrain_or_not.evaluation.seed_variance import pool, shapes
from pretrain_or_not.evaluation.totals import Measured, measured_gaps
from pretrain_or_not.evaluation.wilson import wilson_interval
from pretrain_or_not.files.parquet import write_table

arsinh = np.arcsinh


@pytest.mark.parametrize(
    ("gaps", "labels"),
    [
        ([27, 9, 3, 1 / 3], 10 ** (4 + (arsinh(6) - arsinh(2)) / (arsinh(6) - arsinh(2 / 3)))),  # of twice the gaps
        ([3, 1, 0.5, 0.25], 1000),  # below means less than: just at the threshold, and less ever after
        (
            [9, 0.5, 3, -2.0],
            10 ** (4 + (arsinh(6) - arsinh(2)) / (arsinh(6) - arsinh(-4))),
        ),  # the first crossing does not last
        ([0.5, 0.4, 0.9, -2], 100),
        ([0.5, 0.2, 0.1, 1.2], np.inf),
    ],
)
def test_crossing_is_where_the_gap_falls_below_for_good(gaps, labels):
    assert crossing(SIZES, gaps, 1.0) == pytest.approx(labels)
    assert crossing(SIZES, [gaps, gaps], 1.0) == pytest.approx([labels, labels])


@pytest.mark.parametrize("smallest", [100, 150, 1000])
def test_a_gap_that_equals_the_threshold_is_not_below_it(smallest):
    """It is so at the smallest size, where an error of arithmetic must not move the crossing to a smaller one."""
    sizes = np.array([1, 4, 10]) * smallest
    labels = crossing(sizes, [1.0, 0.5, 0.2], 1.0)
    assert smallest <= labels < smallest * (1 + 1e-9)
    cells = [(n, 100.0 * (np.arange(1000) < wrong)) for n, wrong in zip(sizes, (10, 5, 2), strict=True)]
    curve, shape = curve_of(cells), shapes(np.full(3, 10.0), ACCURACY)
    row = answer_row(Measured(curve, shape, pool([(curve, shape)])), 1.0)
    assert row["gap_smallest"] == 1.0 and row["verdict"] == "from" and row["gap_highest"] < 1.0
    assert row["gap_highest_high"] > max(row["gap_highest"], row["gap_largest_high"] - 1e-9)


def test_a_threshold_of_zero_is_crossed_on_a_straight_line():
    assert crossing(SIZES, [9, 5, 3, -1], 0) == pytest.approx(10**4.75)


@pytest.mark.parametrize("exponent", [0.25, 0.5])
def test_a_power_law_is_crossed_near_where_it_is(exponent):
    """On a grid of decades, a straight line in the gap itself is wrong by up to 40 % with an exponent of 0.5."""
    for labels in np.geomspace(1100, 90_000, 10):
        gaps = 3 * (np.array(SIZES) / labels) ** -exponent
        assert crossing(SIZES, gaps, 3.0) == pytest.approx(labels, rel=0.08)


def test_a_gap_that_changes_its_sign_is_crossed_near_where_it_is():
    """A straight line from 6 points behind to 11 ahead is 1 point behind at 594 labels; its logarithm ends at 0."""
    sizes = np.array([300, 3000])
    assert crossing(sizes, 1 - 16.7 * np.log10(sizes / 594), 1.0) == pytest.approx(594, rel=0.11)
    # Near the upper size it is too low, and the bends of the interval hold it.
    gaps = 1 - 15 * np.log10(sizes / 2500)
    low, high = (float(crossing(sizes, gaps, 1.0, bend)) for bend in BENDS)
    assert crossing(sizes, gaps, 1.0) == pytest.approx(1175, rel=0.01) and low < 1175 < 2450 < high < 2510


def test_crossing_of_a_single_size():
    assert crossing([500], [0.4], 1.0) == 500
    assert crossing([500], [1.4], 1.0) == np.inf


@pytest.mark.parametrize(
    ("means", "size"),
    [([9, 5, 3, 0.5], 10**4.5), ([9, 0.5, 3, 0.5], 10**4.5), ([3, 0.5, 0.4, 0.3], 10**2.5), ([9, 5, 3, 2], np.nan),
     ([0.1] * 4, np.nan)],
)  # fmt: skip
def test_the_next_size_is_between_those_around_the_crossing(means, size):
    assert next_size(np.array(SIZES), np.array(means), 1.0) == pytest.approx(size, nan_ok=True)
    assert np.isnan(next_size(np.array([100, 190, 370, 730]), np.array(means), 1.0))  # all close to each other


@pytest.mark.parametrize("seeds", [1, 2, [3, 2, 1, 1]])
def test_the_interval_covers_a_known_crossing_as_often_as_it_should(seeds):
    """Seeds differ by 0.35 points: with one seed and many test examples, test sampling alone covered 28 %."""
    gaps = 20 * (np.array(SIZES) / 100.0) ** -0.5
    covered = 0
    for trial in range(60):
        row = answer_row(planted(gaps, 10_000, seeds, noise=0.35, rng=np.random.default_rng(trial)), 1.0)
        assert row["labels_low_joint"] <= row["labels_low"] <= row["labels_high"] <= row["labels_high_joint"]
        covered += row["labels_low"] <= 40_000 <= row["labels_high"]
    assert covered >= 52  # of 60; 57 are expected, and fewer than 52 come in one of 100 tries


def test_the_interval_is_not_wider_than_it_has_to_be():
    """With many seeds that do not differ, the interval of the gap is 1.96 standard errors to each side."""
    cells = [(100, np.random.default_rng(3).choice([-100, 0, 100], 2000, p=[0.1, 0.7, 0.2]))] * 40
    curve = curve_of(cells)
    shape = shapes(np.array([5.0]), ACCURACY)
    row = answer_row(Measured(curve, shape, pool([(curve, shape)])), 1.0)
    gap, error = cells[0][1].mean(), cells[0][1].std() / np.sqrt(2000)
    assert row["gap_largest"] == pytest.approx(gap)
    assert row["gap_largest_low"] == pytest.approx(gap - 1.96 * error, abs=0.02 * error)
    assert row["gap_largest_high"] == pytest.approx(gap + 1.96 * error, abs=0.02 * error)


def test_the_interval_holds_the_number_on_a_flat_curve():
    """A gap that falls at once, then stays just below the threshold: most replicates cross it later."""
    sizes = 100 * 2 ** np.arange(9)
    gaps = np.array([3.0] + [0.9] * 8)
    wrong = [np.random.default_rng(i).permutation(10_000) < 100 * gap for i, gap in enumerate(gaps)]
    curve, shape = curve_of([(n, 100.0 * which) for n, which in zip(sizes, wrong, strict=True)]), np.full(9, 4.0)
    row = answer_row(Measured(curve, shape, pool([(curve, shape)])), 1.0)
    assert 100 < row["labels"] < 200
    assert row["labels_low"] <= row["labels"] <= row["labels_high"]
    assert row["labels_low_joint"] <= row["labels_low"] and row["labels_high_joint"] >= row["labels_high"]


def test_more_test_examples_narrow_the_interval():
    few, many = (answer_row(planted([9, 5, 3, -2], n), 1.0) for n in (500, 20_000))
    assert many["labels_high"] / many["labels_low"] < few["labels_high"] / few["labels_low"]
    assert many["labels_low"] <= crossing(SIZES, [9, 5, 3, -2], 1.0) <= many["labels_high"]


def test_intervals_of_several_arms_that_hold_together_are_wider():
    gaps = planted([9, 5, 3, 0.5], 2000)
    alone, one_of_five = answer_row(gaps, 1.0), answer_row(gaps, 1.0, arms=5)
    assert alone["labels_low_joint"] == alone["labels_low"] == one_of_five["labels_low"]
    assert one_of_five["labels_low_joint"] < alone["labels_low"]
    assert one_of_five["labels_high_joint"] > alone["labels_high"]


def test_the_chance_is_the_share_of_replicates_that_cross():
    certain, unsure, never = (answer_row(planted([9, 5, 3, last], 5000), 1.0)["chance"] for last in (-3, 1, 7))
    assert certain > 0.99 and 0.2 < unsure < 0.8 and never < 0.01


def predict(folder, cell, right):
    """Write the predictions of a cell of 200 test examples, a share `right` of which is right; return their path."""
    labels, path = np.zeros(200, np.int32), folder / f"{'-'.join(map(str, cell))}.parquet"
    wrong = (np.arange(200) >= 200 * right).astype(np.float32)
    table = pa.table({"id": np.arange(200), "label": labels, "p_a": 1 - wrong, "p_b": wrong})
    write_table(path, table, label_names=["a", "b"], arm=cell[1])
    return path


@pytest.mark.parametrize(
    ("bert", "lstm", "verdict", "smallest", "guessed"),
    [
        ([0.9, 0.9], [0.895, 0.895], "from the smallest", 100, []),
        ([0.5, 0.9], [0.5, 0.895], "from the smallest", 1000, [100]),
        ([0.005, 0.0], [0.0, 0.005], "guessing", 100, [100, 1000]),
        ([0.9, 0.9], [0.5, 0.5], "not yet", 100, []),  # only the arm guesses
        ([0.5, 0.9], [0.2, 0.895], "from", 100, []),  # far below guessing is no guess: the gap is certain
    ],
)
def test_a_small_gap_between_two_arms_that_guess_is_no_answer(tmp_path, bert, lstm, verdict, smallest, guessed):
    cells = {("d", arm, n, 0): accuracy for arm, values in (("bert", bert), ("lstm", lstm))
             for n, accuracy in zip((100, 1000), values, strict=True)}  # fmt: skip
    paths = {cell: predict(tmp_path, cell, accuracy) for cell, accuracy in cells.items()}
    scores = pd.DataFrame(
        {"dataset": "d", "arm": arm, "family": arm, "n": n, "seed": 0, "accuracy": accuracy,
         "accuracy_low": wilson_interval(round(200 * accuracy), 200)[0], "accuracy_high": 1.0, "accuracy_guessing": 0.5,
         "predicted_classes": 2.0, "folds": 0, "pretraining_models": None}
        for (_, arm, n, _), accuracy in cells.items()
    )  # fmt: skip
    gaps = scores[scores["arm"] == "lstm"].assign(
        gap=100 * (np.array(bert) - lstm),
        gap_se=1.0,
        dataset_title="D",
        arm_title="LSTM",
        reference="bert",
        reference_title="BERT",
        selection="validation",
    )
    measured = measured_gaps(gaps, scores, paths, ACCURACY)
    (row,) = answers(gaps, scores, measured, 1.0, "accuracy").to_dict("records")
    assert (row["verdict"], row["smallest"], row["guessed_sizes"]) == (verdict, smallest, guessed)
    assert np.isnan(row["labels"]) == (verdict == "guessing")
    assert (row["score"], row["reference_score"], row["guessing_score"]) == (lstm[-1], bert[-1], 0.5)
    assert (row["arm_sizes"], row["arm_largest"], row["dataset_largest"]) == (2, 1000, 1000)


def test_the_folds_of_a_round_are_one_cell_that_is_tested_on_all_rows(tmp_path):
    ids, paths, rows = np.random.default_rng(0).permutation(200), {}, []
    for arm, wrong in (("bert", ids < 20), ("lstm", (ids < 30) & (ids >= 5))):
        for seed in range(10):  # two rounds; the fourth fold of the second one has no gap
            fold = np.arange(200) % 5 == seed % 5
            p = wrong[fold].astype(np.float32)
            table = pa.table({"id": ids[fold], "label": np.zeros(40, np.int32), "p_a": 1 - p, "p_b": p})
            paths["d", arm, 100, seed] = path = tmp_path / f"{arm}{seed}.parquet"
            write_table(path, table, label_names=["a", "b"], arm=arm, folds=5)
            low = wilson_interval(int(40 - p.sum()), 40)[0]
            rows.append({"dataset": "d", "arm": arm, "family": arm, "n": 100, "seed": seed, "folds": 5,
            "pretraining_models": None,
                         "accuracy": 1 - p.mean(), "accuracy_low": low, "accuracy_high": 1.0, "accuracy_guessing": 0.8,
                         "predicted_classes": 2.0})  # fmt: skip
    scores = pd.DataFrame(rows)
    names = {"dataset_title": "D", "arm_title": "L", "reference": "bert", "reference_title": "B",
             "selection": "validation"}  # fmt: skip
    gaps = scores[(scores["arm"] == "lstm") & (scores["seed"] != 8)].assign(gap=2.5, gap_se=5.0, **names)
    measured = measured_gaps(gaps, scores, paths, ACCURACY)
    (row,) = answers(gaps, scores, measured, 1.0, "accuracy").to_dict("records")
    assert (row["test_examples"], row["seeds"], row["folds"], row["verdict"]) == (200, 1, 5, "not yet")
    assert row["gap_largest"] == pytest.approx(2.5) and not row["guessed_sizes"]  # 25 against 20 wrong of 200
    assert row["gap_largest_low"] < 0.5 and 4 < row["gap_largest_high"] < 8
