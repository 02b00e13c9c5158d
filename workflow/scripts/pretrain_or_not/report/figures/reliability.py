"""Draw how often an arm is right, over how sure it is."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pretrain_or_not.config.metric import ACCURACY, Metric
from pretrain_or_not.report.legends import Entry, legend_above
from pretrain_or_not.report.panels import COLUMNS, message, wrap
from pretrain_or_not.report.style import GREY, arm_looks, styled

FORMS: dict[bool, Any] = {False: "-", True: (0, (1, 1))}  # line style before and after scaling by the temperature

TICKS = (0, 25, 50, 75, 100)

FEWEST = 10  # test examples of a bin that is drawn


@styled
def draw(
    table: pd.DataFrame, arms: list[str], style: dict, published: dict | None = None, metric: Metric = ACCURACY
) -> Figure:
    """Draw one panel per dataset and arm: share of right answers over the probability of the answer.

    Solid: the probabilities as they are. Dotted: scaled by the temperature that was fitted on validation data. Bins of
    all seeds at the arm's largest size are put together; those of fewer than FEWEST examples are left out.

    table: rows of reliability.parquet. The other arguments: see `report.figures`.
    """
    if table.empty:
        return message("No cell has been scored.", style["width"])
    looks, groups = arm_looks(arms), list(table.groupby(["dataset", "arm"], sort=False))
    columns = min(COLUMNS, len(groups))
    lines = -(-len(groups) // columns)
    width = style["width"] * min(columns, 2) / columns
    fig = Figure(figsize=(width * columns, 1.1 * width * lines), dpi=300, layout="constrained")
    grid = fig.subplots(lines, columns, squeeze=False, sharex=True, sharey=True)
    for ax in grid.ravel()[len(groups) :]:
        ax.remove()
    several = table["dataset"].nunique() > 1
    for ax, ((_, arm), rows) in zip(grid.ravel(), groups, strict=False):
        dataset = f"{rows['dataset_title'].iloc[0]}: " if several else ""
        ax.set_title(wrap(dataset + rows["arm_title"].iloc[0], 0.85 * width))
        ax.plot([0, 100], [0, 100], color=GREY, linewidth=0.8, zorder=1)
        ax.set(xlim=(-2, 102), ylim=(-2, 102), aspect="equal", xticks=TICKS, yticks=TICKS)
        ax.tick_params(labelbottom=True)
        for scaled, cells in rows.groupby("scaled"):
            means = pooled(cells)
            line = {"color": looks["palette"][arm], "linestyle": FORMS[scaled], "marker": looks["markers"][arm]}
            ax.plot(100 * means["confidence"], 100 * means["right"], **line, markersize=3)
    fig.supxlabel("Probability of the answer (%)")
    fig.supylabel("Right answers (%)")
    titles = {False: "as predicted", True: "scaled by the temperature"}
    legend_above(
        fig, [Entry(title, Line2D([], [], color=GREY, linestyle=FORMS[k]), None) for k, title in titles.items()]
    )
    return fig


def pooled(cells):
    """Return the bins of several seeds put together: mean `confidence` and share `right`, by bin."""
    weighted = cells.assign(**{key: cells[key] * cells["examples"] for key in ("confidence", "right")})
    sums = weighted.groupby("bin")[["examples", "confidence", "right"]].sum()
    sums = sums[sums["examples"] >= FEWEST]
    return sums[["confidence", "right"]].div(sums["examples"], axis=0)
