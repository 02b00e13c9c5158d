"""Draw accuracy over the number of labelled examples."""

from __future__ import annotations

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from pretrain_or_not.report.legends import add_names, arm_entries
from pretrain_or_not.report.panels import curves, message, panels
from pretrain_or_not.report.selection_note import selection_note
from pretrain_or_not.report.style import arm_looks, styled

XLABEL = "Labelled training examples"


@styled
def draw(table: pd.DataFrame, arms: list[str], style: dict, published: dict | None = None) -> Figure:
    """Draw test accuracy in %: one panel per dataset, one line per arm, each seed as a faint point.

    table: rows of scores.parquet. The other arguments: see `report.figures`.
    """
    width = style["width"]
    if table.empty:
        return message("No cell has been scored.", width)
    table = table.assign(percent=100 * table["accuracy"])
    looks = arm_looks(arms)
    fig, drawn = panels(table, width)
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
    ylabel = f"Test accuracy (%){selection_note(table['selection'])}"
    add_names(fig, [ax for ax, _ in drawn], arm_entries(table, "percent", looks), XLABEL, ylabel)
    return fig
