"""Draw the score over what it costs to train or to use, with the frontier that a person chooses on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from pretrain_or_not.config.metrics import ACCURACY, Metric
from pretrain_or_not.report.legends import Entry, arm_entries, legend_above
from pretrain_or_not.report.metric_words import heading
from pretrain_or_not.report.panels import message, wrap
from pretrain_or_not.report.selection_note import selection_note
from pretrain_or_not.report.style import GREY, arm_looks, styled

AXES = {"training_flops": "FLOPs to train", "milliseconds": "Time to classify one test example (ms)"}

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

SMALLEST, LARGEST = 8, 36  # area of a marker in square points, from the fewest labels to the most

FRONTIER: dict[str, Any] = {"color": "0.6", "linewidth": 0.9, "drawstyle": "steps-post", "zorder": 1}


def frontier(cost, quality):
    """Return the positions of the points on the Pareto frontier, in increasing order of cost and quality.

    No other point is better at the same or a lower cost, or cheaper at the same or a better quality. cost, quality:
    arrays (n,).
    """
    best, kept = -np.inf, []
    for i in np.lexsort((-quality, cost)):
        if quality[i] > best:
            best = quality[i]
            kept.append(i)
    return kept


def areas(n, every):
    """Return the marker area of each of the sizes `n`, by its position on a log scale among `every` size."""
    low, high = np.log(every.min()), np.log(every.max())
    return SMALLEST + (LARGEST - SMALLEST) * ((np.log(n) - low) / (high - low) if high > low else n * 0 + 1)


@styled
def draw(
    table: pd.DataFrame, arms: list[str], style: dict, published: dict | None = None, metric: Metric = ACCURACY
) -> Figure:
    """Draw one row of two panels per dataset: the score over training cost, and over inference time.

    A marker is a cell, larger with more labels. A line joins an arm's means over seeds. The grey steps are the frontier
    of all cells.

    table: rows of scores.parquet. The other arguments: see `report.figures`.
    """
    width = style["width"]
    if table.empty:
        return message("No cell has been scored.", width)
    table = table.assign(
        shown=metric.scale * table[metric.name], milliseconds=1000 / table["inference_examples_per_second"]
    )
    looks = arm_looks(arms)
    groups = list(table.groupby("dataset", sort=False))
    fig = Figure(figsize=(2 * width, 0.72 * width * len(groups)), dpi=300, layout="constrained")
    grid = fig.subplots(len(groups), 2, squeeze=False, sharey="row")
    for line, (_, rows) in zip(grid, groups, strict=True):
        for ax, (cost, label) in zip(line, AXES.items(), strict=True):
            panel(ax, rows[rows[cost] > 0], cost, looks, table["n"], metric.sign)
            log_axis(ax)
            ax.set_title(wrap(rows["dataset_title"].iloc[0], 0.9 * width))
            ax.set_xlabel(label)
    for ax in grid[:, 0]:
        ax.set_ylabel(f"{heading(metric)}{selection_note(table['selection'])}")
    steps = Line2D([], [], **FRONTIER)
    dots = Line2D([], [], color=GREY, marker="o", markeredgecolor="white", linestyle="none")
    named = arm_entries(table, "shown", looks)
    legend_above(fig, [*named, Entry("best at its cost", steps, None), Entry("larger: more labels", dots, None)])
    return fig


def log_axis(ax):
    """Set a logarithmic x axis with a few powers of ten or, if fewer than two are visible, other round numbers."""
    ax.set_xscale("log")
    low, high = np.log10(ax.get_xlim())
    powers = np.floor(high) - np.ceil(low) + 1
    ax.xaxis.set_major_locator(LogLocator(numticks=6) if powers >= 2 else MaxNLocator(4, steps=[1, 2, 5, 10]))
    ax.xaxis.set_minor_locator(NullLocator())
    # The first round number may be a 0, which is not visible.
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value) if value > 0 else ""))


def short(value):
    """Return a positive number in a few characters: ``0.01``, ``1``, ``250``, ``10⁹``, ``2.5×10¹²``."""
    exponent = int(np.floor(np.log10(value) + 1e-9))
    if -3 < exponent < 4:
        return f"{value:g}"
    power, mantissa = f"10{str(exponent).translate(SUPERSCRIPT)}", f"{value / 10.0**exponent:.3g}"
    return power if mantissa == "1" else f"{mantissa}×{power}"


def panel(ax, rows, cost, looks, sizes, sign):
    """Draw one panel: the cells of each arm, the line through its means, and the frontier of all cells."""
    best = rows.iloc[frontier(rows[cost].to_numpy(), sign * rows["shown"].to_numpy())]
    ax.plot(best[cost], best["shown"], **FRONTIER)
    for arm, cells in rows.groupby("arm", sort=False):
        colour, dashes = looks["palette"][arm], looks["dashes"][arm]
        means = cells.groupby("n")[[cost, "shown"]].mean()
        ax.plot(means[cost], means["shown"], color=colour, linestyle=(0, dashes) if dashes else "-", linewidth=0.8)
        ax.scatter(
            cells[cost], cells["shown"], areas(cells["n"], sizes), color=colour, marker=looks["markers"][arm],
            edgecolor="white", linewidth=0.4, zorder=3,
        )  # fmt: skip
