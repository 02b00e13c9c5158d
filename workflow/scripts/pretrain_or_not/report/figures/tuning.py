"""Draw the validation score to expect over the number of tries."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from pretrain_or_not.config.metric import ACCURACY, Metric
from pretrain_or_not.report.legends import add_names, arm_entries
from pretrain_or_not.report.panels import curves, message, panels
from pretrain_or_not.report.style import arm_looks, styled
from pretrain_or_not.report.wording import counted

XLABEL = "Tries (runs of the sweep)"


@styled
def draw(
    table: pd.DataFrame, arms: list[str], style: dict, published: dict | None = None, metric: Metric = ACCURACY
) -> Figure:
    """Draw one panel per dataset and size, one line per arm: the best validation score to expect of so many tries.

    A marker is the mean over seeds, and a faint dot is a seed.

    table: rows of tuning.parquet. The other arguments: see `report.figures`.
    """
    if table.empty:
        return message("No run has a validation score.", style["width"])
    if table["tries"].max() == 1:
        return message("Each arm has one try: its sweep has one value.", style["width"])
    titles = [f"{title}, {counted(n, 'label')}" for title, n in zip(table["dataset_title"], table["n"], strict=True)]
    cells = table["dataset"] + ":" + table["n"].astype(str)  # a panel each: datasets may have the same title
    table = table.assign(shown=metric.scale * table["expected_best"], dataset=cells, dataset_title=titles)
    table = table.sort_values("tries", kind="stable")
    looks = arm_looks(arms)
    fig, drawn = panels(table.sort_values("n", kind="stable"), style["width"], "tries", str)
    for ax, rows in drawn:
        curves(ax, rows, "shown", looks)
    on = "test" if "test" in set(table["selection"]) else "validation"
    add_names(
        fig, [ax for ax, _ in drawn], arm_entries(table, "shown", looks, "tries"), XLABEL,
        f"Expected best {on} {metric.title} ({metric.unit})",
    )  # fmt: skip
    return fig
