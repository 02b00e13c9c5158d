"""Means over seeds with total intervals: of cells, of rounds of folds, of groups."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import stats

from helpers.gaps import planted
from pretrain_or_not.config.metrics import ACCURACY
from pretrain_or_not.evaluation.group_totals import with_group_means
from pretrain_or_not.evaluation.pairs import pairs
from pretrain_or_not.evaluation.seed_variance import SeedVariance
from pretrain_or_not.evaluation.totals import measured_gaps, measured_scores, with_means
from pretrain_or_not.files.parquet import write_table


def test_each_cell_has_the_mean_of_its_size_and_one_interval():
    measured = planted([9, 5, 3, 0.5], 400, [2, 1, 2, 1])
    cells = [(n, seed) for n, k in zip(measured.curve.sizes, measured.curve.seeds, strict=True) for seed in range(k)]
    table = pd.DataFrame(cells, columns=["n", "seed"]).assign(dataset="d", arm="a", gap=7.0)
    rows = with_means(table, "gap", "gap", {("d", "a"): measured}, bounds=(-np.inf, 9.5)).drop_duplicates("n")
    assert rows["gap_mean"].tolist() == pytest.approx(measured.curve.means)
    assert (rows["gap_mean"] - rows["gap_mean_low"]).tolist() == pytest.approx(measured.half_widths())
    assert rows["gap_mean_high"].max() == 9.5
    unknown = with_means(table.assign(arm="b"), "gap", "gap", {("d", "a"): measured})
    assert set(unknown["gap_mean"]) == {7.0} and unknown["gap_mean_low"].isna().all()


def test_few_test_examples_have_no_interval():
    assert np.isnan(planted([9, 5, 3, 0.5], 49).half_widths()).all()
    assert np.isfinite(planted([9, 5, 3, 0.5], 50).half_widths()).all()


@pytest.fixture
def experiment(tmp_path):
    """Return (scores, gaps, paths) of two arms with two seeds at two sizes; at the first size, both guess."""
    rows, paths = [], {}
    wrong = {("big", 100): (50, 50), ("small", 100): (50, 50), ("big", 200): (20, 10), ("small", 200): (30, 40)}
    for (arm, n), counts in wrong.items():
        for seed, count in enumerate(counts):
            p = (np.arange(100) < count).astype(np.float32)
            path = paths["d", arm, n, seed] = tmp_path / f"{arm}{n}{seed}.parquet"
            table = pa.table({"id": np.arange(100), "label": np.zeros(100, np.int32), "p_a": 1 - p, "p_b": p})
            write_table(path, table, label_names=["a", "b"], arm=arm)
            rows.append({"dataset": "d", "arm": arm, "n": n, "seed": seed, "accuracy": 1 - count / 100, "folds": 0,
                         "accuracy_low": 0.9 - count / 100, "accuracy_high": 1.0, "accuracy_guessing": 0.5,
                         "predicted_classes": 2.0})  # fmt: skip
    scores = pd.DataFrame(rows)
    return scores, scores[scores["arm"] == "small"].assign(reference="big"), paths


def test_gaps_are_pooled_in_units_of_the_error_of_the_reference_where_not_both_guess(experiment):
    scores, gaps, paths = experiment
    (found,) = measured_gaps(gaps, scores, paths, ACCURACY).values()
    assert found.curve.means.tolist() == pytest.approx([0, 20])
    assert found.shape.tolist() == pytest.approx([(0.05 * 50) ** 2, (0.05 * 15) ** 2])
    # Gaps of 10 and 30 points. The two seeds differ on 20 of 100 examples by 100 points: half of that is not shared.
    apart = np.zeros(100)
    apart[10:20], apart[30:40] = 100, 100
    unshared = apart.var(ddof=1) / 2 / 100
    assert found.variance == pytest.approx(((200 - unshared) / found.shape[1], 1))


def test_scores_are_pooled_in_units_of_their_own_error(experiment):
    scores, _, paths = experiment
    found = measured_scores(scores, paths, ACCURACY)
    assert found["d", "big"].curve.means.tolist() == pytest.approx([50, 85])
    assert found["d", "small"].shape.tolist() == pytest.approx([(0.05 * 50) ** 2, (0.05 * 35) ** 2])
    assert found["d", "big"].variance == found["d", "small"].variance and found["d", "big"].variance.df == 2


def test_groups_have_the_total_interval_of_their_mean():
    cell = {"dataset": "d", "n": 100, "group": "city", "score_low": 0.8, "score_high": 0.8}
    rows = pd.DataFrame([
        cell | {"arm": arm, "seed": seed, "value": "x", "score": score, "gap": gap, "gap_se": error}
        for arm, seed, score, gap, error in [("big", 0, 0.9, 0.0, 0.0), ("big", 1, 0.8, 0.0, 0.0),
                                             ("small", 0, 0.8, 10.0, 0.0), ("small", 1, 0.6, 20.0, 0.0)]
    ])  # fmt: skip
    found = with_group_means(rows, "big", ACCURACY, {"d": SeedVariance(1.0, 2)}, {"d": SeedVariance(4.0, 4)})
    big, _, small, again = found.to_dict("records")
    assert small["gap_mean"] == 15 and small["gap_mean_high"] == again["gap_mean_high"]
    # Without test sampling: t distributions, a scale of 5 % of the error of 15 points, or of 30, two seeds.
    half = stats.t(6).ppf(0.975) * np.sqrt(6 / 6) * 0.05 * 15 / np.sqrt(2)
    assert small["gap_mean_high"] - 15 == pytest.approx(half, rel=0.01)
    half = stats.t(4).ppf(0.975) * np.sqrt(3 / 4) * 0.05 * 30 / np.sqrt(2) / 100
    assert small["score_mean"] - small["score_mean_low"] == pytest.approx(half, rel=0.01)
    assert big["gap_mean_low"] == big["gap_mean_high"] == 0 and big["score_mean"] == pytest.approx(0.85)


def test_pairs_are_the_gaps_from_both_sides(experiment):
    scores, gaps, paths = experiment
    titled = scores.assign(dataset_title="D", arm_title=scores["arm"].str.title())
    found = pairs(titled, paths, "big", ACCURACY).set_index(["arm", "n"])
    half = next(iter(measured_gaps(gaps, scores, paths, ACCURACY).values())).half_widths()
    assert found.loc["small", "gap"].tolist() == pytest.approx([0, 20])
    assert found.loc["small", "gap_high"].tolist() == pytest.approx([half[0], 20 + half[1]])
    assert found.loc["big", "gap"].tolist() == pytest.approx([0, -20])
    assert found.loc["big", "gap_low"].tolist() == pytest.approx([-half[0], -20 - half[1]])
    assert found.loc[("small", 200), ["other", "other_title", "metric"]].tolist() == ["big", "Big", "accuracy"]
    assert pairs(titled[titled["arm"] == "big"], paths, "big", ACCURACY).empty
