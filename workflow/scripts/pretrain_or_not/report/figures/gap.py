"""Draw the gap to the reference arm over the number of labelled examples."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pretrain_or_not.config.metric import ACCURACY, Metric
from pretrain_or_not.report.budget_words import labels_heading
from pretrain_or_not.report.fan import at_ends, draw_fans, fans_of
from pretrain_or_not.report.legends import Entry, add_names, arm_entries, draw_level, reference_level
from pretrain_or_not.report.metric_words import gap_heading, steps
from pretrain_or_not.report.panels import curves, mean_by_size, message, panels
from pretrain_or_not.report.selection_note import selection_note
from pretrain_or_not.report.style import GREY, arm_looks, styled

ENDS = ("gap_mean_low", "gap_mean_high")


@styled
def draw(
    table: pd.DataFrame,
    arms: list[str],
    style: dict,
    published: dict | None = None,
    metric: Metric = ACCURACY,
    beyond: pd.DataFrame | None = None,
) -> Figure:
    """Draw points behind the reference arm, in the same cell: one panel per dataset, one line per arm.

    A line is the mean over seeds, and dots are the seeds. The band is the 95 % interval of the mean, from the sampling
    of test examples and from seeds together.

    table: rows of gaps.parquet. beyond: of beyond.parquet, drawn as fans. The other arguments: see `report.figures`.
    """
    width, one_point = style["width"], style["one_point"]
    if table.empty:
        return message("No arm but the reference has been scored: no gap to show.", width)
    looks = arm_looks(arms)
    reference = " / ".join(table["reference_title"].unique())
    levels = [reference_level(table, looks)]
    if one_point:
        line = Line2D([], [], color=GREY, linewidth=0.8, linestyle=(0, (3, 2)))
        levels.append(Entry(steps(metric, float(one_point)), line, (None, float(one_point))))
    fans = fans_of(beyond, "gap", table)
    fig, drawn = panels(table, width)
    for ax, rows in drawn:
        for level in levels:
            draw_level(ax, level)
        for arm, means in mean_by_size(rows, *ENDS).groupby("arm", sort=False):
            ends, colour = (means["x"], *(means[end] for end in ENDS)), looks["palette"][arm]
            if len(means) > 1:
                light = 0.4 / (2 + table["arm"].nunique())  # many bands overlap
                ax.fill_between(*ends, color=colour, alpha=light, linewidth=0)
            else:  # a band over one size has no width
                ax.vlines(*ends, color=colour, alpha=0.15, linewidth=7, capstyle="butt")
        draw_fans(ax, fans[fans["dataset"] == rows["dataset"].iloc[0]], looks)
        curves(ax, rows, "gap", looks)
    axes = [ax for ax, _ in drawn]
    ylabel = f"{gap_heading(metric)} behind {reference}{selection_note(table['selection'])}"
    add_names(fig, axes, arm_entries(at_ends(table, fans, "gap"), "gap", looks) + levels, labels_heading(table), ylabel)
    return fig
