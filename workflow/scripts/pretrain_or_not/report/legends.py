"""Names for what a figure shows: at the ends of its lines where that is legible, else in a legend."""

import math
from typing import NamedTuple

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.text import Text
from scipy.optimize import isotonic_regression

from pretrain_or_not.report.panels import wrap
from pretrain_or_not.report.style import FONT


class Entry(NamedTuple):
    """A line and its name, for a label at its end or a legend.

    line: as a legend shows it. end: (x, y) in data units where the line ends; x is None for one across the panel.
    """

    title: str
    line: Line2D
    end: tuple | None


def arm_entries(table, value, looks, x="n"):
    """Return an `Entry` for each arm in the table; its line ends at the largest value of the column `x`."""
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
        last = rows[x].max()
        entries.append(Entry(rows["arm_title"].iloc[0], line, (last, rows.loc[rows[x] == last, value].mean())))
    return entries


def reference_level(table, looks):
    """Return the `Entry` of the reference arm in a figure of gaps, where it is the line at 0, in its own colour.

    table: rows of gaps.parquet.
    """
    colour = looks["palette"][table["reference"].iloc[0]]
    title = " / ".join(table["reference_title"].unique())
    return Entry(title, Line2D([], [], color=colour), (None, 0))


def draw_level(ax, entry):
    """Draw the line of an `Entry` across a panel, behind the curves."""
    line = entry.line
    ax.axhline(
        entry.end[1], color=line.get_color(), linewidth=line.get_linewidth(), linestyle=line.get_linestyle(), zorder=1
    )


def add_names(fig, axes, entries, xlabel, ylabel):
    """Name the axes and the lines of a drawn figure, and take out tick labels that would touch.

    Lines are named at their ends in a single panel where that is legible, and in a legend above the panels elsewhere.
    """
    if len(axes) == 1:
        axes[0].set_xlabel(xlabel)
    else:
        fig.supxlabel(xlabel)
    fig.draw_without_rendering()  # only now does the text have a size and a place
    for ax in axes:
        if ax.get_subplotspec().is_first_col():
            ax.set_ylabel(wrap(ylabel, ax.bbox.height / fig.dpi))
    if len(axes) > 1 or not _label_ends(fig, axes[0], entries):
        legend_above(fig, entries)
    fig.draw_without_rendering()  # the panels have made room
    for ax in axes:
        thin_tick_labels(ax)


def thin_tick_labels(ax):
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
    """Write each title at the end of its line; return False, with nothing written, where that is not legible.

    It is not where a title does not fit, or a line ends before the last tick.
    """
    first, last = ax.get_xticks()[[0, -1]]
    if first == last or any(entry.end[0] not in (None, last) for entry in entries):
        return False
    to_axes = ax.transData + ax.transAxes.inverted()
    ends = [to_axes.transform((last, entry.end[1]))[1] for entry in entries]
    titles = [wrap(entry.title, 0.35 * fig.get_figwidth()) for entry in entries]
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
    """Write the title at height `place` (0 to 1) right of the panel, with a thin line to the end of its curve."""
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


def legend_above(fig, entries):
    """Add a legend above the panels, in as few rows as the width allows; the figure grows by its height."""

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
            text.set_text(wrap(entry.title, 0.8 * fig.get_figwidth()))
        return made

    for columns in range(len(entries), 0, -1):
        columns = math.ceil(len(entries) / math.ceil(len(entries) / columns))
        made = legend(columns)
        if columns == 1 or made.get_window_extent().width <= fig.bbox.width:
            break
        made.remove()
    fig.set_figheight(fig.get_figheight() + made.get_window_extent().height / fig.dpi)


def spread(values, heights, low, high):
    """Move the middles of labels so that none overlap and all lie in [low, high], least squares from `values`.

    Least squares under an order is isotonic regression.
    The order of `values` is kept; what does not fit runs over `high`. Returns positions in the order of `values`.
    """
    values, heights = np.asarray(values, float), np.asarray(heights)
    order = np.argsort(values, kind="stable")
    steps = (heights[order][1:] + heights[order][:-1]) / 2
    room = np.concatenate([[0], np.cumsum(steps)])  # that the labels below one need, from the lowest
    bases = isotonic_regression(values[order] - room).x
    places = np.empty_like(values)
    places[order] = np.maximum(np.minimum(bases, high - room[-1]), low) + room
    return places.tolist()
