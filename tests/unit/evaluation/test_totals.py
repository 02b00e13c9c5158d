"""Means over seeds with total intervals: of cells, of rounds of folds, of groups."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import stats

from helpers.gaps import planted
from pretrain_or_not.config.metric import ACCURACY
from pretrain_or_not.evaluation.crossing import answers
from pretrain_or_not.evaluation.curves import Curve
from pretrain_or_not.evaluation.group_totals import with_group_means
from pretrain_or_not.evaluation.pairs import pairs
from pretrain_or_not.evaluation.seed_variance import SeedVariance
from pretrain_or_not.evaluation.totals import Measured, measured_gaps, measured_scores, with_means
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
            rows.append(one_cell(tmp_path, paths, arm, n, seed, np.arange(100) < count))
    scores = pd.DataFrame(rows)
    return scores, scores[scores["arm"] == "small"].assign(reference="big"), paths


def one_cell(folder, paths, arm, n, seed, wrong, low=0.1):
    """Write the predictions of a cell, add their path to `paths`; return the cell's row of scores.parquet.

    wrong: bool, which of the test examples. low: how far the end of the interval is below the score.
    """
    p, score = wrong.astype(np.float32), 1 - wrong.mean()
    path = paths["d", arm, n, seed] = folder / f"{arm}{n}{seed}.parquet"
    table = pa.table({"id": np.arange(len(p)), "label": np.zeros(len(p), np.int32), "p_a": 1 - p, "p_b": p})
    write_table(path, table, label_names=["a", "b"], arm=arm)
    return {"dataset": "d", "dataset_title": "D", "arm": arm, "arm_title": arm.title(), "family": arm, "n": n,
            "seed": seed, "accuracy": score, "folds": 0, "accuracy_low": score - low, "accuracy_high": 1.0,
            "accuracy_guessing": 0.5, "predicted_classes": 2.0, "selection": "validation",
            "pretraining_models": None}  # fmt: skip


def test_gaps_are_pooled_in_units_of_the_error_of_the_reference_where_not_both_guess(experiment):
    scores, gaps, paths = experiment
    (found,) = measured_gaps(gaps, scores, paths, ACCURACY).values()
    assert found.curve.means.tolist() == pytest.approx([0, 20])
    assert found.shape.tolist() == pytest.approx([(0.05 * 50) ** 2, (0.05 * 15) ** 2])
    # Gaps of 10 and 30 points. The two seeds differ on 20 of 100 examples by 100 points: half of that is not shared.
    apart = np.zeros(100)
    apart[10:20], apart[30:40] = 100, 100
    unshared = apart.var(ddof=1) / 2 / 100
    assert found.variance == pytest.approx(((200 - unshared) / found.shape[1] + 2, 1 + 2))


def test_scores_are_pooled_in_units_of_their_own_error(experiment):
    scores, _, paths = experiment
    found = measured_scores(scores, paths, ACCURACY)
    assert found["d", "big"].curve.means.tolist() == pytest.approx([50, 85])
    assert found["d", "small"].shape.tolist() == pytest.approx([(0.05 * 50) ** 2, (0.05 * 35) ** 2])
    # At the first size, both arms guess. Of 10 points between two seeds, what they do not share is test sampling.
    unshared = np.repeat([100.0, 0.0], [10, 90]).var(ddof=1) / 2 / 100
    own = {arm: (50 - unshared) / found["d", arm].shape[1] for arm in ("big", "small")}
    for arm, other in (("big", "small"), ("small", "big")):
        assert found["d", arm].variance == pytest.approx((own[arm] + 2 * (own[other] + 2) / (1 + 2), 1 + 2))


def test_an_arm_that_guesses_changes_no_interval_of_others(experiment, tmp_path):
    """Its gaps swing with the class that is most frequent in a subset, and doubled or tripled everybody's interval."""
    scores, _, paths = experiment
    rng, rows = np.random.default_rng(0), []
    for n, seed, right in ((100, 0, 0.3), (100, 1, 0.7), (200, 0, 0.7), (200, 1, 0.3)):
        rows.append(one_cell(tmp_path, paths, "majority", n, seed, rng.permutation(100) >= 100 * right))
        rows.append(one_cell(tmp_path, paths, "tiny", n, seed, np.arange(100) < 40 + seed))
    with_it = pd.concat([scores, pd.DataFrame(rows)], ignore_index=True)
    with_it.loc[with_it["arm"] == "majority", "predicted_classes"] = 1.0
    found = {}
    for name, cells in (("with", with_it), ("without", with_it[with_it["arm"] != "majority"])):
        gaps = cells[cells["arm"] != "big"].assign(reference="big", reference_title="Big", gap=0.0)
        measured = measured_gaps(gaps, cells, paths, ACCURACY)
        learns = cells[cells["family"] != "majority"]
        rows = answers(gaps, cells, measured, 1.0, "accuracy").set_index("arm")
        found[name] = {key: gap.half_widths().tolist() for key, gap in measured.items() if "majority" not in key}
        found[name]["score"] = {key: own.half_widths().tolist() for key, own in
                                measured_scores(cells, paths, ACCURACY).items() if "majority" not in key}  # fmt: skip
        found[name]["arms"] = rows["arms"].unique().tolist()
        pair = pairs(learns, measured, paths, "big", ACCURACY).set_index(["arm", "other", "n"])
        for arm in ("small", "tiny"):
            ends = rows.loc[arm, ["gap_largest_low", "gap_largest_high"]].tolist()
            assert pair.loc[(arm, "big", 200), ["gap_low", "gap_high"]].tolist() == pytest.approx(ends)
    assert found["with"] == found["without"] and found["with"]["arms"] == [2]


def seeds_known(squares, df, seeds=2):
    """Return what all test examples tell of seeds at 100 labels."""
    curve = Curve(np.array([100]), np.array([seeds]), np.zeros((1, 2)), np.zeros(1))
    return Measured(curve, np.ones(1), SeedVariance(squares, df))


def test_groups_have_the_total_interval_of_their_mean():
    cell = {"dataset": "d", "n": 100, "group": "city", "score_se": 0.0, "test_examples": 10**9}
    rows = pd.DataFrame([
        cell | {"arm": arm, "seed": seed, "value": "x", "score": score, "gap": gap, "gap_se": error}
        for arm, seed, score, gap, error in [("big", 0, 0.9, 0.0, 0.0), ("big", 1, 0.8, 0.0, 0.0),
                                             ("small", 0, 0.8, 10.0, 0.0), ("small", 1, 0.6, 20.0, 0.0)]
    ])  # fmt: skip
    known = [{("d", "small"): seeds_known(*c)} for c in ((3.0, 4), (6.0, 6))]
    found = with_group_means(rows, "big", ACCURACY, known[0], known[1])
    big, _, small, again = found.to_dict("records")
    assert small["gap_mean"] == 15 and small["gap_mean_high"] == again["gap_mean_high"]
    # Without test sampling: t distributions, a scale of 5 % of the error of 15 points, or of 30, two seeds.
    half = stats.t(6).ppf(0.975) * np.sqrt(6 / 6) * 0.05 * 15 / np.sqrt(2)
    assert small["gap_mean_high"] - 15 == pytest.approx(half, rel=0.01)
    half = stats.t(4).ppf(0.975) * np.sqrt(3 / 4) * 0.05 * 30 / np.sqrt(2) / 100
    assert small["score_mean"] - small["score_mean_low"] == pytest.approx(half, rel=0.01)
    assert big["gap_mean_low"] == big["gap_mean_high"] == 0 and big["score_mean"] == pytest.approx(0.85)
    # Both cells share a pretrained model: they are one seed.
    one = with_group_means(rows, "big", ACCURACY, {("d", "small"): seeds_known(3.0, 4, 1)}, known[1]).iloc[2]
    assert one["score_mean"] - one["score_mean_low"] == pytest.approx(np.sqrt(2) * half, rel=0.01)


def test_groups_of_an_arm_without_labels_have_no_chance_of_seeds():
    """The total interval is then that of test sampling alone."""
    cell = {"dataset": "d", "n": 0, "group": "city", "arm": "asked", "seed": 0, "gap": 10.0, "test_examples": 10**9}
    rows = pd.DataFrame([cell | {"value": value, "score": score, "score_se": 0.02, "gap_se": 1.5}
                         for value, score in (("x", 0.8), ("y", 0.7))])  # fmt: skip
    first = with_group_means(rows, "big", ACCURACY, {}, {}).iloc[0]
    above = rows.assign(score=1 + 2e-16)  # as macro-F1 may be by an error of arithmetic
    assert (with_group_means(above, "big", ACCURACY, {}, {})[["score_mean", "score_mean_high"]] == 1).all(axis=None)
    assert first["score_mean_high"] - first["score_mean"] == pytest.approx(1.96 * 0.02, rel=1e-3)
    assert first["gap_mean_high"] - first["gap_mean"] == pytest.approx(1.96 * 1.5, rel=1e-3)
    assert first["spread_mean_high"] - first["spread_mean"] == pytest.approx(1.96 * 2 * np.sqrt(2), rel=1e-3)


def test_the_worst_group_is_behind_the_best_by_a_gap_with_a_total_interval():
    cell = {"dataset": "d", "n": 100, "group": "city", "seed": 0}
    rows = pd.DataFrame([
        cell | {"arm": arm, "value": value, "score": score, "gap": gap, "score_se": 0.02, "gap_se": error,
                "test_examples": examples}
        for arm, value, score, gap, error, examples in [
            ("big", "x", 0.9, 0.0, 0.0, 400), ("big", "y", 0.85, 0.0, 0.0, 100), ("big", "z", 0.1, 0.0, 0.0, 19),
            ("small", "x", 0.8, 10.0, 1.0, 400), ("small", "y", 0.7, 15.0, 2.0, 100), ("small", "z", 0.2, -10.0, 9, 19)]
    ])  # fmt: skip
    quiet = {("d", arm): seeds_known(1e-9, 40, 1) for arm in ("big", "small")}
    found = with_group_means(rows, "big", ACCURACY, quiet, quiet).set_index(["arm", "value"])
    small, big = found.loc[("small", "z")], found.loc[("big", "x")]
    assert (small["spread_mean"], big["spread_mean"]) == pytest.approx((10, 5))  # y behind x; z is too small
    unseen = (1.96 * 100 / 400) ** 2 + 1.96**2
    assert small["spread_mean_high"] - 10 == pytest.approx(1.96 * np.sqrt(2**2 + 2**2 + unseen), rel=1e-3)
    # Paired: how much more than with the reference arm.
    assert small["spread_gap"] == pytest.approx(5)
    assert 5 - small["spread_gap_low"] == pytest.approx(1.96 * np.sqrt(1 + 2**2 + unseen), rel=1e-3)
    assert big["spread_gap_low"] == big["spread_gap_high"] == 0
    alone = with_group_means(rows[rows["value"] == "x"], "big", ACCURACY, quiet, quiet)
    assert alone["spread_mean"].isna().all()


def test_pairs_are_the_gaps_from_both_sides(experiment):
    scores, gaps, paths = experiment
    measured = measured_gaps(gaps, scores, paths, ACCURACY)
    found = pairs(scores, measured, paths, "big", ACCURACY).set_index(["arm", "n"])
    half = next(iter(measured.values())).half_widths()
    assert found.loc["small", "gap"].tolist() == pytest.approx([0, 20])
    assert found.loc["small", "gap_high"].tolist() == pytest.approx([half[0], 20 + half[1]])
    assert found.loc["big", "gap"].tolist() == pytest.approx([0, -20])
    assert found.loc["big", "gap_low"].tolist() == pytest.approx([-half[0], -20 - half[1]])
    assert found.loc[("small", 200), ["other", "other_title", "metric"]].tolist() == ["big", "Big", "accuracy"]
    assert pairs(scores[scores["arm"] == "big"], {}, paths, "big", ACCURACY).empty
