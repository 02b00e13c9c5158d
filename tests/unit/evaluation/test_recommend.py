"""What to use: the best arm, the cheapest one that is close to it, and what they cost."""

import math

import numpy as np
import pandas as pd
import pytest

from helpers.three_arms import SCORES, TITLES, curves, pairs, times
from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.evaluation.recommend import Prices, Question, at, curves_of, recommend, times_of
from pretrain_or_not.report.recommendation_words import break_even_words, gain_words, sentences

ACCURACY = METRICS["accuracy"]


def ask(n=10_000, batch=32, limit=None, tolerance=1.0, prices=None):
    return recommend(curves(), pairs(), times(), Question(n, batch, limit, tolerance), prices or Prices(), ACCURACY)


@pytest.mark.parametrize(
    ("keys", "best", "cheapest"),
    [
        ({}, "big", "small"),  # 0.5 points behind
        ({"tolerance": 0.4}, "big", "big"),
        ({"tolerance": 3.0}, "big", "tiny"),
        ({"n": 100}, "big", "big"),
        ({"n": 1000, "tolerance": 2.0}, "big", "small"),
        ({"limit": 1.0}, "small", "small"),
        ({"limit": 1.0, "batch": 1, "tolerance": 3.0}, "small", "tiny"),
        ({"limit": 0.01}, None, None),
        ({"batch": 8}, "big", "big"),  # not timed
        ({"n": 99}, None, None),
    ],
)
def test_the_cheapest_of_the_close_arms_is_chosen(keys, best, cheapest):
    found = ask(**keys)
    assert (found.best, found.cheapest) == (best, cheapest)


def test_between_sizes_numbers_are_linear_in_the_logarithm():
    assert at(curves()[lambda t: t["arm"] == "big"], math.sqrt(100 * 1000), "score", "low") == pytest.approx(
        [0.84, 0.82]
    )
    assert ask(n=math.sqrt(1e7)).arms.loc["small", "gap"] == pytest.approx(1.25)
    assert all(map(math.isnan, at(curves(), 20_000, "score")))


def test_prices():
    arms = ask(prices=Prices(label=0.1, hour=2.0, predictions=3.6e6)).arms
    assert arms.loc["big", "once"] == pytest.approx(1000 + 2 * 10_000 / 3600)
    assert arms["monthly"].tolist() == pytest.approx([2 * 2.1, 2 * 0.4, 2 * 0.012])  # 1,000 hours at 1 ms
    only_labels = ask(prices=Prices(label=0.1)).arms
    assert only_labels["once"].tolist() == [1000.0] * 3 and only_labels["monthly"].isna().all()
    assert ask().arms[["once", "monthly"]].isna().all().all()


def test_a_metric_of_which_less_is_better():
    losses = curves().assign(score=1 - curves()["score"])
    asked = Question(10_000, 32, None, 0.0)
    assert recommend(losses, pairs(), times(), asked, Prices(), METRICS["log_loss"]).best == "big"


def test_sentences():
    question = Question(10_000, 32, None, 1.0)
    prices = Prices(0.1, 2.0, 3.6e6)
    assert sentences(question, ask(prices=prices), ACCURACY) == [
        f"With 10,000 labels, {TITLES['big']} has the best accuracy: 93.0 % (91.0 % to 95.0 %).",
        "Small is close to it, 0.5 points behind (−0.3 to 1.3), and takes 0.4 ms for a text instead of 2.1 ms.",
        "It may be more than 1 point behind: the interval goes beyond.",
        f"With these prices, Small costs 0.80 per month, {TITLES['big']} 4.20.",
    ]
    limited = Question(10_000, 32, 1.0, 0.2)
    assert sentences(limited, ask(limit=1.0, tolerance=0.2), ACCURACY)[1:] == [
        "No cheaper one is within 0.2 points of it.",
        f"Left out, as they take longer than 1 ms or were not timed: {TITLES['big']}.",
    ]


def test_without_times_no_arm_is_called_cheaper():
    question = Question(10_000, 0, None, 5.0)
    found = recommend(curves(), pairs(), times()[:0], question, Prices(0.1, 2.0, 1e6), ACCURACY)
    assert found.best == found.cheapest == "big"
    assert sentences(question, found, ACCURACY)[1:] == [
        "Whether another one is cheaper is not known, as it was not timed."
    ]


def test_what_twice_the_labels_brought():
    assert gain_words(curves(), ["small", "big", "small"], ACCURACY) == [
        f"Between 1,000 and 10,000 labels, twice the labels brought Small 2.0 points and {TITLES['big']} 1.5 points."
    ]


def test_break_even():
    row = {
        "arm": "small",
        "arm_title": "Small",
        "reference": "big",
        "reference_title": "Big",
        "n": 100,
        "labels": 350.0,
    }
    worth = pd.DataFrame([row, row | {"n": 1000, "labels": 1840.0}, row | {"n": 10_000, "labels": math.inf}])
    prices = Prices(0.1, 2.0, 3.6e7)
    assert break_even_words(worth, ask(prices=prices).arms, prices) == [
        "Small needs about 1,800 labels for the score of Big with 1,000: 840 more, for 84. It saves 34 per month, so "
        "they are paid back after 2.5 months."
    ]
    assert break_even_words(worth, ask().arms, Prices()) == []
    assert break_even_words(worth.assign(labels=math.inf), ask(prices=prices).arms, prices) == []


def test_curves_and_times_from_the_tables():
    cells = pd.DataFrame({
        "dataset": "d", "arm": ["a", "a", "b"], "arm_title": ["A", "A", "B"], "n": 10, "accuracy": [0.5, 0.7, np.nan],
        "score_mean": 0.6, "score_mean_low": 0.4, "score_mean_high": 0.8, "sweep_seconds": [3600.0, 7200.0, 1.0],
    })  # fmt: skip
    assert curves_of(cells, ACCURACY).to_dict("records") == [
        {"dataset": "d", "arm": "a", "arm_title": "A", "n": 10, "score": 0.6, "low": 0.4, "high": 0.8, "hours": 1.5}
    ]
    measured = pd.DataFrame({
        "dataset": "d", "arm": ["a", "a", "a", "b"], "device": ["cpu", "cpu", "cuda", "cpu"], "batch_size": 32,
        "start": ["tokens", "text", "text", "tokens"], "ms": [1.0, 2.0, 0.1, 3.0], "peak_memory_mb": 7, "busy": False,
    })  # fmt: skip
    found = times_of(measured)
    assert found[["arm", "batch", "ms"]].to_numpy().tolist() == [["a", 32, 2.0], ["b", 32, 3.0]]
    assert times_of(measured[measured["device"] == "cuda"])["ms"].tolist() == [0.1]
    assert times_of(measured[:0]).empty and set(SCORES) == {"big", "small", "tiny"}
