"""Draw the gap to the reference arm over the share of the training data, with the published points."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pretrain_or_not.config.metric import ACCURACY, Metric
from pretrain_or_not.report.legends import Entry, add_names, arm_entries, draw_level, reference_level
from pretrain_or_not.report.metric_words import gap_heading
from pretrain_or_not.report.panels import curves, message, panels, short_share, size_axis
from pretrain_or_not.report.selection_note import selection_note
from pretrain_or_not.report.style import GREY, arm_looks, styled

XLABEL = "Share of the training data"

MEAN = ["gap_mean", "gap_mean_low", "gap_mean_high"]

STAR: dict[str, Any] = {"marker": "*", "markersize": 9, "linestyle": "none", "markeredgewidth": 0.8, "zorder": 4}


@styled
def draw(table: pd.DataFrame, arms: list[str], style: dict, published: dict, metric: Metric = ACCURACY) -> Figure:
    """Draw points behind the reference arm, in the same cell: one panel per dataset, one line per arm.

    A line is the mean over seeds, and dots are the seeds. A bar is the 95 % interval of the mean, from the sampling of
    test examples and from seeds together. The published study has this figure with the opposite sign. A hollow star is
    the result of the study, against its own reference arm.

    table: rows of gaps.parquet. The other arguments: see `report.figures`.
    """
    width, study = style["width"], published["study"]
    if table.empty:
        return message("No arm but the reference has been scored: no gap to show.", width)
    looks = arm_looks(arms)
    reference = " / ".join(table["reference_title"].unique())
    points = pd.DataFrame(published["points"], columns=["dataset", "arm", "share", "gap"])
    points = points[points["gap"].notna() & points["arm"].isin(arms) & (metric.name == "accuracy")]
    zero = reference_level(table, looks)
    entries = [*arm_entries(table, "gap", looks, "share"), zero]
    fig, drawn = panels(table, width, "share", short_share)
    for ax, rows in drawn:
        draw_level(ax, zero)
        curves(ax, rows, "gap", looks, MEAN)
        stars = points[points["dataset"] == rows["dataset"].iloc[0]]
        if len(stars):
            before = ax.get_xlim()
            size_axis(ax, sorted({*rows["share"], *stars["share"]}), short_share)
            ax.set_xlim(*np.sort([*before, *ax.get_xlim()])[[0, -1]])  # arms side by side need more space
        for row in stars.itertuples():
            colour = looks["palette"][row.arm]
            ax.plot(row.share, row.gap, markerfacecolor="white", markeredgecolor=colour, **STAR)
    if points["dataset"].isin(table["dataset"]).any():
        star = Line2D([], [], markerfacecolor="white", markeredgecolor=GREY, **STAR)
        entries.append(
            Entry(f"{study['name']}, behind {study['reference']}", star, (float("nan"), 0))
        )  # no end: into the legend
    ylabel = f"{gap_heading(metric)} behind {reference}{selection_note(table['selection'])}"
    add_names(fig, [ax for ax, _ in drawn], entries, XLABEL, ylabel)
    return fig
