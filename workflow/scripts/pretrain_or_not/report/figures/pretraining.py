"""Draw the score over the tokens of pretraining."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from pretrain_or_not.config.metric import ACCURACY, Metric
from pretrain_or_not.report.amounts import short
from pretrain_or_not.report.legends import Entry, legend_above
from pretrain_or_not.report.metric_words import heading
from pretrain_or_not.report.panels import message, wrap
from pretrain_or_not.report.selection_note import selection_note
from pretrain_or_not.report.style import GREY, styled

STYLES = ("-", (0, (4, 2)), (0, (1, 1.5)), (0, (6, 1.5, 1, 1.5)))  # of the lines of families of models
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "*")
ROOM = 0.35  # of a factor of ten, on both sides of the tokens
LABEL_WIDTH = 0.2  # of the axis, with some space


@styled
def draw(
    table: pd.DataFrame, arms: list[str], style: dict, published: dict | None = None, metric: Metric = ACCURACY
) -> Figure:
    """Draw one panel per dataset: the score over the tokens that the model was pretrained on, one line per size.

    A line joins the arms whose models differ only in the amount of texts; a marker is the mean over the seeds of an
    arm, and seeds are faint points. Arms whose model was pretrained elsewhere are not drawn, as their tokens are not
    known. No tokens are drawn at the left edge.

    table: rows of scores.parquet. The other arguments: see `report.figures`.
    """
    table = table[table["pretraining"].notna() & ~table["pretrained_elsewhere"]]
    if table.empty:
        return message("No arm has a model that was pretrained here from random weights.", style["width"])
    table = table.assign(shown=metric.scale * table[metric.name])
    # Models of several seeds may have read a few tokens more or less.
    tokens = table.groupby(["dataset", "arm"])["pretraining_tokens"].transform("mean").astype(float)
    some = tokens[tokens > 0]
    nothing = np.log10(some.min()) - 1 if len(some) else 0.0  # where 0 is drawn
    table = table.assign(x=np.where(tokens > 0, np.log10(tokens.where(tokens > 0, 1)), nothing))
    sizes, series = sorted(table["n"].unique()), list(dict.fromkeys(table["pretraining"]))
    colours = dict(zip(sizes, sns.color_palette("viridis", len(sizes)), strict=True))
    groups = list(table.groupby("dataset", sort=False))
    width = style["width"]
    fig = Figure(figsize=(width * len(groups), 0.85 * width), dpi=300, layout="constrained")
    for ax, (_, rows) in zip(fig.subplots(1, len(groups), squeeze=False)[0], groups, strict=True):
        for (n, name), own in rows.groupby(["n", "pretraining"], sort=False):
            kind = series.index(name)
            means = own.groupby("x", as_index=False)["shown"].mean()
            line, marker = STYLES[kind % len(STYLES)], MARKERS[kind % len(MARKERS)]
            ax.plot(means["x"], means["shown"], color=colours[n], linestyle=line, linewidth=1, marker=marker,
                    markeredgecolor="white", markersize=4)  # fmt: skip
            ax.scatter(own["x"], own["shown"], 4, color=[colours[n]], alpha=0.5, linewidth=0, zorder=2)
        ax.set_title(wrap(rows["dataset_title"].iloc[0], 0.9 * width))
        token_axis(ax, table["x"], nothing, (tokens == 0).any())
        ax.set_xlabel("Tokens of pretraining")
        ax.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10], min_n_ticks=3))
    fig.axes[0].set_ylabel(f"{heading(metric)}{selection_note(table['selection'])}")
    legend_above(fig, [*size_entries(colours), *series_entries(series)])
    return fig


def token_axis(ax, x, nothing, has_none):
    """Label the axis of tokens: 0 apart at the left, then powers of ten or, where there are few, the tokens drawn.

    Of labels that would overlap, the first one is shown.
    """
    drawn = sorted({place for place in x if place > nothing})
    whole = [float(e) for e in range(int(np.ceil(min(drawn, default=0))), int(np.floor(max(drawn, default=0))) + 1)]
    apart = LABEL_WIDTH * (max(x) - min(x) + 2 * ROOM)
    ticks: list[float] = []
    for tick in whole if len(whole) >= 2 else drawn:
        if not ticks or tick - ticks[-1] > apart:
            ticks.append(tick)
    labels = [short(10.0**tick) for tick in ticks]
    if has_none:
        ticks, labels = [nothing, *ticks], ["0", *labels]
    ax.set_xticks(ticks, labels)
    ax.set_xlim(min(x) - ROOM, max(x) + ROOM)


def size_entries(colours):
    """Return the entries of a legend for the sizes."""
    return [Entry(f"{n:,} labels", Line2D([], [], color=colour), None) for n, colour in colours.items()]


def series_entries(series):
    """Return the entries of a legend for the families of models, if there are several."""
    if len(series) < 2:
        return []
    return [
        Entry(name, Line2D([], [], color=GREY, linestyle=STYLES[i % len(STYLES)], marker=MARKERS[i % len(MARKERS)],
                           markeredgecolor="white"), None)
        for i, name in enumerate(series)
    ]  # fmt: skip
