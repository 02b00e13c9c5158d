"""Curves, pairs and times of three arms with known numbers, as recommendations take them."""

import itertools

import pandas as pd

HOSTILE = '</script><script>throw Error("hacked")</script><img src=x onerror=alert(1)>&amp; "a"'
TITLES = {"big": f"Big {HOSTILE}", "small": "Small", "tiny": "Tiny"}
SIZES = [100, 1000, 10_000]
SCORES = {"big": [0.80, 0.88, 0.93], "small": [0.70, 0.86, 0.925], "tiny": [0.60, 0.80, 0.90]}
MEMORY = {"big": 300.0, "small": 100.0, "tiny": 80.0}
MS = {"big": {1: 9.0, 32: 2.1}, "small": {1: 0.9, 32: 0.4}, "tiny": {1: 0.1, 32: 0.012}}


def curves():
    """Return the curves; intervals reach 0.02 to each side, training takes a second per label for `big`."""
    return pd.DataFrame(
        {"dataset": "d", "arm": arm, "arm_title": TITLES[arm], "n": n, "score": score, "low": score - 0.02,
         "high": score + 0.02, "hours": n / 3600 * MS[arm][1] / 9, "floor": score - 0.02, "guessing": 0.5,
         "test_examples": 1000, "validation": 500.0}
        for arm in SCORES for n, score in zip(SIZES, SCORES[arm], strict=True)
    )  # fmt: skip


def pairs():
    """Return the gaps of each two arms, in points; intervals reach 0.8 to each side."""
    return pd.DataFrame(
        {"dataset": "d", "arm": arm, "other": other, "n": n, "gap": gap, "gap_low": gap - 0.8, "gap_high": gap + 0.8}
        for arm, other in itertools.permutations(SCORES, 2) for i, n in enumerate(SIZES)
        for gap in [100 * (SCORES[other][i] - SCORES[arm][i])]
    )  # fmt: skip


def without_most_labels(table, arm):
    """Return rows of curves or pairs without those of an arm at the largest size. arm: name, None for none."""
    of_arm = (table[[column for column in ("arm", "other") if column in table]] == arm).any(axis=1)
    return table[~(of_arm & (table["n"] == SIZES[-1]))]


def pairs_of_other_seeds(*ahead):
    """Return the gaps where, on the seeds that both arms have, the first of each two arms is 2 points ahead."""
    table = pairs()
    for first, second in ahead:
        for arm, other, gap in ((first, second, -2.0), (second, first, 2.0)):
            rows = (table["arm"] == arm) & (table["other"] == other)
            table.loc[rows, ["gap", "gap_low", "gap_high"]] = [gap, gap - 0.8, gap + 0.8]
    return table


def doubtful(table, guessing=0.5, tests=1000, tied=False, incomplete=None):
    """Return rows of curves or pairs of arms that cannot be told apart.

    guessing: score of guessing. tests: number of test examples; of fewer than 50, intervals are not known. tied:
    whether `small` is exactly as good as `big`. incomplete: name of an arm without a complete round of folds.
    """
    table = table.copy()
    if tied and "score" in table:
        table.loc[table["arm"] == "small", "score"] = SCORES["big"]
        table = table.assign(low=table["score"] - 0.02, high=table["score"] + 0.02)
    elif tied:
        level = table["arm"].isin(["big", "small"]) & table["other"].isin(["big", "small"])
        table.loc[level, ["gap", "gap_low", "gap_high"]] = [0.0, -0.8, 0.8]
    if "score" in table:
        table.loc[table["arm"] == incomplete, ["low", "high"]] = float("nan")
    else:
        table = table[(table["arm"] != incomplete) & (table["other"] != incomplete)]
    if tests < 50:
        table[[name for name in ("low", "high", "gap_low", "gap_high") if name in table]] = float("nan")
    return table.assign(guessing=guessing, test_examples=tests) if "score" in table else table


def times_of_arms(**ms):
    """Return the times, of some arms other ones for a text among 32, with intervals of 10 % to each side."""
    table = times()
    for arm, value in ms.items():
        at = (table["arm"] == arm) & (table["batch"] == 32)
        table.loc[at, ["ms", "ms_low", "ms_high", "cpu_ms"]] = [value, 0.9 * value, 1.1 * value, value]
    return table


def times():
    """Return the times; the machine was busy while `tiny` was timed."""
    return pd.DataFrame(
        {"dataset": "d", "arm": arm, "batch": batch, "ms": ms, "ms_low": 0.9 * ms, "ms_high": 1.1 * ms,
         "cpu_ms": ms / 2 if arm == "tiny" else ms, "busy": arm == "tiny",
         "memory_mb": MEMORY[arm]}
        for arm in MS for batch, ms in MS[arm].items()
    )  # fmt: skip
