"""Draw accuracy over the number of labelled examples."""

from __future__ import annotations

from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pretrain_or_not.report.legends import Entry, add_names, arm_entries
from pretrain_or_not.report.panels import curves, message, panels
from pretrain_or_not.report.selection_note import selection_note
from pretrain_or_not.report.style import GREY, arm_looks, styled

XLABEL = "Labelled training examples"

MAJORITY: dict[str, Any] = {"color": GREY, "linewidth": 0.8, "linestyle": (0, (3, 2)), "zorder": 1}


@styled
def draw(table: pd.DataFrame, arms: list[str], style: dict, published: dict | None = None) -> Figure:
    """Draw test accuracy in %: one panel per dataset, one line per arm, each seed as a faint point.

    A thin dashed line is the accuracy of always answering the class that is most frequent in the training subset: the
    mean over the cells of a size.

    table: rows of scores.parquet. The other arguments: see `report.figures`.
    """
    width = style["width"]
    if table.empty:
        return message("No cell has been scored.", width)
    table = table.assign(percent=100 * table["accuracy"], majority=100 * table["majority_accuracy"])
    looks = arm_looks(arms)
    fig, drawn = panels(table, width)
    shown = False
    for ax, rows in drawn:
        sns.scatterplot(
            rows,
            x="x",
            y="percent",
            hue="arm",
            palette=looks["palette"],
            s=5,
            alpha=0.45,
            linewidth=0,
            legend=False,
            ax=ax,
        )
        curves(ax, rows, "percent", looks)
        shown |= draw_majority(ax, rows.groupby("n")["majority"].mean())
    ylabel = f"Test accuracy (%){selection_note(table['selection'])}"
    entries = arm_entries(table, "percent", looks)
    if shown:
        last = table.loc[table["n"] == table["n"].max(), "majority"].mean()
        entries.append(Entry("Most frequent class", Line2D([], [], **MAJORITY), (None, last)))
    add_names(fig, [ax for ax, _ in drawn], entries, XLABEL, ylabel)
    return fig


def draw_majority(ax, percent):
    """Draw the accuracy of the most frequent class across a panel, or say it in words; return whether it is drawn.

    It is said where a line would press the curves into less than half of the panel. percent: by size.
    """
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    if percent.min() < low - (high - low):
        text = f"most frequent class: {percent.iloc[-1]:.0f} %"
        ax.text(0.98, 0.02, text, transform=ax.transAxes, ha="right", va="bottom", color=GREY)
        return False
    ax.plot([left, *percent.index, right], [percent.iloc[0], *percent, percent.iloc[-1]], **MAJORITY)
    ax.set_xlim(left, right)
    return True
