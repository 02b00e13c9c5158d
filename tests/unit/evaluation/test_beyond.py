"""What to expect with more labels: rows per arm and horizon, or the reason why there are none."""

import numpy as np
import pytest

from helpers.measured import arms
from pretrain_or_not.config.metric import ACCURACY
from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.evaluation import beyond as module
from pretrain_or_not.evaluation import extrapolation
from pretrain_or_not.evaluation.beyond import COLUMNS, beyond, horizons, observe, of_gap
from pretrain_or_not.evaluation.seed_variance import SeedVariance

SIZES = [100, 300, 1000, 3000, 10_000]
ERRORS = {
    "bert": lambda n: 0.04 + 0.46 / (1 + (n / 30) ** 0.5),
    "lstm": lambda n: 0.05 + 0.45 / (1 + (n / 400) ** 0.6),
    "tfidf": lambda n: 0.3 - n / 1e6,
}


@pytest.fixture(scope="module", autouse=True)
def fewer_draws():
    """Draw less than in a run, to save time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extrapolation, "DRAWS", 10_000)
        yield


@pytest.fixture(scope="module")
def planted():
    """Return (scores, curves, gaps) of three arms."""
    return arms(ERRORS, SIZES, noise=0.03)


@pytest.fixture(scope="module")
def table(planted):
    scores, curves, gaps = planted
    return beyond(scores, gaps, curves, "bert", 1.0, ACCURACY)


def rows(table, arm, what):
    """Return the rows of an arm, and the one of each horizon in times the largest size."""
    found = table[(table["arm"] == arm) & (table["what"] == what)]
    return found, lambda times: found.iloc[(found["times"] - times).abs().argmin()]


def test_horizons_reach_from_the_largest_size_to_ten_times_it():
    grid = horizons(22_877)
    assert (grid[0], grid[-1]) == (22_877, 228_770) and 45_754 in grid
    assert (np.diff(grid) > 0).all() and (np.diff(horizons(8)) > 0).all()


def test_each_arm_has_its_score_and_each_but_the_reference_its_gap(table):
    assert list(table.columns) == COLUMNS
    kinds = table[["arm", "what"]].drop_duplicates().to_numpy().tolist()
    assert kinds == [["bert", "score"], ["lstm", "score"], ["lstm", "gap"], ["tfidf", "score"], ["tfidf", "gap"]]
    assert table.loc[table["refused"].isna(), "sizes"].eq(5).all()


@pytest.mark.parametrize("times", [1, 2, 10])
def test_scores_and_gaps_are_near_what_was_planted(table, times):
    for arm in ("bert", "lstm"):
        row = rows(table, arm, "score")[1](times)
        truth = 1 - ERRORS[arm](row["n"])
        assert row["low_95"] < truth < row["high_95"] and row["median"] == pytest.approx(truth, abs=0.025)
    row = rows(table, "lstm", "gap")[1](times)
    truth = 100 * (ERRORS["lstm"](row["n"]) - ERRORS["bert"](row["n"]))
    assert row["low_95"] < truth < row["high_95"] and row["median"] == pytest.approx(truth, abs=3)


def test_quantiles_are_in_order_and_spread_with_the_horizon(table):
    found, at = rows(table, "lstm", "gap")
    order = ["low_95", "low_80", "low_50", "median", "high_50", "high_80", "high_95"]
    assert (np.diff(found[order], axis=1) > 0).all()
    widths = [at(times)["high_95"] - at(times)["low_95"] for times in (1, 2, 10)]
    assert widths == sorted(widths) and found["within"].between(0, 1).all()


def test_the_chance_is_that_of_a_gap_below_the_threshold(planted):
    scores, curves, gaps = planted
    curves = {key: curves[key] for key in (("d", "bert"), ("d", "lstm"))}
    tables = [beyond(scores, gaps, curves, "bert", threshold, ACCURACY) for threshold in (-50.0, 4.0, 50.0)]
    never, some, always = (rows(table, "lstm", "gap")[1](10) for table in tables)
    assert (never["within"], always["within"]) == (0, 1)
    assert (some["within"] > 0.5) == (some["median"] < 4)
    assert rows(tables[0], "lstm", "score")[0]["within"].isna().all()


def test_arms_that_learned_faster_than_said_are_marked(table):
    assert table.groupby("arm")["faster"].first().to_dict() == {"bert": False, "lstm": True, "tfidf": False}
    assert not table["reference_faster"].any()


def test_a_reference_that_learns_faster_than_said_is_marked(planted):
    scores, curves, gaps = planted
    table = beyond(scores, gaps, curves, "lstm", 1.0, ACCURACY)
    assert table["reference_faster"].all()


def test_an_arm_does_not_change_what_is_said_of_another(planted, table):
    scores, curves, gaps = planted
    alone = beyond(scores, {("d", "lstm"): gaps["d", "lstm"]}, {k: curves[k] for k in (("d", "bert"), ("d", "lstm"))},
                   "bert", 1.0, ACCURACY)  # fmt: skip
    first, second = (t[t["arm"] == "lstm"].reset_index(drop=True) for t in (table, alone))
    assert first.equals(second)


def test_the_noise_is_that_of_test_examples_and_seeds(planted):
    _, curves, _ = planted
    lstm = curves["d", "lstm"]._replace(variance=SeedVariance(10.0, 4))
    seen = observe(lstm, 100 - lstm.curve.means, 0.5, ACCURACY, 0.5)
    assert seen.covariance == pytest.approx(0.5 * (lstm.curve.test_covariance + np.diag(10 / 4 * lstm.shape / 2)))
    assert (seen.guessing, seen.worst) == (50, 100)
    assert observe(lstm, 100 - lstm.curve.means, 0.5, METRICS["mcc"]).worst == 200


def test_the_two_arms_of_a_gap_share_its_noise(planted, monkeypatch):
    _, curves, gaps = planted
    gap, seen = gaps["d", "lstm"], []
    monkeypatch.setattr(
        module, "extrapolate", lambda observed, at, rng: (seen.append(observed), (np.zeros((1, 3)), None))[1]
    )
    of_gap(gap, curves["d", "bert"], ("LSTM", "BERT"), 0.5, ACCURACY)
    noise = gap.curve.test_covariance + np.diag(gap.variance.centre * gap.shape / gap.curve.seeds)
    np.testing.assert_allclose(sum(observed.covariance for observed in seen), noise)


@pytest.mark.parametrize(
    ("errors", "sizes", "examples", "metric", "reason"),
    [
        (ERRORS, [100, 10_000], 4000, "accuracy", "it takes 3 sizes, the largest 8 times the smallest or more, "
         "and there are 2"),
        (ERRORS, [100, 200, 500], 4000, "accuracy", "must be 8 times the smallest one, and is 5.0 times"),
        (ERRORS | {"lstm": lambda n: 0.5}, SIZES, 4000, "accuracy", "LSTM_1 is hardly better than guessing"),
        (ERRORS | {"lstm": lambda n: 0.1 + 0.2 * (n > 5000)}, SIZES, 4000, "accuracy",
         "LSTM_1 gets worse from 3,000 to 10,000 labels"),
        (ERRORS | {"bert": lambda n: 0.1 + 0.2 * (n > 5000)}, SIZES, 4000, "accuracy",
         "BERT gets worse from 3,000 to 10,000 labels"),
        (ERRORS, SIZES, 20, "accuracy", "20 test examples are too few"),
        (ERRORS, SIZES, 4000, "log_loss", "needs a metric with a best and a worst score, and log loss has none"),
    ],
)  # fmt: skip
def test_the_reason_stands_in_the_one_row_of_what_is_refused(errors, sizes, examples, metric, reason):
    scores, curves, gaps = arms({arm: errors[arm] for arm in ("bert", "lstm")}, sizes, examples)
    scores = scores.assign(log_loss_guessing=0.7)
    row = rows(beyond(scores, gaps, curves, "bert", 1.0, METRICS[metric]), "lstm", "gap")[0]
    assert len(row) == 1 and reason in row["refused"].iloc[0]
    assert row[["median", "low_95", "within"]].isna().all(axis=None)
    assert row["n"].iloc[0] == row["largest"].iloc[0] == sizes[-1]


def test_without_any_curve_there_is_an_empty_table(planted):
    assert beyond(planted[0], {}, {}, "bert", 1.0, ACCURACY).columns.tolist() == COLUMNS
    assert set(beyond(planted[0].assign(budget="total"), {}, {}, "bert", 1.0, ACCURACY)) == {*COLUMNS, "budget"}


def test_the_table_says_that_labels_for_validation_are_counted(planted):
    scores, curves, _ = planted
    of_one = {key: curve for key, curve in curves.items() if key[1] == "tfidf"}
    assert set(beyond(scores.assign(budget="total"), {}, of_one, "bert", 1.0, ACCURACY)["budget"]) == {"total"}
