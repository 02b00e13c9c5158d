"""Draw what is expected beyond the largest size: fans of intervals around dashed medians."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from pretrain_or_not.report.panels import short_count, size_axis
from pretrain_or_not.report.style import FONT, GREY

BANDS = ("95", "80", "50")

OPAQUE = 0.45  # at most, where the three bands of one arm lie over each other


def fans_of(beyond: pd.DataFrame | None, what: str, table: pd.DataFrame) -> pd.DataFrame:
    """Return the horizons of gaps or scores that are not refused, of the arms and datasets of a table of cells.

    beyond: rows of beyond.parquet, or None.
    """
    if beyond is None:
        return pd.DataFrame(columns=["dataset", "arm", "arm_title", "n", "median"])
    there = beyond["arm"].isin(table["arm"]) & beyond["dataset"].isin(table["dataset"])
    return beyond[(beyond["what"] == what) & beyond["refused"].isna() & there]


def draw_fans(ax: Axes, fans: pd.DataFrame, looks: dict) -> None:
    """Draw a fan of 50, 80 and 95 % and a dashed median per arm, and a line at the largest size.

    The x axis grows. fans: rows of one panel, see `fans_of`; nothing is drawn without any.
    """
    if fans.empty:
        return
    light = OPAQUE / (len(BANDS) + fans["arm"].nunique() - 1)  # many bands overlap
    for arm, rows in fans.groupby("arm", sort=False):
        colour = looks["palette"][arm]
        for band in BANDS:
            ends = rows[f"low_{band}"], rows[f"high_{band}"]
            ax.fill_between(rows["n"], *ends, color=colour, alpha=light, linewidth=0, zorder=0.5)
        ax.plot(rows["n"], rows["median"], color=colour, linewidth=1, linestyle=(0, (4, 2)))
    largest = fans["largest"].max()  # an arm with fewer sizes ends at its last marker
    ax.axvline(largest, color=GREY, linewidth=0.5)
    ax.annotate(
        "measured to here",
        (largest, 1),
        (2, -1),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        rotation=90,
        ha="left",
        va="top",
        fontsize=FONT - 2,
        color=GREY,
    )
    size_axis(ax, sorted({*ax.get_xticks(), fans["n"].max()}), short_count)


def at_ends(table: pd.DataFrame, fans: pd.DataFrame, value: str) -> pd.DataFrame:
    """Return a table of cells with one row more per fan, at its end, where the name of its arm belongs."""
    last = fans[fans["n"] == fans.groupby(["dataset", "arm"])["n"].transform("max")]
    return pd.concat([table, last.rename(columns={"median": value})[["dataset", "arm", "arm_title", "n", value]]])
