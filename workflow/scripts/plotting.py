"""The look that the figures share, and the parts they are put together from."""

import math
import textwrap
from itertools import accumulate, pairwise
from typing import NamedTuple

import matplotlib as mpl
import pandas as pd
import seaborn as sns
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from artifacts import open_parquet, whole

WIDTH = 3.5  # inches; a column of a two-column page
COLUMNS = 3
FONT = 8  # points
XLABEL = "Labelled training examples"

# Okabe and Ito's colours without their yellow, which vanishes on white, and with Tol's wine in its place.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9", "#882255")
# Nine markers to eight colours: a ninth arm repeats the colour of the first, but not its marker.
MARKERS = ("o", "s", "^", "D", "v", ">", "p", "<", "h")
DASHES = ("", (4, 1.2), (1.2, 1.2), (5, 1.2, 1.2, 1.2), (7, 1.5, 2.5, 1.5))
GREY = "0.35"

RC = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],  # the first comes with Matplotlib, so sizes are the same
    "font.size": FONT,
    "axes.titlesize": FONT,
    "axes.labelsize": FONT,
    "figure.labelsize": FONT,
    "legend.fontsize": FONT,
    "xtick.labelsize": FONT - 1,
    "ytick.labelsize": FONT - 1,
    "text.parse_math": False,  # a "$" in a title is a dollar
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": "0.9",
    "grid.linewidth": 0.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "lines.linewidth": 1.2,
    "lines.markersize": 4.8,
    "lines.markeredgewidth": 0.4,
    "lines.solid_capstyle": "round",
    "svg.fonttype": "none",
    "svg.hashsalt": "pretrain-or-not",
    "pdf.fonttype": 42,
    "pdf.use14corefonts": False,
}
NO_DATE = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}

# Functions that draw and the one that saves run under it: Matplotlib reads some of RC only when it saves.
styled = mpl.rc_context(RC)


class Entry(NamedTuple):
    """A line and its name, for a label at its end or a legend.

    line: as a legend shows it. end: (x, y) in data units where the line ends; x is None for one across the panel.
    """

    title: str
    line: Line2D
    end: tuple


def arm_looks(arms):
    """Colour, marker and dashes an arm, by its place in `arms`: the arguments that seaborn wants.

    Give both figures the same list: an arm then looks the same in both, drawn or not the ones around it.
    """
    return {
        name: {arm: values[i % len(values)] for i, arm in enumerate(arms)}
        for name, values in (("palette", COLOURS), ("markers", MARKERS), ("dashes", DASHES))
    }


def read(path, arms):
    """The rows of `arms` in a tidy table: datasets in the table's order, `arms` in theirs, sizes rising."""
    with open_parquet(path) as file:
        table = file.read().to_pandas()
    table = table[table["arm"].isin(arms)]
    for column, order in (("dataset", table["dataset"].unique()), ("arm", arms)):
        table[column] = pd.Categorical(table[column], order)
    table = table.sort_values(["dataset", "arm", "n", "seed"], ignore_index=True)
    return table.astype({"dataset": str, "arm": str})


@styled
def save(fig, outputs):
    """Write a figure to each path, in the format its suffix names: same table, same bytes."""
    for path in outputs:
        suffix = str(path).rpartition(".")[2]
        with whole(path) as partial:
            fig.savefig(partial, format=suffix, dpi=300, metadata=NO_DATE.get(suffix))


def short_count(n):
    """A count in three significant digits: ``250``, ``1k``, ``58.2k``, ``5M``."""
    n = float(f"{n:.3g}")
    for unit, name in ((1e6, "M"), (1e3, "k")):
        if n >= unit:
            return f"{n / unit:.6g}{name}"
    return f"{n:g}"


def spread(values, heights, low, high):
    """Move the middles of labels so that none overlap and all lie in [low, high], least squares from `values`.

    Least squares under an order is isotonic regression, solved by pooling neighbours that are out of order.
    The order of `values` is kept; what does not fit runs over `high`. Returns positions in the order of `values`.
    """
    order = sorted(range(len(values)), key=values.__getitem__)
    steps = [(heights[a] + heights[b]) / 2 for a, b in pairwise(order)]
    room = list(accumulate(steps, initial=0))  # that the labels below one need, from the lowest
    pools = []  # [sum, count] of values less their room
    for i, below in zip(order, room, strict=True):
        pools.append([values[i] - below, 1])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] >= pools[-1][0] / pools[-1][1]:
            total, count = pools.pop()
            pools[-1][0] += total
            pools[-1][1] += count
    bases = [total / count for total, count in pools for _ in range(count)]
    moved = [max(min(base, high - room[-1]), low) + below for base, below in zip(bases, room, strict=True)]
    return [moved[order.index(i)] for i in range(len(values))]


def panels(table, width):
    """A figure with one panel a dataset. Returns it and a list of (axes, rows of the dataset with a column `x`).

    One panel is `width` inches wide; several share twice that, at most three in a row.
    `x` is `n`; in a panel with a single size, where the arms would hide one another, they stand side by side.
    """
    groups = list(table.groupby("dataset", sort=False))
    rows = math.ceil(len(groups) / COLUMNS)
    columns = math.ceil(len(groups) / rows)
    total = width * min(columns, 2)
    height = total / columns * (0.8 if len(groups) == 1 else 0.75 if columns == 2 else 0.85)
    fig = Figure(figsize=(total, height * rows), dpi=300, layout="constrained")
    fig.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.02, hspace=0.03)
    grid = fig.subplots(rows, columns, squeeze=False).ravel()
    for ax in grid[len(groups) :]:
        ax.remove()
    drawn = []
    for ax, (_, group) in zip(grid, groups, strict=False):
        ax.set_title(_wrap(group["dataset_title"].iloc[0], 0.9 * total / columns))
        ax.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
        sizes = sorted(group["n"].unique())
        size_axis(ax, sizes)
        place, arms = pd.factorize(group["arm"])
        aside = 2 ** (1.2 * ((place + 0.5) / len(arms) - 0.5)) if len(sizes) == 1 else 1
        drawn.append((ax, group.assign(x=group["n"] * aside)))
    return fig, drawn


def message(text, width):
    """A figure that says why there is nothing to see."""
    fig = Figure(figsize=(width, 0.8 * width), dpi=300)
    fig.text(0.5, 0.5, textwrap.fill(text, 40), ha="center", va="center", color=GREY)
    return fig


def size_axis(ax, sizes):
    """A logarithmic x axis with a tick at each size."""
    margin = (sizes[-1] / sizes[0]) ** 0.06 if len(sizes) > 1 else 2
    ax.set_xscale("log")
    ax.set_xlim(sizes[0] / margin, sizes[-1] * margin)
    ax.xaxis.set_major_locator(FixedLocator(sizes))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticks(sizes, [short_count(n) for n in sizes])


def curves(ax, rows, value, looks):
    """Mean over seeds as a line with markers, least to greatest as bars; one line an arm."""
    sns.lineplot(
        rows,
        x="x",
        y=value,
        hue="arm",
        style="arm",
        errorbar=("pi", 100),
        err_style="bars",
        err_kws={"elinewidth": 0.7},
        legend=False,
        ax=ax,
        **looks,
    )
    ax.set(xlabel=None, ylabel=None)


def arm_entries(table, value, looks):
    """An `Entry` for each arm that is in the table."""
    entries = []
    for arm, rows in table.groupby("arm", sort=False):
        line = Line2D(
            [],
            [],
            color=looks["palette"][arm],
            marker=looks["markers"][arm],
            markeredgecolor="white",
            linestyle=(0, looks["dashes"][arm]) if looks["dashes"][arm] else "-",
        )
        last = rows["n"].max()
        entries.append(Entry(rows["arm_title"].iloc[0], line, (last, rows.loc[rows["n"] == last, value].mean())))
    return entries


def finish(fig, axes, entries, ylabel):
    """Name the axes and the lines, once everything is drawn, and take out tick labels that would touch.

    Lines are named at their ends in a single panel where that is legible, and in a legend above the panels elsewhere.
    """
    if len(axes) == 1:
        axes[0].set_xlabel(XLABEL)
    else:
        fig.supxlabel(XLABEL)
    fig.draw_without_rendering()  # only now does the text have a size and a place
    for ax in axes:
        if ax.get_subplotspec().is_first_col():
            ax.set_ylabel(_wrap(ylabel, ax.bbox.height / fig.dpi))
    if len(axes) > 1 or not _label_ends(fig, axes[0], entries):
        _legend(fig, entries)
    fig.draw_without_rendering()  # the panels have made room
    for ax in axes:
        _thin_tick_labels(ax)


def _wrap(text, inches):
    """Break a text into lines that are not longer than `inches`, about: a letter is 0.58 em wide on average."""
    return textwrap.fill(text, max(int(inches * 72 / FONT / 0.58), 8), break_on_hyphens=False)


def _thin_tick_labels(ax):
    """Blank the x tick labels that come too near the one before; the first and the last stay."""
    labels = ax.get_xticklabels()
    boxes = [label.get_window_extent() for label in labels]
    gap = 0.5 * FONT / 72 * ax.figure.dpi
    edge = boxes[0].x1
    texts = [label.get_text() for label in labels]
    for i in range(1, len(labels) - 1):
        if boxes[i].x0 - edge < gap or boxes[-1].x0 - boxes[i].x1 < gap:
            texts[i] = ""
        else:
            edge = boxes[i].x1
    ax.set_xticks(ax.get_xticks(), texts)


def _label_ends(fig, ax, entries):
    """Write each title at the end of its line. False, nothing written: one does not fit, or a line stops short."""
    first, last = ax.get_xticks()[[0, -1]]
    if first == last or any(entry.end[0] not in (None, last) for entry in entries):
        return False
    to_axes = ax.transData + ax.transAxes.inverted()
    ends = [to_axes.transform((last, entry.end[1]))[1] for entry in entries]
    titles = [_wrap(entry.title, 0.35 * fig.get_figwidth()) for entry in entries]
    heights = [(1.15 * (title.count("\n") + 1) + 0.1) * FONT / 72 * fig.dpi / ax.bbox.height for title in titles]
    places = spread(ends, heights, -0.05, 1)
    if max(abs(end - place) for end, place in zip(ends, places, strict=True)) > 0.25:
        return False
    labels = [_end_label(ax, *label) for label in zip(entries, titles, places, strict=True)]
    widest = max(Text.get_window_extent(label).width for label in labels)  # an Annotation's own counts the leader
    if widest <= 0.37 * fig.bbox.width:
        return True
    for label in labels:
        label.remove()
    return False


def _end_label(ax, entry, title, place):
    """The title at height `place` (0 to 1) right of the panel, and a thin line from it to the end of its curve."""
    across = entry.end[0] is None
    colour = to_rgb(entry.line.get_color())
    return ax.annotate(
        title,
        xy=(1 if across else entry.end[0], entry.end[1]),
        xycoords=ax.get_yaxis_transform() if across else "data",
        xytext=(1.06, place),
        textcoords="axes fraction",
        va="center",
        linespacing=1.1,
        color=[0.75 * c for c in colour],  # darker: the light ones would be hard to read as text
        annotation_clip=False,
        arrowprops={
            "arrowstyle": "-",
            "color": colour,
            "linewidth": 0.5,
            "relpos": (0, 0.5),
            "patchA": None,
            "shrinkA": 1.5,
            "shrinkB": 0 if across else 3,
        },
    )


def _legend(fig, entries):
    """A legend above the panels, in as few rows as the width allows; the figure grows by its height."""

    def legend(columns):
        made = fig.legend(
            [entry.line for entry in entries],
            [str(i) for i in range(len(entries))],
            loc="outside upper center",
            ncols=columns,
            frameon=False,
            handlelength=2.6,
            columnspacing=1.3,
            borderpad=0.2,
            borderaxespad=0.1,
        )
        for text, entry in zip(made.get_texts(), entries, strict=True):
            # Only now: a legend leaves out names that start with "_".
            text.set_text(_wrap(entry.title, 0.8 * fig.get_figwidth()))
        return made

    for columns in range(len(entries), 0, -1):
        columns = math.ceil(len(entries) / math.ceil(len(entries) / columns))
        made = legend(columns)
        if columns == 1 or made.get_window_extent().width <= fig.bbox.width:
            break
        made.remove()
    fig.set_figheight(fig.get_figheight() + made.get_window_extent().height / fig.dpi)


def mean_by_size(rows, *columns):
    """Means over seeds: one row an arm and size, arms in the order of `rows`."""
    return rows.groupby(["arm", "x"], sort=False, as_index=False)[list(columns)].mean()
