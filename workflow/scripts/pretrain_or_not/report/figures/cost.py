"""Draw the score over what it costs to train or to use, with the frontier that a person chooses on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, NullLocator

from pretrain_or_not.config.metric import ACCURACY, Metric
from pretrain_or_not.report.amounts import short
from pretrain_or_not.report.legends import Entry, arm_entries, legend_above
from pretrain_or_not.report.metric_words import heading
from pretrain_or_not.report.panels import message, wrap
from pretrain_or_not.report.selection_note import selection_note
from pretrain_or_not.report.style import GREY, arm_looks, styled
from pretrain_or_not.report.times import at_once, with_times
from pretrain_or_not.report.wording import listed

HELPERS = ["teacher_flops", "generator_flops"]  # what other models have done for an arm

FEWEST_TICKS, MOST_TICKS = 3, 5

DIGITS = ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7))  # with which round numbers begin, the roundest first

NARROWEST = 4  # ratio of the ends of the axis of costs: in any such range are three of the numbers in DIGITS

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
    table: pd.DataFrame,
    arms: list[str],
    style: dict,
    published: dict | None = None,
    metric: Metric = ACCURACY,
    times: pd.DataFrame | None = None,
) -> Figure:
    """Draw one row of two panels per dataset: the score over training cost, and over inference time.

    A marker is the mean over the seeds of an arm at a size, larger with more labels; it is hollow where the machine was
    busy during the timing. A line joins the means of an arm. Seeds are faint points; folds are not drawn, as each has
    other test examples. The grey steps are the frontier of all means.

    table: rows of scores.parquet. times: rows of tables/inference.parquet. The other arguments: see `report.figures`.
    """
    width = style["width"]
    table = table[table["n"] > 0]  # without labels, there is no training whose cost could be shown
    if table.empty:
        return message("No cell has been scored.", width)
    table = with_times(table, times)
    table = table.assign(
        shown=metric.scale * table[metric.name],
        flops=table["training_flops"] + table["pretraining_flops"] + table[HELPERS].sum(axis=1),
    )
    looks = arm_looks(arms)
    groups = list(table.groupby("dataset", sort=False))
    fig = Figure(figsize=(2 * width, 0.72 * width * len(groups)), dpi=300, layout="constrained")
    grid = fig.subplots(len(groups), 2, squeeze=False, sharey="row")
    for line, (_, rows) in zip(grid, groups, strict=True):
        for ax, cost in zip(line, ("flops", "ms"), strict=True):
            panel(ax, rows[rows[cost] > 0], cost, looks, table["n"], metric.sign)
            ax.set_title(wrap(rows["dataset_title"].iloc[0], 0.9 * width))
        for ax, label in zip(line, (training_label(rows), time_label(rows)), strict=True):
            ax.set_xlabel("\n".join(wrap(part, width) for part in label.split("\n")))
        line[0].yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10], min_n_ticks=3))
    for ax in grid[:, 0]:
        ax.set_ylabel(f"{heading(metric)}{selection_note(table['selection'])}")
    legend_above(fig, [*arm_entries(table, "shown", looks), *more_entries(table)])
    fig.draw_without_rendering()  # the panels have made room
    for ax in fig.axes:
        if ax.get_xscale() == "log":
            log_ticks(ax)
    return fig


def more_entries(table):
    """Return the entries of a legend for what is no arm."""
    steps = Line2D([], [], **FRONTIER)
    dots = Line2D([], [], color=GREY, marker="o", markeredgecolor="white", linestyle="none")
    entries = [Entry("best at its cost", steps, None), Entry("larger: more labels", dots, None)]
    if table["busy"].any():
        hollow = Line2D([], [], color=GREY, marker="o", markerfacecolor="white", linestyle="none")
        entries.append(Entry("hollow: the machine was busy, so the time is too long", hollow, None))
    return entries


def training_label(rows):
    """Return the label of the axis of operations, which says whose pretraining is not among them."""
    label = "FLOPs to pretrain and train" if (rows["pretraining_flops"] > 0).any() else "FLOPs to train"
    helpers = [name for name in HELPERS if rows[name].notna().any()]
    if helpers:
        label += f", with the {' and the '.join(name.removesuffix('_flops') for name in helpers)}"
    missing = list(dict.fromkeys(rows.loc[rows["pretrained_elsewhere"] | rows["teacher_elsewhere"], "arm_title"]))
    return f"{label}\nwithout pretraining elsewhere: {listed(missing)}" if missing else label


def time_label(rows):
    """Return the label of the axis of times, which says what was timed, and which arms were not."""
    timed = rows[rows["ms"].notna()]
    if timed.empty:
        return "Time to classify a text: no arm was timed"
    first = timed.iloc[0]
    start = "" if first["start"] == "text" else "from tokens, "
    label = f"Time to classify a text (ms; {start}{first['timed_on'].upper()}, {at_once(int(first['batch_size']))})"
    missing = list(dict.fromkeys(rows.loc[rows["ms"].isna(), "arm_title"]))
    return f"{label}\nnot timed: {listed(missing)}" if missing else label


def log_ticks(ax):
    """Set three to five labelled ticks on a logarithmic x axis: powers of ten, or also numbers between them."""
    low, high = ax.get_xlim()
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in DIGITS:
        ticks = [d * 10.0**e for e in exponents for d in digits if low <= d * 10.0**e <= high]
        if len(ticks) >= FEWEST_TICKS:
            break
    ticks = ticks[:: -(-len(ticks) // MOST_TICKS)]
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticks(ticks, [short(tick) for tick in ticks])


def panel(ax, rows, cost, looks, sizes, sign):
    """Draw one panel: the mean of each arm and size, the line through those of an arm, and the frontier of all."""
    if rows.empty:
        ax.set_xticks([])
        return
    means = rows.groupby(["arm", "n"], sort=False, as_index=False).agg(
        {cost: "mean", "shown": "mean", "busy": "max", "folds": "max"}
    )
    best = means.iloc[frontier(means[cost].to_numpy(), sign * means["shown"].to_numpy())]
    ax.plot(best[cost], best["shown"], **FRONTIER)
    for arm, of_arm in means.groupby("arm", sort=False):
        colour, dashes = looks["palette"][arm], looks["dashes"][arm]
        ax.plot(of_arm[cost], of_arm["shown"], color=colour, linestyle=(0, dashes) if dashes else "-", linewidth=0.8)
        hollow = cost == "ms" and of_arm["busy"].iloc[0]
        ax.scatter(
            of_arm[cost], of_arm["shown"], areas(of_arm["n"], sizes), marker=looks["markers"][arm],
            facecolor="white" if hollow else colour, edgecolor=colour if hollow else "white",
            linewidth=0.8 if hollow else 0.4, zorder=3,
        )  # fmt: skip
        if not of_arm["folds"].any():
            cells = rows[rows["arm"] == arm]
            ax.scatter(cells[cost], cells["shown"], 3, color=colour, alpha=0.45, linewidth=0, zorder=2)
    ax.set_xscale("log")
    low, high = ax.get_xlim()
    if high / low < NARROWEST:  # all costs are about the same
        middle = math.sqrt(low * high)
        ax.set_xlim(middle / math.sqrt(NARROWEST), middle * math.sqrt(NARROWEST))
