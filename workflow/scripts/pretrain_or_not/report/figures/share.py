"""Draw accuracy less the reference arm's over the share of the training data, the published points beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pretrain_or_not.report.legends import Entry, add_names, arm_entries
from pretrain_or_not.report.panels import curves, message, panels, short_share, size_axis
from pretrain_or_not.report.selection_note import selection_note
from pretrain_or_not.report.style import GREY, arm_looks, styled

XLABEL = "Share of the training data"

STAR: dict[str, Any] = {"marker": "*", "markersize": 9, "linestyle": "none", "markeredgewidth": 0.8, "zorder": 4}


@styled
def draw(table: pd.DataFrame, arms: list[str], style: dict, published: dict) -> Figure:
    """One panel a dataset, one line an arm: points above the reference arm, in the same cell; mean, least, greatest.

    The figure of the published study. A hollow star is what the study found, against its own reference arm.

    table: rows of gaps.parquet. The other arguments: see `report.figures`.
    """
    width, study = style["width"], published["study"]
    if table.empty:
        return message("No arm but the reference has been scored: no difference to show.", width)
    table = table.assign(difference=-table["gap"])
    looks = arm_looks(arms)
    reference = " / ".join(table["reference_title"].unique())
    theirs = pd.DataFrame(published["points"], columns=["dataset", "arm", "share", "difference"])
    theirs = theirs[theirs["difference"].notna() & theirs["arm"].isin(arms)]
    zero = Entry(reference, Line2D([], [], color=GREY, linewidth=0.8), (None, 0))
    entries = [*arm_entries(table, "difference", looks, "share"), zero]
    fig, drawn = panels(table, width, "share", short_share)
    for ax, rows in drawn:
        ax.axhline(0, color=GREY, linewidth=0.8, zorder=1)
        curves(ax, rows, "difference", looks)
        beside = theirs[theirs["dataset"] == rows["dataset"].iloc[0]]
        if len(beside):
            before = ax.get_xlim()
            size_axis(ax, sorted({*rows["share"], *beside["share"]}), short_share)
            ax.set_xlim(*np.sort([*before, *ax.get_xlim()])[[0, -1]])  # arms side by side need more room
        for row in beside.itertuples():
            colour = looks["palette"][row.arm]
            ax.plot(row.share, row.difference, markerfacecolor="white", markeredgecolor=colour, **STAR)
    if theirs["dataset"].isin(table["dataset"]).any():
        star = Line2D([], [], markerfacecolor="white", markeredgecolor=GREY, **STAR)
        entries.append(
            Entry(f"{study['name']}, less {study['reference']}'s", star, (float("nan"), 0))
        )  # no end: into the legend
    ylabel = f"Points above {reference}{selection_note(table['selection'])}"
    add_names(fig, [ax for ax, _ in drawn], entries, XLABEL, ylabel)
    return fig
