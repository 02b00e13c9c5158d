"""Nested training subsets: a count and a seed pick a window of the shuffled training rows."""

import math

import numpy as np

GOLDEN_RATIO = (1 + math.sqrt(5)) / 2


def window(n, seed, total):
    """Rows of the subset of `n` out of `total` shuffled rows, as positions, shape (n,).

    Seed s starts at row floor(frac(s * golden ratio) * total) and wraps round. So sizes are nested, adding a seed or a
    size moves no other subset, and the starts of any number of seeds lie far apart (the golden-ratio, or Kronecker,
    sequence): windows of consecutive seeds (0, 1, 2, …) overlap only where they must. Seeds picked otherwise may start
    close to each other by chance, such as 42 and 123, and then share most of a subset.
    """
    start = int(math.modf(seed * GOLDEN_RATIO)[0] * total)
    return (start + np.arange(n)) % total
