"""The interval of the median of repeated measurements of time."""

from __future__ import annotations

from collections.abc import Sequence

from scipy.stats import quantile_test

TEXT, TOKENS = "text", "tokens"  # where a time begins; it ends with the class

FEWEST = 6  # values, below which there is no 95 % interval


def median_interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % interval of a median, which assumes no distribution: two of the sorted values.

    Of fewer than 6 values it is the lowest and the highest, which covers less: 88 % of 4.
    """
    if len(values) < FEWEST:
        return min(values), max(values)
    low, high = quantile_test(values, p=0.5).confidence_interval(0.95)
    return float(low), float(high)
