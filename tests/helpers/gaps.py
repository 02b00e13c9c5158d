"""Simulate cells whose gap to the reference arm is known."""

import numpy as np

SIZES = [100, 1000, 10_000, 100_000]


def planted(gaps, examples, seeds=2, noise=0.0, rng=None):
    """Return (sizes, seeds, differences) of cells with true `gaps`, in points, plus a seed effect of sd `noise`."""
    rng = rng or np.random.default_rng(0)
    sizes, of, rows = [], [], []
    hardness = rng.random(examples)  # shared by all cells: an example that is hard is hard at every size
    for seed in range(seeds):
        luck = rng.normal(0, noise)
        for n, gap in zip(SIZES, gaps, strict=True):
            chance = (gap + luck) / 100
            wrong, right = hardness + 0.3 * rng.random(examples) > 1.25, rng.random(examples) < abs(chance)
            rows.append(
                np.where(right, np.sign(chance), 0) + np.where(wrong, rng.choice([-1, 1], examples), 0) * ~right
            )
            sizes.append(n)
            of.append(seed)
    return sizes, of, 100 * np.stack(rows).astype(np.float32)
