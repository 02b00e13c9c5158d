"""Compute the interval of a share."""

from __future__ import annotations

import math

Z_95 = 1.959963984540054  # two-sided 95 % of the normal distribution


def wilson_interval(correct: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval (low, high) of an accuracy from `correct` of `n` test examples (Wilson 1927)."""
    share, z2 = correct / n, Z_95**2 / n
    centre = (share + z2 / 2) / (1 + z2)
    half = Z_95 / (1 + z2) * math.sqrt(share * (1 - share) / n + z2 / (4 * n))
    # Exact at the ends, where rounding would leave [0, 1] or miss the accuracy itself.
    return (0.0 if correct == 0 else centre - half), (1.0 if correct == n else centre + half)
