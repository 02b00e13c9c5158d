"""How often the 95 % interval of the number of labels covers the truth: experiments with planted crossings.

    .venv/bin/python benchmarks/coverage.py                                # some minutes on one core
    .venv/bin/python benchmarks/coverage.py --trials 50

An experiment has a reference arm and another one, whose gap falls below one point at a number of labels drawn anew in
each trial, log-uniform from 5,000 to 60,000. Test examples are shared by all cells. Each seed of each size has its own
effect on the gap. Prints Markdown tables: the share of intervals that hold the truth, first of a bootstrap over test
examples and seeds with straight lines between the sizes, then of the workflow's answer; and the share of intervals
whose upper end is "more than the largest size". Two further tables are about the intervals of scores and gaps: where
predictions hardly differ, first by the variance between test examples as it is; and where the seeds of one arm lie
farther apart than those of others, first with one variance for all arms. A last one is about cells that share one of
several pretrained models, first with each cell as a seed.
"""

import argparse
import math
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "workflow" / "scripts"))

from pretrain_or_not.config.metric import ACCURACY
from pretrain_or_not.evaluation.crossing import answer_row, crossing
from pretrain_or_not.evaluation.curves import curve_of
from pretrain_or_not.evaluation.efficiency import mean_over_labels
from pretrain_or_not.evaluation.seed_variance import half_widths, pool, pool_by_arm, shapes
from pretrain_or_not.evaluation.totals import Measured

GRIDS = {"decades": [100, 1000, 10_000, 100_000], "half-decades": [100, 316, 1000, 3162, 10_000, 31_623, 100_000]}
SHAPES = {"steep": 0.5, "flat": 0.25}  # exponent of a power law: gap = (labels / crossing) ** -exponent
CASES = [(2000, 1), (2000, 2), (2000, 3), (10_000, 1), (10_000, "2, then 1"), (10_000, 2), (10_000, 3), (25_000, 1),
         (25_000, 2), (100_000, 1), (100_000, 2)]  # fmt: skip
SEED_SD = 0.35  # points
DIFFERENT = 12.0  # points: the share of test examples on which the two arms differ, beyond the gap
SHARED = 0.5  # share of the test examples on which cells agree as far as their gaps allow
REPLICATES = 2000  # of the bootstrap
PLANTED = 100  # test examples that stand for a test sampling of a known size


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=200, help="per number")
    trials = parser.parse_args().trials
    settings = [(grid, shape) for grid in GRIDS for shape in SHAPES]
    print(f"Seeds differ by {SEED_SD} points; {trials} trials per number.\n")
    header(["test examples", "seeds", *(f"{shape}, {grid}" for grid, shape in settings), "open"])
    for examples, seeds in CASES:
        found = [coverage(trials, GRIDS[grid], power_law(SHAPES[shape]), examples, seeds) for grid, shape in settings]
        line(
            [f"{examples:,}", seeds, *(arrow(held) for held, _ in found), arrow(np.mean([o for _, o in found], axis=0))]
        )
    print("\nWhere the assumptions do not hold; 10,000 test examples, 2 seeds unless it says otherwise.\n")
    header(["what", "decades", "half-decades"])
    for words, gap, changes in HARD:
        case = {"examples": 10_000, "seeds": 2} | changes
        found = [coverage(trials, grid, gap, **case) for grid in GRIDS.values()]
        line([words, *(arrow(held) for held, _ in found)])
    print("\nWhere predictions hardly differ, 2 seeds that predict alike: intervals of gaps and of scores.\n")
    header(["what", *(f"{examples} test examples" for examples in FEW)])
    for words, values, chances in ALIKE:
        line([words, *(arrow(held_alike(5 * trials, examples, values, chances)) for examples in FEW)])
    print("\nWhere the seeds of one arm differ by more than those of others, at five sizes: intervals of gaps.\n")
    header(["standard deviations in points, seeds", "this arm", "the others"])
    for own, others, seeds, test in NOISY:
        found = held_by_noise(trials, own, others, seeds, test)
        line([f"{own}; {len(others)} × {others[0]}; {seeds} seeds", *map(arrow, found)])
    print(
        "\nWhere cells start from several pretrained models, two cells from each, at four sizes: intervals of scores.\n"
    )
    header(
        ["standard deviations in points: models, subsets", *(f"{k} models, {w}" for k in (2, 4) for w in ONE_AND_ALL)]
    )
    for models, subsets in PRETRAINED:
        found = [held_by_models(5 * trials, models, subsets, number) for number in (2, 4)]
        line([f"{models}; {subsets}", *(arrow(held) for of in found for held in of)])


def header(columns):
    """Print the head of a Markdown table: words first, then numbers."""
    line(columns)
    line(["---"] + ["---:"] * (len(columns) - 1))


def line(cells):
    """Print a row of a Markdown table."""
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def arrow(shares):
    """Return two shares as text: of the bootstrap, then of the workflow."""
    return " → ".join(f"{share:.2f}" for share in shares)


def power_law(exponent):
    """Return the function (labels, crossing) -> gap in points of a power law."""
    return lambda labels, at: (labels / at) ** -exponent


def bump(labels, at):
    """Return a steep power law with a bump of 1.5 points just before the crossing, between two decades."""
    return power_law(0.5)(labels, at) + 1.5 * np.exp(-8 * np.log10(labels / 30_000) ** 2) * (labels < at)


def straight(slope):
    """Return the function (labels, crossing) -> gap of a straight line in log labels. slope: points per decade."""
    return lambda labels, at: 1 - slope * np.log10(labels / at)


HARD = [
    ("straight line in log labels, 2 points per decade", straight(2), {}),
    ("straight line in log labels, 15 points per decade: the reference arm is overtaken", straight(15), {}),
    ("the same, 100,000 test examples", straight(15), {"examples": 100_000}),
    ("a bump between two sizes", bump, {}),
    ("seeds differ by 1 point", power_law(0.5), {"sd": 1.0}),
    ("seeds differ by 1 point, 1 seed", power_law(0.5), {"sd": 1.0, "seeds": 1}),
    ("seeds do not differ", power_law(0.5), {"sd": 0.0}),
    ("a seed has the same effect at all sizes", power_law(0.5), {"same": True}),
    ("four arms, one reference: half of each effect is its own", power_law(0.5), {"arms": 4}),
]

FEW = [60, 100, 200, 500]  # test examples

# Values of a test example in points, and their probabilities.
ALIKE = [
    ("gap: the reference arm alone is right on 1 %", (100, 0), (0.01, 0.99)),
    ("gap: the reference arm alone is right on 2 %", (100, 0), (0.02, 0.98)),
    ("gap: the reference arm alone is right on 3 %, the arm alone on 1 %", (100, 0, -100), (0.03, 0.96, 0.01)),
    ("accuracy 99.5 %", (100, 0), (0.995, 0.005)),
    ("accuracy 99 %", (100, 0), (0.99, 0.01)),
    ("accuracy 98 %", (100, 0), (0.98, 0.02)),
]

# Standard deviation of the seeds of an arm, of each other arm, seeds, and standard error of test sampling.
NOISY = [(0.7, [0.15] * 5, 2, 0.2), (1.5, [0.3] * 5, 2, 0.3), (0.66, [0.2] * 3, 3, 0.2), (0.3, [0.3] * 5, 2, 0.2)]

# Standard deviation in points of models that are pretrained with other seeds, and of the subsets of one model.
PRETRAINED = [(0, 1), (0.5, 1), (1, 0.7), (2, 0.5)]
ONE_AND_ALL = ("at a size", "over all sizes")


def held_alike(trials, examples, values, chances):
    """Return the shares of intervals that hold the true mean: without `unseen_variance`, with it."""
    held, rng = np.zeros(2), np.random.default_rng(0)
    for _ in range(trials):
        drawn = rng.choice(np.array(values, float), examples, p=chances)
        for i, unit in enumerate((0.0, 100.0)):
            curve, shape = curve_of([(1000, drawn)] * 2, unit), shapes(np.array([5.0]), ACCURACY)
            (half,) = half_widths(curve, shape, pool([(curve, shape)]))
            held[i] += abs(curve.means[0] - np.dot(values, chances)) <= half
    return held / trials


def held_by_noise(trials, own, others, seeds, test):
    """Return the shares of intervals that hold a gap of 0, of one arm and of the others: pooled alike, by arm.

    The seeds of the reference arm differ like those of the others.
    """
    sizes = np.array(GRIDS["half-decades"][:5])
    shape, held = shapes(30 * (sizes / sizes[0]) ** -0.25, ACCURACY), np.zeros((2, 2))
    for trial in range(trials):
        rng = np.random.default_rng(trial)
        reference, curves = rng.normal(0, others[0], (len(sizes), seeds)), {}
        for arm, sd in enumerate([own, *others]):
            gaps = rng.normal(0, sd, reference.shape) - reference + rng.normal(0, test, (len(sizes), 1))
            # Examples that differ by as much as test sampling needs, the same ones with each seed.
            spread = test * math.sqrt(PLANTED) * np.resize([1.0, -1.0], PLANTED)
            cells = [(n, gap + spread) for n, row in zip(sizes, gaps, strict=True) for gap in row]
            curves[arm] = (curve_of(cells, unit=0.0), shape)
        alike = pool(curves.values())
        for i, known in enumerate((dict.fromkeys(curves, alike), pool_by_arm(curves))):
            inside = [(np.abs(c.means) <= half_widths(c, s, known[arm])).mean() for arm, (c, s) in curves.items()]
            held[:, i] += inside[0], np.mean(inside[1:])
    return held / trials


def held_by_models(trials, models, subsets, number):
    """Return the shares of intervals that hold a mean of 0: with each cell as a seed, with each model as one.

    First of means at single sizes, then of that over all sizes, (2, 2). models, subsets: standard deviations. number:
    of models, which are the same at four sizes, with two cells of each.
    """
    rng, held, sizes = np.random.default_rng(0), np.zeros((2, 2)), np.array(GRIDS["half-decades"][:4])
    shape = shapes(np.full(len(sizes), 20.0), ACCURACY)
    for _ in range(trials):
        cells = rng.normal(0, models, (1, number, 1)) + rng.normal(0, subsets, (len(sizes), number, 2))
        for i, values in enumerate((cells.reshape(len(sizes), -1), cells.mean(axis=2))):
            curve = curve_of(
                ((n, np.full(PLANTED, v)) for n, of in zip(sizes, values, strict=True) for v in of), unit=0.0
            )
            curve = curve._replace(lasting=i == 1)
            measured = Measured(curve, shape, pool([(curve, shape)]))
            mean, half = mean_over_labels(measured)
            held[:, i] += (np.abs(curve.means) <= measured.half_widths()).mean(), abs(mean) <= half
    return held / trials


def coverage(trials, sizes, gap, examples, seeds, sd=SEED_SD, same=False, arms=1):
    """Return the shares of intervals that hold the truth, and that are open: each of the bootstrap, of the workflow.

    gap: function (labels, crossing) -> gaps in points. See the module, `experiment`.
    """
    counts = [2] * (len(sizes) - 2) + [1, 1] if seeds == "2, then 1" else [seeds] * len(sizes)
    held, unbounded = np.zeros((2, 2))
    for trial in range(trials):
        rng = np.random.default_rng(trial)
        truth = np.exp(rng.uniform(np.log(5000), np.log(60_000)))
        cells = experiment(rng, gap(np.array(sizes, float), truth), counts, examples, sd, same, arms)
        curves = [curve_of(zip(np.repeat(sizes, counts).tolist(), own, strict=True)) for own in cells]
        shape = shapes(8 + 12 * (np.array(sizes) / sizes[0]) ** -0.3, ACCURACY)
        known = pool_by_arm({arm: (curve, shape) for arm, curve in enumerate(curves)})
        row = answer_row(Measured(curves[0], shape, known[0]), 1.0)
        ends = np.array([
            bootstrap(rng, sizes, cells[0], counts, curves[0].test_covariance),
            (row["labels_low"], row["labels_high"]),
        ])  # fmt: skip
        held += (ends[:, 0] <= truth) & (truth <= ends[:, 1])
        unbounded += np.isinf(ends[:, 1])
    return held / trials, unbounded / trials


def experiment(rng, gaps, counts, examples, sd, same, arms):
    """Return the differences of each arm, (arms, cells, examples), in points: 100, 0 or −100 of each test example.

    gaps: true ones, by size. counts: seeds by size. sd: of the effect of a seed. same: whether it is the same at all
    sizes. With several arms, half of the variance is that of the reference arm.
    """
    most = max(counts)

    def effects():
        drawn = rng.normal(0, sd, (len(gaps), most))
        drawn = np.tile(drawn[:1], (len(gaps), 1)) if same else drawn
        return np.concatenate([row[:k] for row, k in zip(drawn, counts, strict=True)])

    of_reference, every = effects(), []
    common, kept = rng.random(examples, np.float32), rng.random(examples) < SHARED
    for _ in range(arms):
        effect = of_reference if arms == 1 else (of_reference + effects()) / math.sqrt(2)
        chance = np.repeat(gaps, counts) + effect
        ahead = (DIFFERENT + np.abs(chance) - chance) / 200
        behind = (DIFFERENT + np.abs(chance) + chance) / 200
        luck = np.where(kept, common, rng.random((len(chance), examples), np.float32))
        every.append(100.0 * (luck < behind[:, None]) - 100.0 * (luck > 1 - ahead[:, None]))
    return every


def bootstrap(rng, sizes, cells, counts, covariance):
    """Return the 95 % interval of a bootstrap over test examples and seeds, with straight lines between the sizes.

    Test examples enter by their normal approximation. The same seeds are drawn at all sizes, one less than there are.
    """
    means, most = cells.mean(axis=1), max(counts)
    gaps = np.full((len(sizes), most), np.nan)
    gaps[np.arange(most) < np.array(counts)[:, None]] = means
    weights = rng.multinomial(max(most - 1, 1), np.full(most, 1 / most), size=REPLICATES)[:, None, :]
    weights = weights * ~np.isnan(gaps)
    weights = np.where(weights.sum(axis=2, keepdims=True) > 0, weights, ~np.isnan(gaps))
    drawn = (weights * np.nan_to_num(gaps)).sum(axis=2) / weights.sum(axis=2)
    drawn += rng.multivariate_normal(np.zeros(len(sizes)), covariance, REPLICATES, check_valid="ignore")
    # `crossing` is linear in the gap itself where the threshold is 0.
    return np.quantile(crossing(sizes, drawn - 1, 0), [0.025, 0.975], method="inverted_cdf")


if __name__ == "__main__":
    main()
