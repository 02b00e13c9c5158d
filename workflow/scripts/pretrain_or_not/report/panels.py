"""Panels of curves, which the figures are put together from."""

from __future__ import annotations

import math
import textwrap

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from pretrain_or_not.files.paths import PathLike
from pretrain_or_not.report.frames import read_frame
from pretrain_or_not.report.style import FONT, GREY

COLUMNS = 3

BREADTH_OF_BARS = 0.03  # share of the axis that the bars of a size take


def read_table(path: PathLike, arms: list[str]) -> pd.DataFrame:
    """Read the rows of `arms` from a tidy table; datasets keep their order, arms get that of `arms`, sizes rise."""
    table = read_frame(path)
    table = table[table["arm"].isin(arms)]
    for column, order in (("dataset", table["dataset"].unique()), ("arm", arms)):
        table[column] = pd.Categorical(table[column], order)
    keys = [key for key in ("dataset", "arm", "n", "seed") if key in table]
    table = table.sort_values(keys, ignore_index=True)
    return table.astype({"dataset": str, "arm": str})


def short_share(share):
    """Return a share with two significant digits: ``0.1 %``, ``65 %``, ``100 %``."""
    return f"{float(f'{100 * share:.2g}'):g} %"


def short_count(n):
    """Return a count with three significant digits: ``250``, ``1k``, ``58.2k``, ``5M``."""
    n = float(f"{n:.3g}")
    for unit, name in ((1e6, "M"), (1e3, "k")):
        if n >= unit:
            return f"{n / unit:.6g}{name}"
    return f"{n:g}"


def wrap(text, inches):
    """Break a text into lines of at most about `inches`: a letter is 0.58 em wide on average."""
    return textwrap.fill(text, max(int(inches * 72 / FONT / 0.58), 8), break_on_hyphens=False)


def panels(table, width, x="n", name=short_count):
    """Return a figure with one panel per dataset, and a list of (axes, rows of the dataset with a column `x`).

    One panel is `width` inches wide; several panels share twice that width, at most three in a row. The x axis shows
    the values of the column `x`, formatted by `name`. In a panel with a single value, arms are drawn side by side,
    because they would hide one another.
    """
    groups = list(table.groupby("dataset", sort=False))
    rows = math.ceil(len(groups) / COLUMNS)
    columns = math.ceil(len(groups) / rows)
    total = width * min(columns, 2)
    height = total / columns * (0.8 if len(groups) == 1 else 0.75 if columns == 2 else 0.85)
    fig = Figure(figsize=(total, height * rows), dpi=300, layout="constrained")
    fig.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.02, hspace=0.03)
    grid = fig.subplots(rows, columns, squeeze=False).ravel()
    for ax in grid[len(groups) :]:
        ax.remove()
    drawn = []
    for ax, (_, group) in zip(grid, groups, strict=False):
        ax.set_title(wrap(group["dataset_title"].iloc[0], 0.9 * total / columns))
        ax.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
        sizes = sorted(group[x].unique())
        size_axis(ax, sizes, name)
        place, arms = pd.factorize(group["arm"])
        aside = 2 ** (1.2 * ((place + 0.5) / len(arms) - 0.5)) if len(sizes) == 1 else 1
        drawn.append((ax, group.assign(x=group[x] * aside)))
    return fig, drawn


def message(text, width):
    """Return a figure, `width` inches wide, with a text that says why there is nothing to show."""
    fig = Figure(figsize=(width, 0.8 * width), dpi=300)
    fig.text(0.5, 0.5, textwrap.fill(text, 40), ha="center", va="center", color=GREY)
    return fig


def size_axis(ax, sizes, name):
    """Set a logarithmic x axis with a tick at each size, formatted by `name`."""
    margin = (sizes[-1] / sizes[0]) ** 0.06 if len(sizes) > 1 else 2
    ax.set_xscale("log")
    ax.set_xlim(sizes[0] / margin, sizes[-1] * margin)
    ax.xaxis.set_major_locator(FixedLocator(sizes))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticks(sizes, [name(n) for n in sizes])


def curves(ax, rows, value, looks, mean=None):
    """Draw one line per arm with markers, the mean over seeds, and each seed as a faint dot.

    mean: None, or the columns of the mean and of the ends of its interval; a bar then reaches from end to end. The bars
    of a size stand side by side, as they would hide one another; lines and markers are at the size.
    """
    shown = mean[0] if mean else value
    sizes = mean_by_size(rows, shown, *(mean[1:] if mean else ()))
    if rows.duplicated(["arm", "x"]).any():  # with one seed, its dot is the marker
        sns.scatterplot(
            rows,
            x="x",
            y=value,
            hue="arm",
            palette=looks["palette"],
            s=6,
            alpha=0.5,
            linewidth=0,
            legend=False,
            ax=ax,
        )
    if mean:
        arms, breadth = list(sizes["arm"].unique()), (sizes["x"].max() / sizes["x"].min()) ** BREADTH_OF_BARS
        for place, arm in enumerate(arms):
            ends = sizes[sizes["arm"] == arm]
            reach = [ends[shown] - ends[mean[1]], ends[mean[2]] - ends[shown]]
            x = ends["x"] * (breadth ** ((place + 0.5) / len(arms) - 0.5) if len(ends) > 1 else 1)
            ax.errorbar(x, ends[shown], reach, fmt="none", ecolor=looks["palette"][arm], elinewidth=0.9)
    sns.lineplot(sizes, x="x", y=shown, hue="arm", style="arm", errorbar=None, legend=False, ax=ax, **looks)
    ax.set(xlabel=None, ylabel=None)


def mean_by_size(rows, *columns):
    """Return means over seeds: one row per arm and size, arms in the order of `rows`."""
    return rows.groupby(["arm", "x"], sort=False, as_index=False)[list(columns)].mean()
