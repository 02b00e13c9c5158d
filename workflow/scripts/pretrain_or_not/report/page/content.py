"""Put together what the decision page shows of a dataset, as JSON."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from pretrain_or_not.config.metric import Metric
from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.evaluation.predictions import read_predictions
from pretrain_or_not.evaluation.test_rows import test_texts
from pretrain_or_not.report.metric_words import guessing_words, heading
from pretrain_or_not.report.style import arm_looks
from pretrain_or_not.report.wording import counted

# The names of Matplotlib's markers in Vega, which knows no pentagon: its path is in a box from -1 to 1.
PENTAGON = "M0,-1L0.95,-0.31L0.59,0.81L-0.59,0.81L-0.95,-0.31Z"
SHAPES = {"o": "circle", "s": "square", "^": "triangle-up", "D": "diamond", "v": "triangle-down", ">": "triangle-right",
          "p": PENTAGON, "<": "triangle-left", "h": "cross"}  # fmt: skip

FAN = {"low_95": "q025", "low_50": "q25", "median": "q50", "high_50": "q75", "high_95": "q975"}

TIMES = {"arm": "arm", "batch": "batch", "ms": "ms", "ms_low": "msLow", "ms_high": "msHigh", "cpu_ms": "cpuMs",
         "busy": "busy", "memory_mb": "memory"}  # fmt: skip

TRAINING = {"arm": "arm", "n": "n", "hours": "hours", "floor": "floor", "guessing": "guessing",
            "test_examples": "tests", "validation": "validation"}  # fmt: skip

TEXTS = 12  # on which arms differ

LONGEST = 400  # characters of a text


def dataset_content(
    dataset: str, metric: Metric, reference: str, arms: list[str], tables: dict[str, pd.DataFrame], paths: dict,
    examples: str,
) -> dict:  # fmt: skip
    """Return what the page shows of one dataset, without its sentences.

    tables: rows of all datasets in `scores` (scores.parquet), `curves` (`evaluation.arm_tables.curves_of`), `pairs`,
    `times` (`evaluation.arm_tables.times_of`) and `beyond`. paths: (dataset, arm, n, seed) -> path of predictions.
    examples: path of the dataset's examples.parquet.
    """
    own = {name: by_size(table[table["dataset"] == dataset]) for name, table in tables.items()}
    scores, curves = own["scores"], own["curves"]
    present = [arm for arm in arms if arm in set(curves["arm"])]
    sizes = sorted(map(int, curves["n"].unique()))
    return {
        "name": dataset,
        "title": scores["dataset_title"].iloc[0],
        "metric": of_metric(metric),
        "metrics": [of_metric(metric), *(of_metric(other) for other in METRICS.values() if other != metric)],
        "reference": reference,
        "arms": of_arms(present, arms, scores),
        "sizes": sizes,
        "largest": sizes[-1],
        "scores": of_scores(scores, curves, metric),
        "pairs": of_pairs(own["pairs"], scores, metric),
        "times": records(own["times"], TIMES),
        "batches": sorted(map(int, own["times"]["batch"].unique())) or [1],
        "training": records(curves, TRAINING),
        "beyond": of_beyond(own["beyond"], metric),
        **of_texts(scores, present, paths, examples),
    }  # fmt: skip


def by_size(table):
    """Return a table with its sizes in rising order, as page.js needs them; the config may have any order."""
    return table.sort_values("n", kind="stable") if "n" in table else table


def of_metric(metric: Metric) -> dict:
    """Return what the page needs of a metric."""
    return {
        "name": metric.name, "title": metric.title, "heading": heading(metric), "unit": metric.unit,
        "scale": metric.scale, "step": metric.step, "digits": metric.digits, "higher": metric.higher_is_better,
        "guessing": guessing_words(metric),
    }  # fmt: skip


def of_arms(present, arms, scores):
    """Return name, title and look of each arm that has a score."""
    looks, titles = arm_looks(arms), dict(zip(scores["arm"], scores["arm_title"], strict=True))
    return [
        {"name": arm, "title": titles[arm], "colour": looks["palette"][arm], "shape": SHAPES[looks["markers"][arm]]}
        for arm in present
    ]


def of_scores(scores, curves, metric):
    """Return mean and seeds of each arm and size by each metric; by that of the experiment, with the interval."""
    rows = [
        {"arm": row["arm"], "n": row["n"], "metric": metric.name, "mean": row["score"], "low": row["low"],
         "high": row["high"]}
        for row in curves.to_dict("records")
    ]  # fmt: skip
    seeds = {}
    for (arm, n), cells in scores[scores[metric.name].notna()].groupby(["arm", "n"], sort=False):
        for name in METRICS:
            seeds[arm, n, name] = [value for value in cells[name] if math.isfinite(value)]
        rows += [
            {"arm": arm, "n": n, "metric": name, "mean": np.mean(seeds[arm, n, name]), "low": None, "high": None}
            for name in METRICS
            if name != metric.name and seeds[arm, n, name]
        ]
    return [as_json(row | {"seeds": seeds[row["arm"], row["n"], row["metric"]]}) for row in rows]


def of_pairs(pairs, scores, metric):
    """Return how far each arm is behind each other one at each size, with the gap of each seed that both have."""
    names = {"arm": "arm", "other": "other", "n": "n", "gap": "gap", "gap_low": "low", "gap_high": "high"}
    rows, cells = records(pairs, names), scores[scores[metric.name].notna()]
    of_seeds = {key: own.set_index("seed")[metric.name] for key, own in cells.groupby(["arm", "n"], sort=False)}
    for row in rows:
        own, other = (of_seeds.get((row[arm], row["n"]), pd.Series(dtype=float)) for arm in ("arm", "other"))
        row["seeds"] = (metric.points * (other - own)).dropna().tolist()
    return rows


def of_beyond(table, metric):
    """Return what lies beyond the largest size; scores as they are shown."""
    fan = table[table["refused"].isna()] if len(table) else table
    rows = records(fan, {"arm": "arm", "what": "what", "n": "n"} | FAN)
    for row in rows:
        if row["what"] == "score":
            row |= {key: metric.scale * row[key] for key in FAN.values()}
    return rows


def of_texts(scores, arms, paths, examples):
    """Return test texts on which the arms differ, at the largest size that all of them have."""
    cells = scores[scores["status"] == "ok"]
    both = cells.groupby(["n", "seed"])["arm"].nunique()
    n, seed = both[both == both.max()].index.max()
    there = set(cells.loc[(cells["n"] == n) & (cells["seed"] == seed), "arm"])
    found = {
        arm: read_predictions(paths[key])
        for arm in arms
        if (key := (scores["dataset"].iloc[0], arm, n, seed)) in paths and arm in there
    }
    first = next(iter(found.values()))
    names = first.about["label_names"]
    answers = np.stack([cell.predicted for cell in found.values()])
    right = answers == first.labels
    differ = np.flatnonzero(right.any(axis=0) & ~right.all(axis=0))
    chosen = np.sort(np.random.default_rng(0).permutation(differ)[:TEXTS])
    texts = test_texts(examples, first.ids[chosen])
    rows = [
        {
            "text": text if len(text) <= LONGEST else f"{text[:LONGEST]}…",
            "label": names[first.labels[i]],
            "answers": {
                arm: [names[cell.predicted[i]], float(cell.probabilities[i].max())] for arm, cell in found.items()
            },
        }
        for text, i in zip(texts, chosen, strict=True)
    ]
    which = f"{n:,} labels, the largest number with which {counted(int(both.max()), 'model')} were tested, seed {seed}"
    return {"wrong": rows, "wrongAbout": which}


def records(table, names):
    """Return the rows of a table as dicts with other names, fit for JSON. names: column -> key."""
    return [as_json({key: row[column] for column, key in names.items()}) for row in table.to_dict("records")]


def as_json(row):
    """Return a dict with numbers that JSON can hold: null for what is missing."""
    return {key: plain(value) for key, value in row.items()}


def plain(value):
    """Return a value of NumPy or pandas as one of Python; None for a number that is missing or infinite."""
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not math.isfinite(value) else value
