"""Draw how many times as many labels other arms need for the scores of the reference arm."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from pretrain_or_not.config.metric import ACCURACY, Metric
from pretrain_or_not.report.budget_words import labels_heading
from pretrain_or_not.report.legends import add_names, arm_entries, draw_level, reference_level
from pretrain_or_not.report.panels import message, panels
from pretrain_or_not.report.selection_note import selection_note
from pretrain_or_not.report.style import arm_looks, styled
from pretrain_or_not.report.worth_words import is_known

APART = 1.3  # factor between the first and the last arm at a size, so that their bars are seen

ROOM = 2  # factor between the outermost number and the edge of a panel


@styled
def draw(
    table: pd.DataFrame, arms: list[str], style: dict, published: dict | None = None, metric: Metric = ACCURACY
) -> Figure:
    """Draw the ratio of labels over the labels of the reference arm: one panel per dataset, one line per arm.

    A bar is the 95 % interval; it reaches to the edge of the panel where it has no end. An open marker with an arrow is
    a bound: the ratio is more, or not more, than that.

    table: rows of worth.parquet. The other arguments: see `report.figures`.
    """
    table = table[[is_known(row) for row in table.to_dict("records")]]
    if table.empty:
        return message(
            "Nothing is known of how many labels other arms need for the scores of the reference.", style["width"]
        )
    above, below = np.isinf(table["labels"]), table["labels"] <= table["smallest"]
    bound = table["largest"].where(above, table["smallest"]) / table["n"]
    table = table.assign(at=table["ratio"].where(~above & ~below, bound), above=above, below=below)
    looks = arm_looks(arms)
    reference, shown = reference_level(table, looks), list(table["arm"].unique())
    reference = reference._replace(end=(None, 1))
    fig, drawn = panels(table, style["width"])
    for ax, rows in drawn:
        draw_level(ax, reference)
        ends = rows[["ratio_low", "ratio_high"]].to_numpy()
        known = np.concatenate([rows["at"], ends[np.isfinite(ends)], [1]])
        edges = known.min() / ROOM, known.max() * ROOM
        for arm, own in rows.groupby("arm", sort=False):
            draw_arm(ax, own, APART ** ((shown.index(arm) + 0.5) / len(shown) - 0.5), edges, arm, looks)
        ax.set(yscale="log", ylim=edges, xlabel=None, ylabel=None)
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_minor_locator(NullLocator())
        ax.yaxis.set_major_formatter(FuncFormatter(lambda ratio, _: f"{ratio:,g} ×"))
    title = " / ".join(table["reference_title"].unique())
    ylabel = f"Labels for the score of {title}, times its own{selection_note(table['selection'])}"
    entries = [*arm_entries(table, "at", looks), reference]
    add_names(fig, [ax for ax, _ in drawn], entries, labels_heading(table, " of the reference"), ylabel)
    return fig


def draw_arm(ax, rows, aside, edges, arm, looks):
    """Draw the ratios of one arm. aside: factor of its place on the x axis. edges: of the panel."""
    colour, marker = looks["palette"][arm], looks["markers"][arm]
    dashes = looks["dashes"][arm]
    x = rows["x"] * aside
    low = rows["ratio_low"].where(rows["labels_low"] > rows["smallest"], edges[0])
    high = rows["ratio_high"].where(np.isfinite(rows["ratio_high"]), edges[1])
    some = np.isfinite(rows["labels_low"]) & (rows["labels_high"] > rows["smallest"])
    ax.vlines(x[some], low[some], high[some], color=colour, linewidth=0.7)
    ax.plot(
        x,
        rows["ratio"].where(~(rows["above"] | rows["below"])),
        color=colour,
        linestyle=(0, dashes) if dashes else "-",
        zorder=2,
    )
    bounded = rows["above"] | rows["below"]
    ax.plot(x[~bounded], rows["at"][~bounded], marker, color=colour, markeredgecolor="white", zorder=3)
    ax.plot(x[bounded], rows["at"][bounded], marker, markeredgecolor=colour, markerfacecolor="white", zorder=3)
    for which, direction in (("above", 1), ("below", -1)):
        for place, at in zip(x[rows[which]], rows["at"][rows[which]], strict=True):
            ax.annotate(
                "",
                (place, at),
                (0, 13 * direction),
                textcoords="offset points",
                arrowprops={"arrowstyle": "<-", "color": colour, "linewidth": 0.9, "shrinkA": 0, "shrinkB": 3},
                annotation_clip=False,
            )
