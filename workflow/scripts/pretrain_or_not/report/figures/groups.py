"""Draw the score of each group of test examples."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pretrain_or_not.config.metric import ACCURACY, Metric
from pretrain_or_not.report.legends import Entry, legend_above
from pretrain_or_not.report.metric_words import gap_heading, heading
from pretrain_or_not.report.panels import message, wrap
from pretrain_or_not.report.style import FONT, GREY, arm_looks, styled

ENDS = [[f"{name}_mean{end}" for end in ("", "_low", "_high")] for name in ("score", "gap")]

MOST = 20  # groups of a column that are shown, those with the most test examples


@styled
def draw(
    table: pd.DataFrame, arms: list[str], style: dict, published: dict | None = None, metric: Metric = ACCURACY
) -> Figure:
    """Draw two panels per dataset and group column: score of each group, and the gap to the reference arm there.

    Means over seeds at the largest size of each arm; faint dots are the seeds. Bars are 95 % intervals of the means,
    from the sampling of test examples and from seeds together.

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
        rows = rows.assign(score=metric.scale * rows["score"], **{key: metric.scale * rows[key] for key in ENDS[0]})
        means = rows.groupby(["arm", "value"], sort=False)[[*ENDS[0], *ENDS[1]]].first().reset_index()
        for i, arm in enumerate(name for name in arms if name in set(means["arm"])):
            cells = means[means["arm"] == arm].set_index("value").reindex(values)
            y = np.arange(len(values)) + 0.5 * ((i + 0.5) / means["arm"].nunique() - 0.5)
            dot = {"color": looks["palette"][arm], "marker": looks["markers"][arm], "linestyle": "none"}
            seeds = rows[rows["arm"] == arm]
            for ax, name, ends in zip(line, ("score", "gap"), ENDS, strict=True):
                centre, low, high = (cells[end] for end in ends)
                ax.errorbar(centre, y, xerr=[centre - low, high - centre], markersize=3, elinewidth=0.7, **dot)
                if seeds["value"].duplicated().any():  # with one seed, its dot is the marker
                    at = y[pd.Index(values).get_indexer(seeds["value"])]
                    ax.scatter(seeds[name], at, s=6, color=dot["color"], alpha=0.5, linewidth=0)
        line[0].set_yticks(range(len(values)), [f"{wrap(v, 1.2)} ({sizes[v]:,})" for v in values], fontsize=FONT - 1)
        line[0].invert_yaxis()
        line[0].set(title=wrap(f"{rows['dataset_title'].iloc[0]}: {column}", 3), xlabel=heading(metric))
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
