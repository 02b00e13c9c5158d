"""Draw accuracy less the reference arm's over the share of the training data, the published points beside it."""

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from labelling import Entry, arm_entries, finish
from plotting import GREY, arm_looks, curves, message, panels, read, save, short_share, size_axis, styled
from stage import log, stage
from stamp import stamp

XLABEL = "Share of the training data"
STAR = {"marker": "*", "markersize": 9, "linestyle": "none", "markeredgewidth": 0.8, "zorder": 4}


@styled
def draw_share(table, arms, width, published, study):
    """One panel a dataset, one line an arm: points above the reference arm, in the same cell; mean, least, greatest.

    The figure of the published study. A hollow star is what the study found, against its own reference arm.

    table: rows of gaps.parquet. arms: all arms of the experiment, in order, the reference among them. width: of one
    panel, in inches. published: rows of `published.matched`. study: name and reference arm of the study.
    """
    if table.empty:
        return message("No arm but the reference has been scored: no difference to show.", width)
    table = table.assign(difference=-table["gap"])
    looks = arm_looks(arms)
    reference = " / ".join(table["reference_title"].unique())
    theirs = pd.DataFrame(published, columns=["dataset", "arm", "share", "difference"])
    theirs = theirs[theirs["difference"].notna() & theirs["arm"].isin(arms)]
    zero = Entry(reference, Line2D([], [], color=GREY, linewidth=0.8), (None, 0))
    entries = [*arm_entries(table, "difference", looks, "share"), zero]
    fig, drawn = panels(table, width, "share", short_share)
    for ax, rows in drawn:
        ax.axhline(0, color=GREY, linewidth=0.8, zorder=1)
        curves(ax, rows, "difference", looks)
        beside = theirs[theirs["dataset"] == rows["dataset"].iloc[0]]
        if len(beside):
            before = ax.get_xlim()
            size_axis(ax, sorted({*rows["share"], *beside["share"]}), short_share)
            ax.set_xlim(*np.sort([*before, *ax.get_xlim()])[[0, -1]])  # arms side by side need more room
        for row in beside.itertuples():
            colour = looks["palette"][row.arm]
            ax.plot(row.share, row.difference, markerfacecolor="white", markeredgecolor=colour, **STAR)
    if theirs["dataset"].isin(table["dataset"]).any():
        star = Line2D([], [], markerfacecolor="white", markeredgecolor=GREY, **STAR)
        entries.append(
            Entry(f"{study['name']}, less {study['reference']}'s", star, (float("nan"), 0))
        )  # no end: into the legend
    ylabel = f"Points above {reference}{stamp(table['selection'])}"
    finish(fig, [ax for ax, _ in drawn], entries, XLABEL, ylabel)
    return fig


def plot_share(gaps, outputs, arms, style, published, study):
    """Read gaps.parquet and write the figure in each of the formats that `outputs` end in."""
    table = read(gaps, arms)
    save(draw_share(table, arms, style["width"], published, study), outputs)
    log.info("%d cells, %d published points", len(table), len(published))


if __name__ == "__main__":
    with stage(snakemake):
        plot_share(
            gaps=snakemake.input[0],
            outputs=list(snakemake.output),
            arms=snakemake.params.arms,
            style=snakemake.params.style,
            published=snakemake.params.published,
            study=snakemake.params.study,
        )
