"""Simulate cells whose gap to the reference arm is known."""

import numpy as np

from pretrain_or_not.config.metric import ACCURACY
from pretrain_or_not.evaluation.curves import curve_of
from pretrain_or_not.evaluation.seed_variance import pool, shapes
from pretrain_or_not.evaluation.totals import Measured

SIZES = [100, 1000, 10_000, 100_000]


def planted(gaps, examples, seeds=2, noise=0.0, rng=None, sizes=SIZES, error=10.0):
    """Return `Measured` gaps with true `gaps`, in points, at each of `sizes`, plus a seed effect of sd `noise`.

    seeds: how many, or a list of how many at each size. error: of the reference arm, in points.
    """
    rng = rng or np.random.default_rng(0)
    counts = [seeds] * len(sizes) if isinstance(seeds, int) else seeds
    hardness = rng.random(examples)  # shared by all cells: an example that is hard is hard at every size
    cells = []
    for n, gap, count in zip(sizes, gaps, counts, strict=True):
        for _ in range(count):
            chance = (gap + rng.normal(0, noise)) / 100
            wrong, right = hardness + 0.3 * rng.random(examples) > 1.25, rng.random(examples) < abs(chance)
            values = np.where(right, np.sign(chance), 0) + np.where(wrong, rng.choice([-1, 1], examples), 0) * ~right
            cells.append((n, 100 * values))
    curve = curve_of(cells)
    shape = shapes(np.full(len(sizes), error), ACCURACY)
    return Measured(curve, shape, pool([(curve, shape)]))
