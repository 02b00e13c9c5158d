"""Curves, pairs and times of three arms with known numbers, as recommendations take them."""

import itertools

import pandas as pd

HOSTILE = '</script><script>throw Error("hacked")</script><img src=x onerror=alert(1)>&amp; "a"'
TITLES = {"big": f"Big {HOSTILE}", "small": "Small", "tiny": "Tiny"}
SIZES = [100, 1000, 10_000]
SCORES = {"big": [0.80, 0.88, 0.93], "small": [0.70, 0.86, 0.925], "tiny": [0.60, 0.80, 0.90]}
MS = {"big": {1: 9.0, 32: 2.1}, "small": {1: 0.9, 32: 0.4}, "tiny": {1: 0.1, 32: 0.012}}


def curves():
    """Return the curves; intervals reach 0.02 to each side, training takes a second per label for `big`."""
    return pd.DataFrame(
        {"dataset": "d", "arm": arm, "arm_title": TITLES[arm], "n": n, "score": score, "low": score - 0.02,
         "high": score + 0.02, "hours": n / 3600 * MS[arm][1] / 9}
        for arm in SCORES for n, score in zip(SIZES, SCORES[arm], strict=True)
    )  # fmt: skip


def pairs():
    """Return the gaps of each two arms, in points; intervals reach 0.8 to each side."""
    return pd.DataFrame(
        {"dataset": "d", "arm": arm, "other": other, "n": n, "gap": gap, "gap_low": gap - 0.8, "gap_high": gap + 0.8}
        for arm, other in itertools.permutations(SCORES, 2) for i, n in enumerate(SIZES)
        for gap in [100 * (SCORES[other][i] - SCORES[arm][i])]
    )  # fmt: skip


def times():
    """Return the times; the machine was busy while `tiny` was timed."""
    return pd.DataFrame(
        {"dataset": "d", "arm": arm, "batch": batch, "ms": ms, "busy": arm == "tiny", "memory_mb": 100.0}
        for arm in MS for batch, ms in MS[arm].items()
    )  # fmt: skip
