"""Numbers as text."""

import pytest

from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.config.numbers import number
from pretrain_or_not.report.metric_words import score_text


@pytest.mark.parametrize(
    ("value", "text"),
    [(61.65, "61.7"), (61.64999999999999, "61.7"), (61.650000000000006, "61.7"), (61.25, "61.3"),
     (-0.25, "−0.3"), (-0.04, "0.0"),
     (-1234.56, "−1,234.6"),
     (None, "—"), (float("nan"), "—")],
)  # fmt: skip
def test_a_number_is_one_text_however_it_was_computed(value, text):
    assert number(value, 1) == text


def test_a_score_that_is_a_difference_is_written_like_the_score():
    measured, computed = 0.6165, 0.234 + (0.6165 - 0.234)  # 0.6164999999999999 in some orders of summation
    for value in (measured, computed, 0.6164999999999999, 0.6165000000000001):
        assert score_text(METRICS["accuracy"], value) == "61.7 %"
