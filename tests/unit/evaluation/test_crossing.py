"""The number of labels at which a gap closes: where it was planted, in intervals that cover it."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from helpers.gaps import SIZES, planted
from pretrain_or_not.evaluation.crossing import answer_row, answers, bootstrap, crossing, mean_gaps
from pretrain_or_not.evaluation.metrics import wilson_interval
from pretrain_or_not.files.parquet import write_table


@pytest.mark.parametrize(
    ("gaps", "labels"),
    [
        ([9, 5, 3, 0.5], 10 ** (4 + 2 / 2.5)),  # linear in log n: 3 at 10^4, 0.5 at 10^5
        ([3, 1, 0.5, 0.2], 1000),  # below means less than: just at the threshold, and less ever after
        ([9, 0.5, 3, 0.0], 10 ** (4 + 2 / 3)),  # the first crossing does not last
        ([0.5, 0.4, 0.9, -2], 100),
        ([0.5, 0.2, 0.1, 1.2], np.inf),
    ],
)
def test_crossing_is_where_the_gap_falls_below_for_good(gaps, labels):
    assert crossing(SIZES, gaps, 1.0) == pytest.approx(labels)
    assert crossing(SIZES, [gaps, gaps], 1.0) == pytest.approx([labels, labels])


def test_crossing_of_a_single_size():
    assert crossing([500], [0.4], 1.0) == 500
    assert crossing([500], [1.4], 1.0) == np.inf


def test_bootstrap_has_the_mean_and_the_standard_error_of_the_test_sample():
    rng = np.random.default_rng(1)
    differences = rng.choice([-100, 0, 100], (1, 400), p=[0.1, 0.7, 0.2])
    replicates = bootstrap(differences, np.array([[0]]), replicates=4000)[:, 0]
    assert replicates.mean() == pytest.approx(differences.mean(), abs=0.15)
    assert replicates.std() == pytest.approx(differences.std() / 20, rel=0.05)


def test_bootstrap_has_the_variance_of_the_mean_over_seeds():
    gaps = np.array([0.0, 10.0, 20.0, 50.0])  # of four seeds, at one size, without sampling of test examples
    differences = np.repeat(gaps[:, None], 3, axis=1)
    replicates = bootstrap(differences, np.arange(4)[None], replicates=20_000)[:, 0]
    assert replicates.mean() == pytest.approx(gaps.mean(), rel=0.02)
    assert replicates.var() == pytest.approx(gaps.var(ddof=1) / 4, rel=0.05)


def test_a_size_without_the_drawn_seed_takes_the_seeds_it_has():
    sums = np.array([[4.0, 6.0, 3.0]])
    cells = np.array([[0, 1], [2, -1]])
    assert mean_gaps(sums, cells, np.array([[0, 1]])).tolist() == [[6.0, 3.0]]
    assert mean_gaps(sums, cells, np.array([[1, 1]])).tolist() == [[5.0, 3.0]]


def test_examples_are_drawn_jointly_for_all_sizes():
    """If two sizes have the same differences, their gaps are equal in every replicate."""
    differences = np.tile(np.random.default_rng(2).choice([-1, 0, 1], 200).astype(np.int8), (2, 1))
    replicates = bootstrap(differences, np.array([[0], [1]]), replicates=50)
    np.testing.assert_allclose(replicates[:, 0], replicates[:, 1])
    assert replicates[:, 0].std() > 0


def test_the_interval_covers_a_known_crossing_as_often_as_it_should():
    truth = crossing(SIZES, [9, 5, 3, 0.2], 1.0)
    covered = 0
    for trial in range(60):
        row = answer_row(*planted([9, 5, 3, 0.2], 1000, rng=np.random.default_rng(trial)), 1.0)
        assert row["labels_low"] <= row["labels_high"]
        covered += row["labels_low"] <= truth <= row["labels_high"]
    assert covered >= 52  # of 60; 57 are expected, and fewer than 52 come in one of 100 tries


def test_the_interval_is_not_wider_than_it_has_to_be():
    """With one seed and one size, the interval of the gap is 1.96 standard errors to each side."""
    differences = np.random.default_rng(3).choice([-100, 0, 100], (1, 2000), p=[0.1, 0.7, 0.2])
    row = answer_row([100], [0], differences, 1.0)
    gap, error = differences.mean(), differences.std() / np.sqrt(2000)
    assert row["gap_largest"] == pytest.approx(gap)
    assert row["gap_largest_low"] == pytest.approx(gap - 1.96 * error, abs=0.15 * error)
    assert row["gap_largest_high"] == pytest.approx(gap + 1.96 * error, abs=0.15 * error)


def test_more_test_examples_narrow_the_interval():
    few, many = (answer_row(*planted([9, 5, 3, -2], n), 1.0) for n in (500, 20_000))
    assert many["labels_high"] / many["labels_low"] < few["labels_high"] / few["labels_low"]
    assert many["labels_low"] <= crossing(SIZES, [9, 5, 3, -2], 1.0) <= many["labels_high"]


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
        {"dataset": "d", "arm": arm, "n": n, "seed": 0, "accuracy": accuracy,
         "accuracy_low": wilson_interval(round(200 * accuracy), 200)[0], "accuracy_high": 1.0, "accuracy_guessing": 0.5,
         "predicted_classes": 2.0, "folds": 0}
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
    (row,) = answers(gaps, scores, paths, 1.0, "accuracy").to_dict("records")
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
            rows.append({"dataset": "d", "arm": arm, "n": 100, "seed": seed, "accuracy": 1 - p.mean(), "folds": 5,
                         "accuracy_low": low, "accuracy_high": 1.0, "accuracy_guessing": 0.8,
                         "predicted_classes": 2.0})  # fmt: skip
    scores = pd.DataFrame(rows)
    names = {"dataset_title": "D", "arm_title": "L", "reference": "bert", "reference_title": "B",
             "selection": "validation"}  # fmt: skip
    gaps = scores[(scores["arm"] == "lstm") & (scores["seed"] != 8)].assign(gap=2.5, gap_se=5.0, **names)
    (row,) = answers(gaps, scores, paths, 1.0, "accuracy").to_dict("records")
    assert (row["test_examples"], row["seeds"], row["folds"], row["verdict"]) == (200, 1, 5, "not yet")
    assert row["gap_largest"] == pytest.approx(2.5) and not row["guessed_sizes"]  # 25 against 20 wrong of 200
    assert row["gap_largest_low"] < 0.5 and 4 < row["gap_largest_high"] < 8
