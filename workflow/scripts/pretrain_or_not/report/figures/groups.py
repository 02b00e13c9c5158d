"""Draw the score of each group of test examples."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pretrain_or_not.config.metrics import ACCURACY, Metric
from pretrain_or_not.evaluation.metrics import Z_95
from pretrain_or_not.report.legends import Entry, legend_above
from pretrain_or_not.report.metric_words import gap_heading, heading
from pretrain_or_not.report.panels import message, wrap
from pretrain_or_not.report.style import FONT, GREY, arm_looks, styled

MOST = 20  # groups of a column that are shown, those with the most test examples


@styled
def draw(
    table: pd.DataFrame, arms: list[str], style: dict, published: dict | None = None, metric: Metric = ACCURACY
) -> Figure:
    """Draw two panels per dataset and group column: score of each group, and the gap to the reference arm there.

    Means over seeds at the largest size of each arm. Bars are 95 % intervals from the sampling of test examples.

    table: rows of scores_by_group.parquet. The other arguments: see `report.figures`.
    """
    if table.empty:
        return message("No dataset has groups.", style["width"])
    table = table[table["n"] == table.groupby(["dataset", "arm"])["n"].transform("max")]
    blocks = list(table.groupby(["dataset", "group"], sort=False))
    looks, width = arm_looks(arms), style["width"]
    heights = [0.8 + 0.22 * min(rows["value"].nunique(), MOST) for _, rows in blocks]
    fig = Figure(figsize=(2 * width, sum(heights)), dpi=300, layout="constrained")
    grid = fig.subplots(len(blocks), 2, squeeze=False, sharey="row", height_ratios=heights)
    for line, ((_, column), rows) in zip(grid, blocks, strict=True):
        sizes = rows.groupby("value")["test_examples"].first().nlargest(MOST)
        values = list(sizes.index)
        rows = rows[rows["value"].isin(values)]
        numbers = ["score", "score_low", "score_high", "gap", "gap_se"]
        means = rows.groupby(["arm", "value"], sort=False)[numbers].mean().reset_index()
        for i, arm in enumerate(name for name in arms if name in set(means["arm"])):
            cells = means[means["arm"] == arm].set_index("value").reindex(values)
            y = np.arange(len(values)) + 0.5 * ((i + 0.5) / means["arm"].nunique() - 0.5)
            dot = {"color": looks["palette"][arm], "marker": looks["markers"][arm], "linestyle": "none"}
            for ax, (centre, low, high) in zip(line, ends(cells, metric), strict=True):
                ax.errorbar(centre, y, xerr=[centre - low, high - centre], markersize=3, elinewidth=0.7, **dot)
        line[0].set_yticks(range(len(values)), [f"{wrap(v, 1.2)} ({sizes[v]:,})" for v in values], fontsize=FONT - 1)
        line[0].invert_yaxis()
        line[0].set(title=f"{rows['dataset_title'].iloc[0]}: {column}", xlabel=heading(metric))
        line[1].axvline(0, color=GREY, linewidth=0.8)
        line[1].set_xlabel(f"{gap_heading(metric)} behind the reference")
        for ax in line:
            ax.grid(True, axis="x")
    entries = [
        Entry(rows["arm_title"].iloc[0], Line2D([], [], color=looks["palette"][arm], marker=looks["markers"][arm],
                                                linestyle="none"), None)
        for arm, rows in table.groupby("arm", sort=False)
    ]  # fmt: skip
    legend_above(fig, entries)
    return fig


def ends(cells, metric):
    """Return (centre, low, high) of the score as it is shown, and of the gap, of the groups of an arm."""
    half = Z_95 * cells["gap_se"]
    score = tuple(metric.scale * cells[key] for key in ("score", "score_low", "score_high"))
    return score, (cells["gap"], cells["gap"] - half, cells["gap"] + half)
