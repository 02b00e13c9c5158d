"""Draw how often an arm is right, over how sure it is."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pretrain_or_not.config.metrics import ACCURACY, Metric
from pretrain_or_not.report.legends import Entry, legend_above
from pretrain_or_not.report.panels import COLUMNS, message, wrap
from pretrain_or_not.report.style import GREY, arm_looks, styled

FORMS: dict[bool, Any] = {False: "-", True: (0, (1, 1))}  # line style before and after scaling by the temperature

FEWEST = 10  # test examples of a bin that is drawn


@styled
def draw(
    table: pd.DataFrame, arms: list[str], style: dict, published: dict | None = None, metric: Metric = ACCURACY
) -> Figure:
    """Draw one panel per dataset, two lines per arm: share of right answers over the probability of the answer.

    Solid: the probabilities as they are. Dotted: scaled by the temperature that was fitted on validation data. Bins of
    all seeds at the arm's largest size are put together; those of fewer than FEWEST examples are left out.

    table: rows of reliability.parquet. The other arguments: see `report.figures`.
    """
    if table.empty:
        return message("No cell has been scored.", style["width"])
    looks, groups = arm_looks(arms), list(table.groupby("dataset", sort=False))
    lines = -(-len(groups) // COLUMNS)
    columns = -(-len(groups) // lines)
    width = style["width"] * min(columns, 2) / columns
    fig = Figure(figsize=(width * columns, width * lines), dpi=300, layout="constrained")
    grid = fig.subplots(lines, columns, squeeze=False).ravel()
    for ax in grid[len(groups) :]:
        ax.remove()
    entries = {}
    for ax, (_, rows) in zip(grid, groups, strict=False):
        ax.set_title(wrap(rows["dataset_title"].iloc[0], 0.9 * width))
        ax.plot([0, 100], [0, 100], color=GREY, linewidth=0.8, zorder=1)
        ax.set(xlim=(0, 101), ylim=(-1, 101), xlabel="Probability of the answer (%)")
        for (arm, scaled), cells in rows.groupby(["arm", "scaled"], sort=False):
            means = pooled(cells)
            line = {"color": looks["palette"][arm], "linestyle": FORMS[scaled]}
            ax.plot(100 * means["confidence"], 100 * means["right"], **line, marker=looks["markers"][arm], markersize=3)
            if not scaled:
                shown = Line2D([], [], **line, marker=looks["markers"][arm])
                entries[arm] = Entry(cells["arm_title"].iloc[0], shown, None)
    grid[0].set_ylabel("Right answers (%)")
    dotted = Entry("after scaling", Line2D([], [], color=GREY, linestyle=FORMS[True]), None)
    legend_above(fig, [*entries.values(), dotted])
    return fig


def pooled(cells):
    """Return the bins of several seeds put together: mean `confidence` and share `right`, by bin."""
    weighted = cells.assign(**{key: cells[key] * cells["examples"] for key in ("confidence", "right")})
    sums = weighted.groupby("bin")[["examples", "confidence", "right"]].sum()
    sums = sums[sums["examples"] >= FEWEST]
    return sums[["confidence", "right"]].div(sums["examples"], axis=0)
