"""What to use: the best arm, the cheapest one that is close to it, and what they cost."""

import math

import numpy as np
import pandas as pd
import pytest

from helpers.three_arms import (
    SCORES,
    TITLES,
    curves,
    doubtful,
    pairs,
    pairs_of_other_seeds,
    times,
    times_of_arms,
    without_most_labels,
)
from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.evaluation.arm_tables import curves_of, times_of
from pretrain_or_not.evaluation.recommend import Prices, Question, at, recommend
from pretrain_or_not.report.break_even_words import break_even_words
from pretrain_or_not.report.recommendation_words import gain_words, sentences

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


def test_with_folds_guessing_is_told_from_a_round_not_from_a_fold():
    cells = pd.DataFrame({
        "dataset": "d", "arm": "a", "arm_title": "A", "n": 160, "accuracy": [0.62, 0.6, 0.58, 0.64, 0.61],
        "score_mean": 0.61, "score_mean_low": 0.5, "score_mean_high": 0.7, "sweep_seconds": 1.0,
        "accuracy_low": [0.46, 0.44, 0.42, 0.48, 0.45], "accuracy_high": 0.75, "accuracy_guessing": 0.5,
        "test_examples": 40, "folds": 5, "selection": "validation", "validation_examples": 16, "seed": range(5),
    })  # fmt: skip
    (row,) = curves_of(cells, ACCURACY).to_dict("records")
    assert row["test_examples"] == 200
    uneven = cells.assign(test_examples=[20, 12, 10, 70, 8])  # as where rows are kept together
    assert curves_of(uneven, ACCURACY)["test_examples"].tolist() == [120]
    second = pd.concat([uneven, uneven[:2].assign(seed=[5, 6])])  # a round that is not complete
    assert curves_of(second, ACCURACY)["test_examples"].tolist() == [120]
    assert curves_of(uneven[:4], ACCURACY)["test_examples"].tolist() == [140]  # as if the fifth had 28, too
    assert row["floor"] == pytest.approx(0.61 - 0.16 / math.sqrt(5)) and row["floor"] > row["guessing"]


def test_the_cheapest_arm_is_quicker_than_the_best_one():
    """`level` is not clearly slower than the quickest arm, but no quicker than the best one."""
    names = ["best", "quickest", "level"]
    scores = pd.DataFrame({"dataset": "d", "arm": names, "arm_title": names, "n": 100, "score": [0.9, 0.893, 0.895],
                           "low": 0.8, "high": 0.95, "hours": 1.0, "floor": 0.8, "guessing": 0.5, "validation": 0,
                           "test_examples": 1000})  # fmt: skip
    timed = pd.DataFrame({"dataset": "d", "arm": names, "batch": 32, "ms": [2.0, 1.0, 3.0], "ms_low": [1.9, 0.9, 1.4],
                          "ms_high": [2.1, 1.5, 3.5], "memory_mb": 1, "busy": False})  # fmt: skip
    none = pd.DataFrame(columns=["arm", "other", "n", "gap", "gap_low", "gap_high"])
    found = recommend(scores, none, timed, Question(100, 32, None, 1.0), Prices(), ACCURACY)
    assert (found.best, found.cheapest) == ("best", "quickest")


@pytest.mark.parametrize(("metric", "sign"), [("accuracy", 1), ("log_loss", -1)])
def test_scores_of_other_sizes_are_compared_by_both_of_their_intervals(metric, sign):
    """Newcombe 1998, method 10, by hand: the intervals reach further to one side than to the other."""
    names, metric = ["best", "other"], METRICS[metric]
    low, high = ([0.85, 0.7], [0.92, 0.84]) if sign > 0 else ([0.08, 0.16], [0.15, 0.3])
    scores = pd.DataFrame({"dataset": "d", "arm": names, "arm_title": names, "n": 100,
                           "score": [0.9, 0.8] if sign > 0 else [0.1, 0.2], "low": low, "high": high, "hours": 1.0,
                           "floor": 0.8, "guessing": 0.5, "test_examples": 1000, "validation": 0})  # fmt: skip
    none = pd.DataFrame(columns=["arm", "other", "n", "gap", "gap_low", "gap_high", "batch", "ms"])
    arms = recommend(scores, none, none, Question(500, 32, None, 1.0), Prices(), metric).arms
    gap = [0.1, 0.1 - math.hypot(0.05, 0.04), 0.1 + math.hypot(0.02, 0.1)]
    assert arms.loc["other", ["gap", "gap_low", "gap_high"]].tolist() == pytest.approx([metric.scale * g for g in gap])


def test_prices():
    arms = ask(prices=Prices(label=0.1, hour=2.0, predictions=3.6e6)).arms
    assert arms.loc["big", "once"] == pytest.approx(1000 + 50 + 2 * 10_000 / 3600)
    assert arms["monthly"].tolist() == pytest.approx([2 * 2.1, 2 * 0.4, 2 * 0.012])  # 1,000 hours at 1 ms
    only_labels = ask(prices=Prices(label=0.1)).arms
    assert only_labels["once"].tolist() == [1050.0] * 3 and only_labels["monthly"].isna().all()
    assert ask().arms[["once", "monthly"]].isna().all().all()


def test_beyond_its_largest_size_an_arm_uses_as_many_labels_as_that():
    """`big` with 1,000 labels: 88.0 %, `tiny` with 10,000: 90.0 %, `small` 92.5 %, each ± 2 points."""
    few, pairs_few = (without_most_labels(table, "big") for table in (curves(), pairs()))
    prices = Prices(0.1, 2.0, 3.6e6)
    found = recommend(few, pairs_few, times(), Question(10_000, 32, None, 1.0), prices, ACCURACY)
    assert (found.best, found.cheapest) == ("small", "small")
    big = found.arms.loc["big"]
    assert (big["used"], big["score"], big["once"]) == pytest.approx((1000, 0.88, 100 + 50 + 2 * 1000 / 3600))
    half = 100 * math.hypot(0.02, 0.02)
    assert big[["gap", "gap_low", "gap_high"]].tolist() == pytest.approx([4.5, 4.5 - half, 4.5 + half])
    # An arm that is best with fewer labels is the answer, and says so.
    worse = few.replace({"score": {0.925: 0.875, 0.90: 0.86}})
    few = worse.assign(low=worse["score"] - 0.02, high=worse["score"] + 0.02)
    question = Question(10_000, 32, None, 1.0)
    found = recommend(few, pairs_few, times(), question, Prices(), ACCURACY)
    assert (found.best, found.cheapest) == ("big", "small")
    assert sentences(question, found, ACCURACY, Prices())[:3] == [
        f"With 10,000 labels, {TITLES['big']}, trained on 1,000 of them, has the best accuracy: 88.0 % (86.0 % to "
        "90.0 %).",
        f"{RIVALS}Tiny may be better.",
        "Small is close to it, 0.5 points behind (−2.3 to 3.3), and takes 0.4 ms for a text instead of 2.1 ms.",
    ]


def test_arms_without_a_common_size_are_compared_by_their_scores():
    losses = curves().assign(score=1 - curves()["score"], low=1 - curves()["high"], high=1 - curves()["low"] + 0.01)
    found = recommend(losses, pairs()[:0], times(), Question(1000, 32, None, 0.1), Prices(), METRICS["log_loss"])
    # 0.14 − 0.12; each reaches 0.02 down and 0.03 up, and log loss is shown as it is
    half = math.hypot(0.02, 0.03)
    assert found.arms.loc["small", ["gap", "gap_low", "gap_high"]].tolist() == pytest.approx(
        [0.02, 0.02 - half, 0.02 + half]
    )
    assert (found.best, found.cheapest) == ("big", "tiny")


@pytest.mark.parametrize("tolerance", [-1.0, -100.0])
def test_the_best_arm_is_close_to_itself_whatever_the_tolerance(tolerance):
    assert ask(tolerance=tolerance).cheapest == "big"


@pytest.mark.parametrize(
    ("prices", "said"),
    [
        (Prices(), None),
        (Prices(label=0.1), "With these prices, Small costs 1,050 for labels (validation included); Big costs 1,050 "
         "for labels (validation included)."),
        (Prices(hour=2.0), "With these prices, Small costs 0.56 for training; Big costs 5.56 for training."),
        (Prices(hour=2.0, predictions=3.6e6), "With these prices, Small costs 0.56 for training, and 0.80 per month; "
         "Big costs 5.56 for training, and 4.20 per month."),
    ],
)  # fmt: skip
def test_what_the_named_arms_cost_in_all(prices, said):
    question = Question(10_000, 32, None, 1.0)
    found = sentences(question, ask(prices=prices), ACCURACY, prices)
    costs = [line.replace(TITLES["big"], "Big") for line in found if line.startswith("With these prices")]
    assert costs == ([said] if said else [])
    alone = sentences(
        Question(10_000, 32, None, 0.0), ask(tolerance=0.0, prices=Prices(label=0.1)), ACCURACY, Prices(0.1)
    )
    assert alone[-1] == f"With these prices, {TITLES['big']} costs 1,050 for labels (validation included)."


@pytest.mark.parametrize(
    ("target", "n", "enough", "said"),
    [
        # An interval of ± 2 points: the score is 1.2816 / 1.96 of it, 1.31 points, above the target or more.
        (88.69, 10_000, "tiny", "Tiny is the cheapest that reaches the target, 88.7 %, with a chance of at least 90 %: "
         "it has 90.0 % and takes 0.012 ms for a text."),
        (88.70, 10_000, "small", None),
        (91.7, 10_000, None, "No model reaches the target, 91.7 %, with a chance of at least 90 %."),
        (79.0, 1000, "small", None),
        (None, 10_000, None, None),
    ],
)  # fmt: skip
def test_the_cheapest_arm_that_is_good_enough(target, n, enough, said):
    question = Question(n, 32, None, 1.0, target)
    found = recommend(curves(), pairs(), times(), question, Prices(), ACCURACY)
    assert found.enough == enough
    words = [line for line in sentences(question, found, ACCURACY, Prices()) if "target" in line]
    assert len(words) == (target is not None) and (said is None or words == [said])


def test_a_loss_is_good_enough_below_the_target():
    losses = curves().assign(score=1 - curves()["score"], low=1 - curves()["high"], high=1 - curves()["low"])
    for target, enough in ((0.0832, "big"), (0.0830, None)):  # 0.07 + 0.0131
        question = Question(10_000, 32, None, 0.0, target)
        assert recommend(losses, pairs(), times(), question, Prices(), METRICS["log_loss"]).enough == enough


def test_a_metric_of_which_less_is_better():
    losses = curves().assign(score=1 - curves()["score"])
    asked = Question(10_000, 32, None, 0.0)
    assert recommend(losses, pairs(), times(), asked, Prices(), METRICS["log_loss"]).best == "big"


def test_sentences():
    question = Question(10_000, 32, None, 1.0)
    prices = Prices(0.1, 2.0, 3.6e6)
    assert sentences(question, ask(prices=prices), ACCURACY, prices) == [
        f"With 10,000 labels, {TITLES['big']} has the best accuracy: 93.0 % (91.0 % to 95.0 %).",
        "Small is close to it, 0.5 points behind (−0.3 to 1.3), and takes 0.4 ms for a text instead of 2.1 ms.",
        "It may be more than 1 point behind: the interval goes beyond.",
        "Training, with all tries, took 17 min instead of 2.8 h.",
        "The process that classifies takes 100 MB instead of 300 MB.",
        f"With these prices, Small costs 1,051 for labels (validation included) and training, and 0.80 "
        f"per month; {TITLES['big']} costs 1,056 for labels (validation included) and training, and 4.20 per month.",
    ]
    limited = Question(10_000, 32, 1.0, 0.2)
    # Small is the best of those in time, and Tiny clearly behind it.
    assert sentences(limited, ask(limit=1.0, tolerance=0.2), ACCURACY, Prices())[1:] == [
        "No cheaper one is within 0.2 points of it.",
        "Training, with all tries, took 17 min.",
        "The process that classifies takes 100 MB.",
        f"Left out, as they take longer than 1 ms or were not timed: {TITLES['big']}.",
    ]


def test_without_times_no_arm_is_called_cheaper():
    question = Question(10_000, 0, None, 5.0)
    found = recommend(curves(), pairs(), times()[:0], question, Prices(), ACCURACY)
    assert found.best == found.cheapest == "big"
    assert sentences(question, found, ACCURACY, Prices())[1:] == [
        f"{RIVALS}Small may be better.",
        "Whether another one is cheaper is not known, as it was not timed.",
        "Training, with all tries, took 2.8 h.",
    ]


RIVALS = "That it is the best is not certain: with other test texts and seeds, "


def words_of(pairs, times, tolerance=1.0, prices=None):
    """Return the recommendation with 10,000 labels, and the sentences on the best arm and the cheapest one."""
    question = Question(10_000, 32, None, tolerance)
    found = recommend(curves(), pairs, times, question, prices or Prices(), ACCURACY)
    said = sentences(question, found, ACCURACY, prices or Prices())
    return found, [
        line.replace(TITLES["big"], "Big") for line in said if not line.startswith((RIVALS, "Training", "The process"))
    ]


def test_arms_that_may_be_better_than_the_best_are_named():
    """Small is 0.5 points behind (−0.3 to 1.3). Where it is the cheapest, its interval is told."""
    question = Question(10_000, 32, None, 0.2)
    for tolerance, named in ((0.2, True), (1.0, False)):
        found = recommend(curves(), pairs(), times(), question._replace(tolerance=tolerance), Prices(), ACCURACY)
        said = sentences(question, found, ACCURACY, Prices())
        assert (f"{RIVALS}Small may be better." in said) == named


def test_the_best_arm_is_that_of_the_gaps_where_mean_scores_are_of_other_seeds():
    """Big has 93.0 % as the mean over more seeds; on those of Small, it is behind."""
    found, said = words_of(pairs_of_other_seeds(("small", "big")), times())
    assert (found.best, found.cheapest) == ("small", "small")
    assert said == [
        "With 10,000 labels, Small has the best accuracy: 92.5 % (90.5 % to 94.5 %).",
        "Big has 93.0 %, but not from the same seeds and sizes: where both were measured, it is 2.0 points behind "
        "(1.2 to 2.8).",
        "No cheaper one is within 1 point of it.",
    ]


def test_where_each_arm_is_behind_another_one_none_is_a_negative_number_behind():
    found, said = words_of(pairs_of_other_seeds(("small", "big"), ("tiny", "small")), times())
    assert (found.best, found.cheapest) == ("big", "small")  # each is 2 or more points behind another one: the first
    assert said[1] == (
        "Small is close to it, 2.0 points ahead (1.2 to 2.8), and takes 0.4 ms for a text instead of 2.1 ms."
    )


@pytest.mark.parametrize("prices", [Prices(0.0, 0.0, 0.0), Prices(None, 0.0, 1e6), Prices(None, 2.0, 0.0)])
def test_prices_of_nothing_do_not_hide_the_cheaper_arm(prices):
    found, said = words_of(pairs(), times(), prices=prices)
    assert (found.best, found.cheapest) == ("big", "small") and said[1].startswith("Small is close to it")


@pytest.mark.parametrize(
    ("untimed", "tolerance", "said"),
    [
        (["small"], 1.0, ["No cheaper one that was timed is within 1 point of it.",
                          "Small is within 1 point of the best, but was not timed."]),
        (["small", "tiny"], 4.0, ["No cheaper one that was timed is within 4 points of it.",
                                  "Small, Tiny are within 4 points of the best, but were not timed."]),
        (["small"], 0.2, ["No cheaper one is within 0.2 points of it."]),
        ([], 0.2, ["No cheaper one is within 0.2 points of it.",
                   "Small may be within 0.2 points: it is 0.5 points behind (−0.3 to 1.3), and takes 0.4 ms for a text "
                   "instead of 2.1 ms."]),
        (["tiny"], 4.0, ["Small is close to it, 0.5 points behind (−0.3 to 1.3), and takes 0.4 ms for a text instead "
                         "of 2.1 ms.", "Tiny is within 4 points of the best, but was not timed."]),
        (["big"], 1.0, ["Whether another one is cheaper is not known, as it was not timed."]),
    ],
)  # fmt: skip
def test_arms_that_were_not_timed_are_not_said_to_be_dearer(untimed, tolerance, said):
    timed = times()
    _, found = words_of(pairs(), timed[~timed["arm"].isin(untimed)], tolerance)
    assert found[1:] == said


@pytest.mark.parametrize(
    ("ms", "cheapest"),
    [
        ({"small": 1.6}, "big"),  # 2.1 ms: intervals of 10 % to each side are apart, but it is no quarter less
        ({"small": 1.57}, "small"),
        ({"small": 2.05, "tiny": 2.0}, "big"),
    ],
)
def test_an_arm_is_cheaper_only_if_it_is_clearly_quicker(ms, cheapest):
    found, said = words_of(pairs(), times_of_arms(**ms), tolerance=4.0 if "tiny" in ms else 1.0)
    assert (found.best, found.cheapest) == ("big", cheapest)
    level = {"big": "Small is within 1 point of it, but not clearly cheaper.", "small": "Small is close to it"}
    level = level if "tiny" not in ms else {"big": "Small; and Tiny are within 4 points of it, but not clearly cheaper"}
    assert said[1].startswith(level[cheapest])


def test_without_intervals_of_times_a_quarter_less_is_cheaper():
    for small, cheapest in ((1.57, "small"), (1.58, "big")):
        timed = times_of_arms(small=small).assign(ms_low=math.nan, ms_high=math.nan)
        assert words_of(pairs(), timed)[0].cheapest == cheapest


@pytest.mark.parametrize(("cpu_ms", "cheapest"), [(2.0, "small"), (0.9, "small"), (0.75, "big"), (math.nan, "small")])
def test_where_the_machine_was_busy_an_arm_is_quicker_than_what_the_other_one_computed(cpu_ms, cheapest):
    """Small takes 0.4 ms, ± 10 %, and big 2.1 ms; half of 0.9 is 0.45."""
    timed = times()
    timed.loc[timed["arm"] == "big", ["busy", "cpu_ms"]] = [True, cpu_ms]
    found, said = words_of(pairs(), timed)
    assert found.cheapest == cheapest
    unclear = "Small is within 1 point of it, but not clearly cheaper, as far as times on a busy machine tell."
    assert (unclear in said) == (cheapest == "big")


def test_an_arm_that_was_timed_on_a_busy_machine_hides_none_that_is_cheaper():
    """Tiny was timed on a busy machine. Its interval reaches that of big, 1.89 ms, that of small does not."""
    for tiny in (1.2, 1.8):
        assert words_of(pairs(), times_of_arms(small=1.3, tiny=tiny), tolerance=4.0)[0].cheapest == "small"


def test_an_arm_that_is_as_good_as_the_best_one_is_not_only_close_to_it():
    question = Question(10_000, 32, None, 1.0)
    level = [doubtful(table, tied=True) for table in (curves(), pairs())]
    found = recommend(*level, times_of_arms(small=2.0), question, Prices(), ACCURACY)
    said = sentences(question, found, ACCURACY, Prices())
    assert said[0] == f"With 10,000 labels, {TITLES['big']} and Small have the best accuracy: 93.0 %."
    assert "No cheaper one is within 1 point of it." in said


def test_of_arms_that_are_about_as_quick_the_better_one_is_the_cheapest():
    assert words_of(pairs(), times_of_arms(tiny=0.39), tolerance=4.0)[0].cheapest == "small"
    assert words_of(pairs(), times_of_arms(tiny=0.3), tolerance=4.0)[0].cheapest == "tiny"


def test_times_on_a_busy_machine_are_said_to_be_too_long():
    said = words_of(pairs(), times(), tolerance=4.0)[1][1]
    assert said.endswith("takes 0.012 ms for a text instead of 2.1 ms (the machine was busy, so the time is too long).")


@pytest.mark.parametrize(("metric", "worse"), [("accuracy", 0.91), ("log_loss", 0.05)])
def test_where_no_arm_is_better_than_guessing_that_is_said_first(metric, worse):
    """Big has 93 % and 91 to 95 % or, as a loss, 0.07 and 0.05 to 0.09."""
    measured, table = METRICS[metric], curves()
    if metric == "log_loss":
        table = table.assign(score=1 - table["score"], floor=1 - table["floor"])
    question, said = Question(10_000, 32, None, 1.0), {}
    for guessing in (worse - 0.001, worse + 0.041):
        found = recommend(table.assign(guessing=guessing), pairs(), times(), question, Prices(), measured)
        said[guessing] = sentences(question, found, measured, Prices())[0]
    better = {"accuracy": worse - 0.001, "log_loss": worse + 0.041}[metric]
    guess = said.pop(better), *said.values()
    assert guess[0].startswith("With 10,000 labels, Big")
    assert guess[1] == {
        "accuracy": "No model is clearly better than guessing (95.1 %, by always answering the most frequent class).",
        "log_loss": "No model is clearly better than guessing (0.049 nats, by giving every text the shares of the "
                    "classes as probabilities).",
    }[metric]  # fmt: skip


def test_an_arm_that_guesses_is_no_choice_however_cheap():
    """Small is 0.5 points behind Big, 90.5 to 94.5 %; guessing has 91 %."""
    question = Question(10_000, 32, None, 1.0, target=90.5)
    guessing = curves().assign(guessing=0.906)
    found = recommend(guessing, pairs(), times(), question, Prices(), ACCURACY)
    assert (found.best, found.cheapest, found.enough) == ("big", "big", "big")
    assert found.arms["possible"].tolist() == [True, False, False]
    said = sentences(question, found, ACCURACY, Prices())
    assert "No cheaper one is within 1 point of it." in said and not any("Tiny" in text for text in said)
    assert said[-1] == "Left out, as not clearly better than guessing (90.6 %): Small."


def test_an_arm_that_guesses_is_told_where_nothing_can_be_ranked():
    """Of few test examples, no interval tells guessing apart; of incomplete folds, there is no interval of the gap."""
    question, said = Question(10_000, 32, None, 1.0), []
    for doubts in ({"tests": 20, "guessing": 0.906}, {"incomplete": "small", "guessing": 0.906}):
        table, gaps = (doubtful(rows, **doubts) for rows in (curves(), pairs()))
        found = recommend(table, gaps, times(), question, Prices(), ACCURACY)
        said.append(sentences(question, found, ACCURACY, Prices()))
    assert said[0][0].startswith("The models cannot be ranked: 20 test examples are too few")
    assert said[0][2].startswith("Small is close to it, 0.5 points behind, and takes ")
    assert said[1][-1] == "Left out, as not clearly better than guessing (90.6 %): Small."


def test_without_a_complete_round_of_folds_the_best_is_not_known():
    question = Question(10_000, 32, None, 1.0)
    few, known = (doubtful(table, incomplete="small") for table in (curves(), pairs()))
    said = sentences(question, recommend(few, known, times(), question, Prices(), ACCURACY), ACCURACY, Prices())
    assert said[1] == (
        "Whether it is better than Small is not known: without a complete round of folds, there is no interval."
    )


def test_arms_are_not_ranked_by_few_test_examples_and_a_tie_names_both():
    question = Question(10_000, 32, None, 1.0)
    few, level = (doubtful(table, tests=20, tied=True) for table in (curves(), pairs()))
    said = sentences(question, recommend(few, level, times(), question, Prices(), ACCURACY), ACCURACY, Prices())
    assert said[:3] == [
        "The models cannot be ranked: 20 test examples are too few, and chance alone can make them differ.",
        f"With 10,000 labels, {TITLES['big']} and Small have the best accuracy: 93.0 %.",
        "Small is close to it, 0.0 points behind, and takes 0.4 ms for a text instead of 2.1 ms.",
    ]
    many, level = (doubtful(table, tests=50, tied=True) for table in (curves(), pairs()))
    said = sentences(question, recommend(many, level, times(), question, Prices(), ACCURACY), ACCURACY, Prices())
    assert said[0] == f"With 10,000 labels, {TITLES['big']} and Small have the best accuracy: 93.0 %."


def test_what_twice_the_labels_brought():
    assert gain_words(curves(), ["small", "big", "small"], ACCURACY) == [
        f"Between 1,000 and 10,000 labels, twice the labels brought Small 2.0 points and {TITLES['big']} 1.5 points."
    ]
    assert gain_words(curves().replace({"n": {1000: 9000}}), ["small"], ACCURACY) == []  # the noise, times seven


def test_break_even():
    row = {
        "arm": "small",
        "arm_title": "Small",
        "reference": "big",
        "reference_title": "Big",
        "n": 100,
        "labels": 350.0,
        "labels_low": 300.0,
        "labels_high": 400.0,
        "smallest": 100,
    }
    second = row | {"n": 1000, "labels": 1840.0, "labels_low": 900.0, "labels_high": 3000.0}
    worth = pd.DataFrame([row, second, row | {"n": 10_000, "labels": math.inf, "labels_high": math.inf}])
    prices = Prices(0.1, 2.0, 3.6e7)
    said = (
        "Small needs about 1,800 labels for the score of Big with 1,000: 840 more, for 84. It saves 34 per month, so "
        "they are paid back after 2.5 months (95 % interval: 0.0 to 5.9)."
    )
    assert break_even_words(worth, ask(prices=prices).arms, prices) == [said]
    open_end = worth.assign(labels_low=[300.0, 1400.0, 300.0], labels_high=math.inf)
    said = said.replace("0.0 to 5.9", "1.2 or more")
    assert break_even_words(open_end, ask(prices=prices).arms, prices) == [said]
    assert break_even_words(worth, ask().arms, Prices()) == []
    assert break_even_words(worth.assign(smallest=1840), ask(prices=prices).arms, prices) == []  # 1,840 or fewer
    assert break_even_words(worth.assign(labels=math.inf), ask(prices=prices).arms, prices) == []


def test_curves_and_times_from_the_tables():
    cells = pd.DataFrame({
        "dataset": "d", "arm": ["a", "a", "b"], "arm_title": ["A", "A", "B"], "n": 10, "accuracy": [0.5, 0.7, np.nan],
        "score_mean": 0.6, "score_mean_low": 0.4, "score_mean_high": 0.8, "sweep_seconds": [3600.0, 7200.0, 1.0],
        "accuracy_low": [0.2, 0.3, 0.1], "accuracy_high": 0.9, "accuracy_guessing": [0.4, 0.5, 0.6],
        "test_examples": [20, 30, 10], "folds": 0, "selection": "validation", "validation_examples": 7,
        "seed": [0, 1, 0],
    })  # fmt: skip
    assert curves_of(cells, ACCURACY).to_dict("records") == [
        {"dataset": "d", "arm": "a", "arm_title": "A", "n": 10, "score": 0.6, "low": 0.4, "high": 0.8, "hours": 1.5,
         "floor": 0.25, "guessing": 0.45, "test_examples": 20, "validation": 7}
    ]  # fmt: skip
    for counted_elsewhere in ({"selection": "test"}, {"budget": "total"}):
        assert curves_of(cells.assign(**counted_elsewhere), ACCURACY)["validation"].tolist() == [0]
    measured = pd.DataFrame({
        "dataset": "d", "arm": ["a", "a", "a", "b"], "device": ["cpu", "cpu", "cuda", "cpu"], "batch_size": 32,
        "start": ["tokens", "text", "text", "tokens"], "ms": [1.0, 2.0, 0.1, 3.0], "ms_low": 0.1, "ms_high": 3.0,
        "peak_memory_mb": 7, "busy": False, "cpu_ms": [1.0, 2.0, float("nan"), 3.0],
    })  # fmt: skip
    measured = measured.assign(length=None)
    found = times_of(measured, ["d"])
    assert found[["arm", "batch", "ms"]].to_numpy().tolist() == [["a", 32, 2.0], ["b", 32, 3.0]]
    assert times_of(measured[measured["device"] == "cuda"], ["d"])["ms"].tolist() == [0.1]
    # Times of a length are taken with one dataset, and hold in all of them.
    everywhere = times_of(measured.assign(length=64), ["d", "e"])
    assert everywhere[["dataset", "arm", "ms"]].to_numpy().tolist() == [
        ["d", "a", 2.0], ["e", "a", 2.0], ["d", "b", 3.0], ["e", "b", 3.0],
    ]  # fmt: skip
    assert times_of(measured[:0], ["d"]).empty and set(SCORES) == {"big", "small", "tiny"}
