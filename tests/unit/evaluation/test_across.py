"""Gaps across data sets, and the mean over all sizes: hand-computed values, and planted truths."""

import numpy as np
import pandas as pd
import pytest

from helpers.gaps import planted
from helpers.measured import arms
from helpers.tables import write_frame
from pretrain_or_not.config.metric import ACCURACY
from pretrain_or_not.evaluation.across import across, interval, signed_rank
from pretrain_or_not.evaluation.curves import curve_of
from pretrain_or_not.evaluation.efficiency import efficiency, mean_over_labels, weights
from pretrain_or_not.evaluation.seed_variance import PRIOR
from pretrain_or_not.evaluation.totals import Measured
from pretrain_or_not.report.across_words import across_lines, efficiency_lines
from pretrain_or_not.report.frames import read_frame


def exactly(gaps, sizes):
    """Return a measured curve with these means; half of the test examples are a point above, half below."""
    spread = np.tile([1.0, -1.0], 100)
    return Measured(
        curve_of((n, gap + spread) for n, gap in zip(sizes, gaps, strict=True)), np.zeros(len(sizes)), PRIOR
    )


def datasets(gaps, sizes=("100", "10pct")):
    """Return scores and measured gaps of an arm. gaps: of each data set, at its sizes; 10 % are 200 labels or more."""
    rows, measured = [], {}
    for place, own in enumerate(gaps):
        names = sizes[: len(own)]
        counts = [int(size) if size.isdigit() else 200 + 10 * place for size in names]
        measured[f"d{place}", "lstm"] = exactly(own, counts)
        rows += [
            {"dataset": f"d{place}", "dataset_title": f"D_{place}", "arm": arm, "arm_title": arm.upper(), "size": size,
             "n": n}
            for arm in ("bert", "lstm") for size, n in zip(names, counts, strict=True)
        ]  # fmt: skip
    return pd.DataFrame(rows), measured


def found(gaps):
    return across(*datasets(gaps), "bert", ACCURACY)


def test_the_mean_gap_is_that_of_sizes_that_all_data_sets_have():
    table = found([[1.0, 2.0], [4.0, 6.0]]).set_index("size")
    assert table["gap"].to_dict() == pytest.approx({"100": 2.5, "10pct": 4.0})
    assert table.loc["10pct", "gaps"] == pytest.approx([2.0, 6.0])
    assert table["gap_low"].isna().all() and table["p"].isna().all()
    assert found([[1.0, 2.0], [4.0]])["size"].tolist() == ["100"]
    assert found([[1.0, 2.0]]).empty


def test_an_interval_needs_three_data_sets_and_a_test_six():
    """The 97.5 % quantile of t with 2 degrees of freedom is 4.3027; the standard deviation here is 3."""
    (row,) = found([[0.0], [3.0], [6.0]]).to_dict("records")
    assert (row["gap"], row["gap_low"], row["gap_high"]) == pytest.approx(
        (3.0, 3 - 4.302653 * np.sqrt(3), 3 + 4.302653 * np.sqrt(3))
    ) and np.isnan(row["p"])
    assert np.isnan(signed_rank(np.arange(1.0, 6))) and np.isnan(interval(np.ones(2))).all()
    (six,) = found([[gap] for gap in (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)]).to_dict("records")
    assert six["p"] == pytest.approx(2 / 64)


def test_p_is_that_of_all_signs():
    """Rank sums of at most 1 against 20 are two of 64 signs on each side: none and the smallest one."""
    assert signed_rank(np.array([-1.0, 2, 3, 4, 5, 6])) == pytest.approx(4 / 64)
    assert signed_rank(np.zeros(6)) == 1.0


def test_planted_means_over_data_sets_are_found():
    rng, small = np.random.default_rng(0), 0
    for datasets in (3, 5, 12):
        held = 0
        for _ in range(1000):
            low, high = interval(rng.normal(2.0, 1.0, datasets))
            held += low <= 2.0 <= high
        assert 0.93 < held / 1000 < 0.97, datasets
    for _ in range(200):
        small += signed_rank(rng.normal(0.0, 1.0, 8)) < 0.05
    assert small / 200 < 0.09


def test_the_weights_are_those_of_the_trapezoidal_rule():
    assert weights(np.array([100, 1000, 10_000])) == pytest.approx([0.25, 0.5, 0.25])
    assert weights(np.array([1, 2, 16])) == pytest.approx([0.125, 0.5, 0.375])  # steps of 1 and 3 of 4 doublings


def test_the_mean_over_labels_is_the_area_on_a_log_scale():
    mean, half = mean_over_labels(exactly([10.0, 6.0, 4.0], [100, 1000, 10_000]))
    assert mean == pytest.approx(6.5)  # (8 + 5) / 2
    # All sizes have the same deviations of 1 point on 200 examples. One example that differs counts 100 points.
    seen, unseen = 1 / 199, (0.25**2 + 0.5**2 + 0.25**2)
    curve = exactly([10.0, 6.0, 4.0], [100, 1000, 10_000]).curve
    unseen *= curve.test_covariance[0, 0] - seen
    assert half == pytest.approx(1.959964 * np.sqrt(seen + unseen), rel=1e-4)


def test_planted_differences_are_found():
    rng, truth, held = np.random.default_rng(1), np.array([9.0, 5.0, 2.0, 1.0]), 0
    target = weights(np.array([100, 1000, 10_000, 100_000])) @ truth
    for _ in range(100):
        mean, half = mean_over_labels(planted(truth, 2000, seeds=2, noise=0.5, rng=rng))
        held += abs(mean - target) <= half
    assert held / 100 >= 0.9


def test_arms_are_compared_over_the_sizes_that_both_have():
    errors = {"bert": lambda n: 0.1, "lstm": lambda n: 0.3, "tfidf": lambda n: 0.2}
    scores, curves, gaps = arms(errors, {"bert": [100, 1000], "lstm": [10, 100, 1000], "tfidf": [1000]}, examples=400)
    table = efficiency(scores, gaps, curves, "bert", ACCURACY)
    (row,) = table.to_dict("records")  # of one size there is no curve
    assert (row["arm"], row["sizes"], row["smallest"], row["largest"]) == ("lstm", 2, 100, 1000)
    means = scores.groupby(["arm", "n"])["accuracy"].mean()
    assert row["score"] == pytest.approx((means["lstm", 100] + means["lstm", 1000]) / 2)
    assert row["gap"] == pytest.approx(100 * (row["reference_score"] - row["score"]))
    assert row["gap_low"] < row["gap"] < row["gap_high"] and row["score_low"] < row["score"] < row["score_high"]


def test_no_interval_of_a_score_reaches_beyond_the_best_one():
    errors = {"bert": lambda n: 0.01, "lstm": lambda n: 0.02}
    scores, curves, gaps = arms(errors, {arm: [100, 1000] for arm in errors}, examples=60)
    (row,) = efficiency(scores, gaps, curves, "bert", ACCURACY).to_dict("records")
    assert row["score"] < 1 == row["score_high"] == row["reference_score_high"] and row["gap_low"] < 0 < row["gap_high"]


def test_the_words_come_from_the_file(tmp_path):
    for name, table in (("two", found([[1.0, 2.0], [-4.0, 6.0]])), ("none", found([[1.0]]))):
        write_frame(tmp_path / name, table)
        assert across_lines(read_frame(tmp_path / name)) == across_lines(table)


def test_words():
    row = {"dataset": "d", "arm_title": "LSTM_1", "reference_title": "BERT", "metric": "accuracy", "smallest": 100,
           "largest": 1000, "reference_score": 0.9, "gap": -1.24, "gap_low": -2.0, "gap_high": 0.5}  # fmt: skip
    assert efficiency_lines(pd.DataFrame([row])) == [
        "Mean accuracy from 100 to 1,000 labels, each doubling counted alike: **BERT** has 90.0 %.",
        "",
        "- **LSTM_1** is 1.2 points ahead (−0.5 to 2.0).",
    ]
    other = row | {"arm_title": "BAG", "sizes": 3, "reference_score": 0.92}  # it has a size more than the first arm
    two, _, lstm, _, three, _, bag = efficiency_lines(pd.DataFrame([row | {"sizes": 2}, other]))
    assert two.endswith("from 100 to 1,000 labels, at 2 sizes, each doubling counted alike: **BERT** has 90.0 %.")
    assert three.endswith("from 100 to 1,000 labels, at 3 sizes, each doubling counted alike: **BERT** has 92.0 %.")
    assert lstm.startswith("- **LSTM") and bag.startswith("- **BAG")
    lead, _, line, _, note, _ = across_lines(found([[1.0, 2.0], [-4.0, 6.0]]))
    assert lead == "**Across data sets**, measured from **BERT**, the mean gap of 2:"
    assert line == (
        "- **LSTM**: with 100 training labels 1.5 points ahead (1.0 points behind on D_0, 4.0 points ahead on D_1); "
        "with 10 % of the training data 4.0 points behind (2.0 points behind on D_0, 6.0 points behind on D_1)."
    )
    assert note == "Two data sets are no sample: from 3 on there is an interval."
    *_, line, _, note, _ = across_lines(found([[gap] for gap in range(1, 7)]))
    assert line == "- **LSTM**: with 100 training labels 3.5 points behind (1.5 to 5.5), p = 0.031."
    assert "Wilcoxon's signed-rank test" in note and across_lines(found([[1.0]])) == []
