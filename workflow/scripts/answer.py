"""From how many labels on is the reference arm less than a point ahead of each other arm? With an interval, or a no.

The gap of an arm is known at the sizes that were run. Between them it is taken to be linear in the logarithm of the
number of labels, and beyond them nothing is said. No shape is imposed: a gap may rise again, as that of a model too
simple for more data does, so "from N labels on" means that the gap is below the threshold at N *and ever after*.

How sure that is comes from a bootstrap over both samples that the numbers rest on, drawn independently of each other
(the pigeonhole bootstrap for crossed samples; Owen 2007, doi:10.1214/07-AOAS122): test examples, the same draw for
both arms, every size and seed, because all cells share them; and seeds, the same draw at every size and for both arms,
because a seed's subsets are nested and shared. Of k seeds, k - 1 are drawn, with replacement: drawing k would
understate the variance of their mean by (k - 1)/k, half of it for two seeds (McCarthy and Snowden 1985). With one seed,
only the sampling of test examples is in the interval. Intervals are percentiles of the replicates, so an end may be
"not by the largest size". Of 200 planted crossings each, the 95 % interval covered 91 % (2 seeds that differ by 0.5
points), 95 % (3 such seeds; 1 seed without luck of its own) and 98 % and more (5 such seeds; 2 without luck).
"""

import math
import textwrap

import numpy as np
import pandas as pd
import pyarrow as pa

from artifacts import open_parquet, read_metadata, whole, write_table
from markup import markdown
from score import read_predictions
from stage import log, stage
from stamp import stamp

REPLICATES = 2000
TAILS = (0.025, 0.975)  # of a 95 % interval
CHUNK = 100  # replicates drawn at once, so that memory stays flat
COLUMNS = ["dataset", "dataset_title", "arm", "arm_title", "reference", "reference_title", "threshold", "verdict",
           "labels", "labels_low", "labels_high", "smallest", "gap_smallest", "gap_smallest_low", "gap_smallest_high",
           "largest", "gap_largest", "gap_largest_low", "gap_largest_high", "seeds", "fewest_seeds",
           "test_examples", "selection"]  # fmt: skip


def crossing(sizes, gaps, threshold):
    """The number of labels from which on the gap is below `threshold`.

    sizes: rising, shape (k,). gaps: points, shape (..., k). Linear in log(size) between sizes. Returns shape (...):
    infinity where the gap is not below at the largest size, the smallest size where it is below at every one.
    """
    gaps = np.asarray(gaps, float)
    above = gaps >= threshold
    last = above.shape[-1] - 1 - np.argmax(above[..., ::-1], axis=-1)  # the last size with the gap above
    after = np.minimum(last + 1, len(sizes) - 1)
    high, low = (np.take_along_axis(gaps, i[..., None], axis=-1)[..., 0] for i in (last, after))
    logs = np.log(np.asarray(sizes, float))
    with np.errstate(invalid="ignore", divide="ignore"):
        labels = np.exp(logs[last] + (high - threshold) / (high - low) * (logs[after] - logs[last]))
    labels = np.where(above[..., -1], np.inf, labels)
    return np.where(above.any(axis=-1), labels, float(sizes[0]))


def mean_gaps(sums, cells, seed_weights):
    """Gaps at each size, means over drawn seeds: shape (replicates, sizes).

    sums: (replicates, cells) gaps of each cell. cells: (sizes, seeds) the cell's column, -1 where there is none.
    seed_weights: (replicates, seeds) how often each seed was drawn; a size that has none of the drawn takes all it has.
    """
    there = cells >= 0
    weights = seed_weights[:, None, :] * there
    weights = np.where(weights.sum(axis=2, keepdims=True) > 0, weights, there)
    return (weights * sums[:, cells] * there).sum(axis=2) / weights.sum(axis=2)


def bootstrap(differences, cells, replicates=REPLICATES, seed=0):
    """Replicates of the gap at each size: (replicates, sizes), in points.

    differences: (cells, test examples) of -1, 0, 1: reference right less arm right. cells: see `mean_gaps`. Examples
    with the same differences in all cells are drawn together, by a multinomial over the distinct patterns: the same
    distribution as drawing single examples, for a fraction of the work.
    """
    rng = np.random.default_rng(seed)
    examples, seeds = differences.shape[1], cells.shape[1]
    patterns, counts = np.unique(differences, axis=1, return_counts=True)
    drawn = []
    for start in range(0, replicates, CHUNK):
        k = min(CHUNK, replicates - start)
        sums = rng.multinomial(examples, counts / examples, size=k) @ patterns.T.astype(float) * (100 / examples)
        seed_weights = rng.multinomial(max(seeds - 1, 1), np.full(seeds, 1 / seeds), size=k)
        drawn.append(mean_gaps(sums, cells, seed_weights))
    return np.concatenate(drawn)


def answer_row(sizes, seeds, differences, threshold):
    """The answer for one arm on one dataset: the numeric part of a row of answer.parquet.

    sizes, seeds: (cells,) of each cell. differences: (cells, test examples), see `bootstrap`.
    """
    at, of = sorted(set(sizes)), sorted(set(seeds))
    cells = np.full((len(at), len(of)), -1)
    cells[[at.index(n) for n in sizes], [of.index(s) for s in seeds]] = np.arange(len(sizes))
    means = mean_gaps(100 * differences.mean(axis=1)[None], cells, np.ones((1, len(of))))[0]
    replicates = bootstrap(differences, cells)
    labels = float(crossing(at, means, threshold))
    # Infinity cannot be averaged, so an end is one of the replicates.
    low, high = np.quantile(crossing(at, replicates, threshold), TAILS, method="inverted_cdf")
    gap_low, gap_high = np.quantile(replicates, TAILS, axis=0)
    return {
        "threshold": float(threshold),
        "verdict": "not yet" if math.isinf(labels) else "from the smallest" if labels == at[0] else "from",
        "labels": labels,
        "labels_low": float(low),
        "labels_high": float(high),
        "smallest": at[0],
        "gap_smallest": means[0],
        "gap_smallest_low": gap_low[0],
        "gap_smallest_high": gap_high[0],
        "largest": at[-1],
        "gap_largest": means[-1],
        "gap_largest_low": gap_low[-1],
        "gap_largest_high": gap_high[-1],
        "seeds": len(of),
        "fewest_seeds": int((cells >= 0).sum(axis=1).min()),
        "test_examples": differences.shape[1],
    }


def got_right(path):
    """Whether each test example was got right: boolean array (n,)."""
    _, labels, predicted = read_predictions(path)
    return labels == predicted


def answers(gaps, predictions, threshold):
    """Rows of answer.parquet, one a dataset and arm.

    gaps: rows of gaps.parquet. predictions: path of each cell's, by (dataset, arm, n, seed).
    """
    rows = []
    for (dataset, arm), group in gaps.groupby(["dataset", "arm"], sort=False):
        reference = group["reference"].iloc[0]
        differences = np.stack([
            got_right(predictions[dataset, reference, n, seed]).astype(np.int8)
            - got_right(predictions[dataset, arm, n, seed])
            for n, seed in zip(group["n"], group["seed"], strict=True)
        ])  # fmt: skip
        facts = (
            group[["dataset", "dataset_title", "arm", "arm_title", "reference", "reference_title"]].iloc[0].to_dict()
        )
        row = answer_row(group["n"].tolist(), group["seed"].tolist(), differences, threshold)
        selection = "test" if "test" in set(group["selection"]) else "validation"
        rows.append(facts | row | {"selection": selection})
    return pd.DataFrame(rows, columns=COLUMNS)


# In words


def about(n, row):
    """A number of labels to two digits, within the sizes that were run."""
    return f"{int(min(max(float(f'{n:.2g}'), row['smallest']), row['largest'])):,}"


def points(value):
    """``1 point``, ``0.5 points``."""
    return "1 point" if value == 1 else f"{value:g} points"


def gap_words(row, size):
    """How far behind or ahead the arm is at its `size` (smallest or largest), with the interval of that."""
    ends = [row[f"gap_{size}{end}"] for end in ("", "_low", "_high")]
    side = "behind"
    if ends[0] < 0:
        side, ends = "ahead", [-ends[0], -ends[2], -ends[1]]
    first, low, high = (f"{round(end, 1) + 0:.1f}".replace("-", "−") for end in ends)  # + 0: no negative nought
    return f"{first} points {side} ({low} to {high})"


def interval_words(row):
    """The interval of the number of labels."""
    low, high = row["labels_low"], row["labels_high"]
    most = f"more than {row['largest']:,}" if math.isinf(high) else about(high, row)
    if math.isinf(low):
        return most
    least = f"{row['smallest']:,} or fewer" if low <= row["smallest"] else about(low, row)
    return f"{least} to {most}"


def sentence(row):
    """What the numbers say about one arm, in Markdown."""
    arm, near = f"**{markdown(row['arm_title'])}**", f"less than {points(row['threshold'])} behind"
    largest = f"{row['largest']:,} labels"
    if row["verdict"] == "not yet":
        text = f"{arm} is still {gap_words(row, 'largest')} at the largest size, {largest}"
        if not math.isinf(row["labels_low"]):
            text += f"; that it is {near} from {about(row['labels_low'], row)} labels on is within the 95 % interval"
        return f"{text}."
    sure = f"95 % interval: {interval_words(row)}"
    if row["verdict"] == "from":
        text = f"From about {about(row['labels'], row)} labels on, {arm} is {near} ({sure})."
    else:
        only = row["labels_high"] <= row["smallest"]
        text = f"{arm} is {near} at the smallest size already, {row['smallest']:,} labels" + (
            "." if only else f", and at all larger ones ({sure})."
        )
    return f"{text} At {largest} it is {gap_words(row, 'largest')}."


def as_markdown(table):
    """The answer as a page: a heading a dataset, a line an arm, and how the numbers were made."""
    lines = ["# From how many labels on does the reference buy little?", ""]
    for _, rows in table.groupby("dataset", sort=False):
        first = rows.iloc[0]
        title, reference = markdown(first["dataset_title"]), markdown(first["reference_title"])
        lines += [f"On **{title}**, measured from **{reference}**{stamp(rows['selection'])}:", ""]
        lines += [f"- {sentence(row)}" for row in rows.to_dict("records")] + [""]
    if table.empty:
        lines += ["There is no cell of another arm beside one of the reference arm: no gap to speak of.", ""]
    else:
        lines += [textwrap.fill(method(table), 120), ""]
    return "\n".join(lines)


def method(table):
    """How the numbers were made, in a few words."""
    fewest, most = table["fewest_seeds"].min(), table["seeds"].max()
    over = "test examples and seeds" if most > 1 else "test examples (there is one seed, so its luck is not in them)"
    alone = "; where a size has one seed, its luck is not in them" if fewest == 1 < most else ""
    return (
        "Between sizes the gap is taken to be linear in the logarithm of the labels; beyond the largest size nothing "
        f"is said. In brackets: 95 % intervals from a bootstrap over {over}{alone}. The numbers: answer.parquet."
    )


def answer(gaps, predictions, threshold, outputs):
    """Write answer.parquet and answer.md.

    gaps: path of gaps.parquet. predictions: a path a cell. threshold: points of accuracy that count as little.
    """
    with open_parquet(gaps) as file:
        cells = file.read().to_pandas()
    abouts = {path: read_metadata(path) for path in predictions}
    paths = {(a["dataset"], a["arm"], a["n"], a["seed"]): path for path, a in abouts.items()}
    table = answers(cells, paths, threshold)
    write_table(outputs["table"], pa.Table.from_pandas(table, preserve_index=False), replicates=REPLICATES)
    text = as_markdown(table)
    with whole(outputs["text"]) as partial:
        partial.write_text(text, encoding="utf-8")
    log.info("%s", text)


if __name__ == "__main__":
    with stage(snakemake):
        answer(
            gaps=snakemake.input.gaps,
            predictions=snakemake.input.predictions,
            threshold=snakemake.params.threshold,
            outputs=dict(snakemake.output.items()),
        )
