"""What a teacher has brought, in words."""

import pandas as pd

from helpers.plan import make_catalogue
from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.report.teacher_words import teacher_lines

TITLES = {"taught": "LSTM, taught", "lstm": "LSTM", "big": "MiniLM", "other": "Other"}
TEACHERS = {"taught": {"teacher": "big", "plain": "lstm"}}


def pair(arm, other, n, gap):
    return {"arm": arm, "arm_title": TITLES[arm], "other": other, "other_title": TITLES[other], "n": n, "gap": gap,
            "gap_low": gap - 1.0, "gap_high": gap + 1.0}  # fmt: skip


PAIRS = pd.DataFrame(
    [
        pair("taught", "big", 100, 9.0),
        pair("taught", "big", 1000, 2.0),
        pair("taught", "lstm", 1000, -3.1),
        pair("lstm", "big", 1000, 5.1),
    ]
)
ARMS = pd.DataFrame(
    {"ms": {"taught": 0.25, "lstm": 0.25, "big": 8.0}, "busy": dict.fromkeys(("taught", "lstm", "big"), False)}
)


def test_a_taught_arm_is_compared_with_its_teacher_and_with_the_same_arm_alone():
    assert teacher_lines(PAIRS, ARMS, TEACHERS, METRICS["accuracy"]) == [
        "What a teacher brings, besides the cost of training and asking it, which no training time here holds:",
        "",
        "- **LSTM, taught**, which takes 0.25 ms for a text instead of 8 ms: with 1,000 labels, 2.0 points behind its "
        "teacher, **MiniLM**, (1.0 to 3.0) and 3.1 points ahead of the arm without a teacher, **LSTM**, (2.1 to 4.1).",
        "",
    ]


def test_times_of_a_busy_machine_are_said_to_be_too_long():
    busy = ARMS.assign(busy=[False, False, True])
    told = teacher_lines(PAIRS, busy, TEACHERS, METRICS["accuracy"])[2]
    assert "for a text instead of 8 ms (the machine was busy, so the time is too long): with 1,000 labels" in told


def test_both_gaps_are_those_of_one_number_of_labels():
    """The plain arm was left out at the largest size; the taught arm was also compared with a further arm."""
    pairs = PAIRS[(PAIRS["other"] != "lstm") | (PAIRS["n"] != 1000)]
    pairs = pd.concat([pairs, pd.DataFrame([pair("taught", "lstm", 100, -6.0), pair("taught", "other", 5000, 3.0)])])
    (_, _, line, _) = teacher_lines(pairs, ARMS, TEACHERS, METRICS["accuracy"])
    assert ": with 100 labels, 9.0 points behind its teacher" in line and "6.0 points" in line and "1,000" not in line


def test_what_a_teacher_brings_is_told_at_small_sizes_too():
    more = [pair("taught", other, n, gap) for other, n, gap in (("lstm", 100, -15.9), ("big", 300, 5.0),
            ("lstm", 300, -9.0), ("big", 5000, 1.0), ("lstm", 5000, -0.5))]  # fmt: skip
    few = pd.concat([PAIRS, pd.DataFrame(more[:1])])
    (_, _, line, _) = teacher_lines(few, ARMS, TEACHERS, METRICS["accuracy"])
    assert (
        "with 100 labels, 9.0 points behind its teacher, **MiniLM**, (8.0 to 10.0) and 15.9 points ahead of the arm "
        "without a teacher, **LSTM**, (14.9 to 16.9); with 1,000 labels, 2.0 points behind its teacher (1.0 to 3.0) "
        "and 3.1 points ahead of the arm without a teacher (2.1 to 4.1)." in line
    )
    (_, _, line, _) = teacher_lines(pd.concat([PAIRS, pd.DataFrame(more)]), ARMS, TEACHERS, METRICS["accuracy"])
    assert "with 100 labels, " in line and "with 5,000 labels, " in line and "300 labels" not in line


def test_what_was_not_timed_or_not_measured_is_left_out():
    unknown = ARMS.assign(ms=float("nan"))
    alone = {"taught": {"teacher": "big", "plain": None}}
    (_, _, line, _) = teacher_lines(PAIRS, unknown, alone, METRICS["accuracy"])
    assert line == (
        "- **LSTM, taught**: with 100 labels, 9.0 points behind its teacher, **MiniLM**, (8.0 to 10.0); with 1,000 "
        "labels, 2.0 points behind its teacher (1.0 to 3.0)."
    )
    assert teacher_lines(PAIRS[PAIRS["arm"] == "lstm"], ARMS, TEACHERS, METRICS["accuracy"]) == []
    assert teacher_lines(PAIRS, ARMS, {}, METRICS["accuracy"]) == []


def test_the_plain_arm_is_that_with_the_same_recipe():
    lstm = {"family": "lstm", "tokenizer": "tiny", "learning_rates": [1e-2]}
    arms = {
        "taught": lstm | {"title": "taught", "teacher": {"arm": "bert"}},
        "other": lstm | {"learning_rates": [1e-3]},
        "twin": lstm,
    }
    names = ["bert", "other", "twin", "taught"]
    assert make_catalogue(arms=arms, experiment={"arms": names}).teachers() == {
        "taught": {"teacher": "bert", "plain": "twin"}
    }
    found = make_catalogue(arms=arms, experiment={"arms": ["bert", "other", "taught"]}).teachers()
    assert found == {"taught": {"teacher": "bert", "plain": None}}
