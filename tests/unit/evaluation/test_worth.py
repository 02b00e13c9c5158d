"""How many labels another arm needs for the reference arm's score: what was planted, and bounds elsewhere."""

import numpy as np
import pytest

from helpers.measured import arms
from pretrain_or_not.config.metric import ACCURACY
from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.evaluation.curves import Curve
from pretrain_or_not.evaluation.seed_variance import SeedVariance
from pretrain_or_not.evaluation.totals import Measured
from pretrain_or_not.evaluation.worth import COLUMNS, worth, worth_of

SIZES = [100, 300, 1000, 3000, 10_000]


def exact(scores, sizes, examples=1000):
    """Return the measured scores of one arm without any noise: each test example counts the same."""
    values = np.repeat(np.array(scores, float)[:, None], examples, axis=1)
    k = len(sizes)
    curve = Curve(np.array(sizes), np.full(k, 2), values, np.zeros(k), unit=0.0)
    return Measured(curve, np.full(k, 1e-12), SeedVariance(2.0, 22))


def test_a_power_law_gives_its_own_ratio_at_every_size():
    """The error of the arm is that of the reference arm with an eighth of the labels."""
    found = worth_of(exact([100 - 800 * n**-0.5 for n in SIZES], SIZES),
                     exact([100 - 800 * (n / 8) ** -0.5 for n in SIZES], SIZES), ACCURACY)  # fmt: skip
    assert found["ratio"][:3].to_numpy() == pytest.approx([8, 8, 8], rel=1e-3)
    assert found["ratio_low"][:3].to_numpy() == pytest.approx([8, 8, 8], rel=1e-2)
    assert np.isinf(found["ratio"][3:]).all() and np.isinf(found["labels_low"][3:]).all()  # 24,000 are more than 10,000
    assert found["largest"].eq(10_000).all() and found["score"][0] == pytest.approx(0.2)


def test_a_score_that_the_smallest_size_reaches_already():
    found = worth_of(exact([70, 80], [100, 1000]), exact([75, 85, 90], [300, 1000, 3000]), ACCURACY)
    assert found["labels"][0] == found["labels_high"][0] == 300 == found["smallest"][0]
    assert found["ratio"][0] == 3


def test_a_score_must_be_reached_for_good():
    found = worth_of(exact([80], [100]), exact([70, 85, 75, 90], [100, 300, 1000, 3000]), ACCURACY)
    assert 1000 < found["labels"][0] < 3000


def test_a_score_that_is_equalled_is_reached():
    found = worth_of(exact([80, 85], [100, 300]), exact([70, 80], [100, 300]), ACCURACY)
    assert found["labels"].tolist() == pytest.approx([300, np.inf])


def test_an_arm_that_is_behind_among_tiny_errors_has_not_reached_the_score():
    """All errors are below half a point, which is small, and yet not the same."""
    found = worth_of(exact([99.7, 99.85, 99.95], [100, 1000, 10_000], 10_000),
                     exact([99.51, 99.6, 99.85], [100, 1000, 10_000], 10_000), ACCURACY)  # fmt: skip
    high, at, low = np.arcsinh([4, 3, 1.5])  # 0.4, 0.3 and 0.15 points, in tenths
    assert found["labels"].tolist() == pytest.approx([1000 * 10 ** ((high - at) / (high - low)), 10_000, np.inf])
    assert worth_of(exact([100], [100]), exact([99.9, 100], [100, 300]), ACCURACY)["labels"][0] == pytest.approx(300)


def test_of_log_loss_less_is_better():
    found = worth_of(exact([0.5], [100]), exact([1.0, 0.25], [100, 10_000]), METRICS["log_loss"])
    assert found["labels"][0] == pytest.approx(1000, rel=1e-3)
    assert found["score"][0] == 0.5


def test_the_interval_covers_a_planted_ratio():
    covered = []
    for trial in range(30):
        errors = {"bert": lambda n: 0.9 * n**-0.25, "lstm": lambda n: 0.9 * (n / 6) ** -0.25}
        scores, curves, _ = arms(errors, SIZES, 500, noise=0.05, rng=np.random.default_rng(trial))
        row = worth(scores, curves, "bert", ACCURACY).iloc[1]
        covered.append(row["ratio_low"] <= 6 <= row["ratio_high"])
    assert np.mean(covered) >= 0.85


def test_rows_of_the_table():
    errors = {"bert": lambda n: 0.9 * n**-0.25, "lstm": lambda n: n**-0.2, "tfidf": lambda n: n**-0.22}
    scores, curves, _ = arms(errors, {"bert": [100, 1000], "lstm": SIZES, "tfidf": [100, 1000]})
    scores.loc[(scores["arm"] == "bert") & (scores["n"] == 100), "accuracy_low"] = 0.45  # no better than guessing
    table = worth(scores, curves, "bert", ACCURACY)
    assert list(table.columns) == COLUMNS
    assert table[["arm", "n"]].to_numpy().tolist() == [[arm, n] for arm in ("lstm", "tfidf") for n in (100, 1000)]
    assert table["guessed"].tolist() == [True, False] * 2 == table["labels"].isna().tolist()
    assert table["reference_title"].eq("BERT").all() and table["arm_title"][0] == "LSTM_1"


def test_too_few_test_examples_say_nothing():
    found = worth_of(exact([80], [100], 20), exact([70, 85], [100, 300], 20), ACCURACY)
    assert found.filter(regex="labels|ratio").isna().all(axis=None)
    assert worth(arms({"bert": lambda n: 0.2}, [100])[0], {}, "bert", ACCURACY).columns.tolist() == COLUMNS
