"""Gaps between groups beside those of the reference arm, in words."""

import pandas as pd

from pretrain_or_not.report.group_words import group_gap_lines


def rows(*arms):
    """Return rows of group_gaps.parquet: (arm, n, gap, difference, low, high) each, and two seeds."""
    return pd.DataFrame(
        {"arm": arm, "arm_title": arm.title(), "reference_title": "Big", "n": n, "seed": seed, "group": "country",
         "gap_mean": gap, "reference_gap_mean": gap - difference, "gap_difference": difference,
         "gap_difference_low": low, "gap_difference_high": high}
        for arm, n, gap, difference, low, high in arms for seed in (0, 1)
    )  # fmt: skip


def test_arms_that_differ_clearly_are_told_apart_from_the_others():
    table = rows(("small", 10, 90, 50, 40, 60), ("small", 100, 8, 5, 2, 8), ("tiny", 100, 4, 1, -2, 4))
    lead, _, line = group_gap_lines(table, set())
    assert lead.startswith("Groups, beside the reference arm, **Big**: how many points of accuracy more lie between")
    assert lead.endswith("(in brackets: 95 % intervals for test examples and seeds together).")
    assert line == (
        "- by country: **Small** has 8.0 points between its groups with 100 labels, the reference 3.0: +5.0 "
        "(+2.0 to +8.0); no clear difference: **Tiny** +1.0 (−2.0 to +4.0)."
    )
    assert group_gap_lines(table, {"small"})[2] == "- by country: no clear difference: **Tiny** +1.0 (−2.0 to +4.0)."
    assert group_gap_lines(table.assign(gap_difference=float("nan")), set()) == []
