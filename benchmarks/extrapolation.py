"""How far off the extrapolation is: known curves are cut, and what comes after is predicted.

    .venv/bin/python benchmarks/extrapolation.py                           # planted curves: some minutes on one core
    .venv/bin/python benchmarks/extrapolation.py --trials 10 results results-yelp-sentences

Planted: pairs of arms with errors of a known shape, five sizes up to 10,000 labels, two seeds whose errors differ by
5 %, 2,000 test examples. Measured: of each arm in folders of results, the sizes up to each one that has a larger one
within ten times are taken, and the score at the larger ones is compared; their noise is in the comparison. Prints
Markdown tables: mean absolute error of the median in points, in brackets its bias (positive: the arm is better than was
said), then the share of 95 % intervals that hold the truth; and how often nothing was said. For measured curves, a
second table has each prediction beside the truth.
"""

import argparse
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "workflow" / "scripts"))

from pretrain_or_not.config.metric import ACCURACY
from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.config.numbers import number
from pretrain_or_not.evaluation.beyond import horizons, observe, of_gap, of_score
from pretrain_or_not.evaluation.curves import curve_of
from pretrain_or_not.evaluation.extrapolation import FARTHEST, refusal
from pretrain_or_not.evaluation.seed_variance import pool, pool_by_arm, shapes
from pretrain_or_not.evaluation.totals import Measured, measured_gaps, measured_scores
from pretrain_or_not.files.parquet import read_metadata
from pretrain_or_not.report.frames import read_frame

SIZES = [100, 300, 1000, 3000, 10_000]
AHEAD = [20_000, 40_000, 100_000]
GUESSING = 0.5
SHAPES = {  # error rate of the arm, and of the reference arm, over labels
    "power law": (lambda n: 0.12 * (n / 1e4) ** -0.25, lambda n: 0.09 * (n / 1e4) ** -0.15),
    "with an offset": (lambda n: 0.06 + 0.09 * (n / 1e4) ** -0.3, lambda n: 0.05 + 0.04 * (n / 1e4) ** -0.3),
    "logistic in log n": (
        lambda n: 0.05 + 0.45 / (1 + (n / 800) ** 0.8),
        lambda n: 0.04 + 0.46 / (1 + (n / 60) ** 0.6),
    ),
    "flat, then falling": (lambda n: 0.45 * (np.maximum(n, 600) / 600) ** -0.45, lambda n: 0.09 * (n / 1e4) ** -0.15),
}
HEADER = "| curve | of | 2 × | 4 × | 10 × | refused |\n|---|---|---:|---:|---:|---:|"

EACH = "| curve | of | known up to | at | said | 95 % interval | measured |\n|---|---|---:|---:|---:|---:|---:|"


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="*", help="folders of results, whose curves are cut")
    parser.add_argument("--trials", type=int, default=100, help="per planted shape")
    arguments = parser.parse_args()
    if arguments.trials:
        print(f"Planted; {arguments.trials} trials per shape.\n\n{HEADER}", flush=True)
        for name, both in SHAPES.items():
            show(name, planted(*both, arguments.trials))
    for folder in arguments.results:
        print(f"\nMeasured: {folder}\n\n{HEADER}", flush=True)
        comparisons = measured(Path(folder))
        for arm, found in comparisons.items():
            show(arm, found)
        print(f"\n{EACH}")
        for arm, found in comparisons.items():
            show_each(arm, found)


def planted(arm, reference, trials):
    """Return what -> list of (times, truth - median, whether it is held), None where nothing is said."""
    found = defaultdict(list)
    for trial in range(trials):
        rng = np.random.default_rng(trial)
        hardness, values = rng.random(2000), defaultdict(list)
        for n in SIZES:
            for _ in range(2):
                right = [
                    np.where(rng.random(2000) < 0.5, hardness, rng.random(2000))
                    > min(error(n) * np.exp(rng.normal(0, 0.05)), GUESSING)
                    for error in (arm, reference)
                ]
                for what, value in (("score", right[0]), ("reference", right[1]), ("gap", 1.0 * right[1] - right[0])):
                    values[what].append((n, 100.0 * value))
        curves = {what: curve_of(cells) for what, cells in values.items()}
        shape = {what: shapes(100 - curves[what].means, ACCURACY) for what in ("score", "reference")}
        shape["gap"] = shape["reference"]
        known = pool_by_arm({what: (curves[what], shape[what]) for what in ("score", "reference")})
        noise = known | {"gap": pool([(curves["gap"], shape["gap"])])}
        kinds = {what: Measured(curves[what], shape[what], noise[what]) for what in curves}
        of_pair = of_gap(kinds["gap"], kinds["reference"], ("", ""), GUESSING, ACCURACY)
        of_arm = of_score(kinds["score"], "", GUESSING, ACCURACY)
        compare(found, "score", of_arm, SIZES[-1], {n: 1 - arm(n) for n in AHEAD})
        compare(found, "gap", of_pair, SIZES[-1], {n: 100 * (arm(n) - reference(n)) for n in AHEAD})
    return found


def measured(folder):
    """Return arm -> the same as `planted`, for the measured curves in a folder of results."""
    scores, gaps = read_frame(folder / "scores.parquet"), read_frame(folder / "gaps.parquet")
    abouts = {path: read_metadata(path) for path in folder.glob("*/predictions/*/*/*.parquet")}
    paths = {(a["dataset"], a["arm"], a["n"], a["seed"]): path for path, a in abouts.items()}
    metric, found = METRICS[scores["metric"].iloc[0]], defaultdict(lambda: defaultdict(list))
    curves, behind = measured_scores(scores, paths, metric), measured_gaps(gaps, scores, paths, metric)
    references = dict(zip(gaps["dataset"], gaps["reference"], strict=True))
    for (dataset, arm), own in curves.items():
        rows = scores[(scores["dataset"] == dataset) & (scores["arm"] == arm)]
        guessing, gap = rows[f"{metric.name}_guessing"].mean(), behind.get((dataset, arm))
        for last in own.curve.sizes:
            later = own.curve.sizes[(own.curve.sizes > last) & (own.curve.sizes <= FARTHEST * last)]
            cut = own.where(own.curve.sizes <= last)
            if not len(later) or refusal(observe(cut, metric.error(cut.curve.means / metric.scale), guessing, metric)):
                continue
            truth = dict(zip(own.curve.sizes, own.curve.means / metric.scale, strict=True))
            said = of_score(cut, "", guessing, metric)
            compare(found[arm], "score", said, last, {n: truth[n] for n in later})
            if gap is not None and {*cut.curve.sizes, *later} <= {*gap.curve.sizes}:
                truth = dict(zip(gap.curve.sizes, gap.curve.means, strict=True))
                pair = gap.where(gap.curve.sizes <= last), curves[dataset, references[dataset]]
                said = of_gap(*pair, ("", ""), guessing, metric)
                compare(found[arm], "gap", said, last, {n: truth[n] for n in later})
    return found


def compare(found, what, said, largest, truth):
    """Add how paths that were said compare with the truth: (what, times) -> list of (truth - median, held), in points.

    The sign is positive where the arm is better than said. (what, "each") -> list of (largest, size, median, ends of
    the interval, truth). Where nothing was said: (what, "refused") -> reasons. said: paths, or None and a reason.
    largest: size before the cut. truth: size -> score or gap.
    """
    paths, reason = said
    if paths is None:
        found[what, "refused"].append(reason)
        return
    grid = np.log(horizons(largest))
    low, median, high = (np.quantile(paths, q, axis=0) for q in (0.025, 0.5, 0.975))
    for n, true in truth.items():
        low_n, median_n, high_n = (np.interp(np.log(n), grid, ends) for ends in (low, median, high))
        better = 100 * (true - median_n) if what == "score" else median_n - true
        found[what, n / largest].append((better, low_n <= true <= high_n))
        points = (100 if what == "score" else 1) * np.array([median_n, low_n, high_n, true])
        found[what, "each"].append((largest, n, *points))


def show(name, cells):
    """Print rows of a Markdown table: one of the score, one of the gap; a cell per horizon. cells: see `compare`."""
    for what in ("score", "gap"):
        of_bin: dict = {2: [], 4: [], 10: []}
        for (kind, times), values in cells.items():
            if kind == what and not isinstance(times, str):
                of_bin[min(of_bin, key=lambda at, times=times: abs(np.log(at / times)))] += values
        refused = len(cells.get((what, "refused"), ()))
        if any(of_bin.values()) or refused:
            shown = [summary(np.array(values, float)) for values in of_bin.values()]
            print(f"| {name} | {what} | {' | '.join(shown)} | {refused} |", flush=True)


def show_each(name, cells):
    """Print one row of a Markdown table per prediction. cells: see `compare`."""
    for what in ("score", "gap"):
        for largest, n, median, low, high, true in cells.get((what, "each"), ()):
            median, low, high, true = (number(value, 1) for value in (median, low, high, true))
            print(
                f"| `{name}` | {what} | {largest:,.0f} | {n:,.0f} | {median} | {low} to {high} | {true} |", flush=True
            )


def summary(values):
    """Return mean absolute error, bias and coverage. values: (n, 2)."""
    if not len(values):
        return ""
    error, bias, held = np.abs(values[:, 0]).mean(), values[:, 0].mean(), values[:, 1].mean()
    return f"{error:.1f} ({round(bias, 1) + 0:+.1f}), {held:.2f}".replace("-", "−")


if __name__ == "__main__":
    main()
