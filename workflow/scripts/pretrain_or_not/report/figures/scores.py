"""Draw the score over the number of labelled examples."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pretrain_or_not.config.metric import ACCURACY, Metric
from pretrain_or_not.report.budget_words import labels_heading
from pretrain_or_not.report.legends import Entry, add_names, arm_entries
from pretrain_or_not.report.metric_words import heading, score_text
from pretrain_or_not.report.panels import curves, message, panels, short_count
from pretrain_or_not.report.selection_note import selection_note
from pretrain_or_not.report.style import GREY, arm_looks, styled

MEAN = ["score_mean", "score_mean_low", "score_mean_high"]

GUESS = {True: "Most frequent class", False: "Shares of the classes"}

GUESS_LINE: dict[str, Any] = {"color": GREY, "linewidth": 0.8, "linestyle": (0, (3, 2)), "zorder": 1}


UNLABELLED_LINE: dict[str, Any] = {"linewidth": 0.8, "linestyle": (0, (1, 1.5)), "zorder": 1}

CEILING_LINE: dict[str, Any] = {"color": GREY, "linewidth": 0.8, "linestyle": (0, (6, 2, 1, 2)), "zorder": 1}


@styled
def draw(
    table: pd.DataFrame, arms: list[str], style: dict, published: dict | None = None, metric: Metric = ACCURACY
) -> Figure:
    """Draw test scores: one panel per dataset, one line per arm, each seed as a faint dot.

    A bar is the 95 % interval of the mean over seeds, from the sampling of test examples and from seeds together. A
    thin dashed line is the score of guessing: always the class that is most frequent in the training subset, or, for
    metrics of probabilities, the shares of the classes in it. It is the mean over the cells of a size. The score of an
    arm that needs no labels stands at 0, left of the sizes, with a thin dotted line across. For accuracy, a
    line of dashes and dots is the estimated share of test labels that are right, where it is near the curves.

    table: rows of scores.parquet. The other arguments: see `report.figures`.
    """
    width = style["width"]
    if table.empty:
        return message("No cell has been scored.", width)
    table = table.assign(shown=metric.scale * table[metric.name], guess=metric.scale * table[f"{metric.name}_guessing"])
    table[MEAN] *= metric.scale
    looks = arm_looks(arms)
    table, zero = with_place_of_zero(table)
    fig, drawn = panels(table, width, name=lambda n: short_count(0 if n == zero else n))
    drawn_line = False
    for ax, rows in drawn:
        curves(ax, rows, "shown", looks, MEAN)
        for arm, own in rows[rows["n"] == zero].groupby("arm"):
            ax.axhline(own["shown"].mean(), color=looks["palette"][arm], **UNLABELLED_LINE)
        if "majority" not in set(rows["family"]):  # an arm of this family is that line
            drawn_line |= draw_guess(ax, rows.groupby("n")["guess"].mean(), metric)
    ylabel = f"{heading(metric)}{selection_note(table['selection'])}"
    entries = [
        entry._replace(end=(None, entry.end[1])) if entry.end[0] == zero else entry
        for entry in arm_entries(table, "shown", looks)
    ]
    if metric.name == "accuracy" and sum(draw_ceiling(ax, rows) for ax, rows in drawn):
        last = 100 * table["accuracy_ceiling"].mean()
        entries.append(Entry("Labels that are right (estimate)", Line2D([], [], **CEILING_LINE), (None, last)))
    if drawn_line:
        last = table.loc[table["n"] == table["n"].max(), "guess"].mean()
        entries.append(Entry(GUESS[metric.of_classes], Line2D([], [], **GUESS_LINE), (None, last)))
    for ax, _ in drawn:
        low, high = ax.get_ylim()
        best = metric.scale * max(metric.bounds)
        ax.set_yticks([tick for tick in ax.get_yticks() if low <= tick <= min(best, high)])
    add_names(fig, [ax for ax, _ in drawn], entries, labels_heading(table), ylabel)
    return fig


def with_place_of_zero(table):
    """Return rows in which size 0 has a place on a logarithmic axis, and that place; None if no row has this size."""
    if (table["n"] > 0).all():
        return table, None
    labelled = table.loc[table["n"] > 0, "n"]
    zero = labelled.min() / max(2.0, (labelled.max() / labelled.min()) ** 0.25) if len(labelled) else 1.0
    return table.assign(n=table["n"].where(table["n"] > 0, zero)), zero


def draw_guess(ax, shown, metric):
    """Draw the score of guessing across a panel, or say it in words; return whether it is drawn.

    It is said where a line would press the curves into less than half of the panel. shown: scores by size.
    """
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    if shown.min() < low - (high - low) or shown.max() > high + (high - low):
        value = score_text(metric, shown.iloc[-1] / metric.scale)
        text = f"{GUESS[metric.of_classes].lower()}: {value}"
        ax.text(0.98, 0.02, text, transform=ax.transAxes, ha="right", va="bottom", color=GREY)
        return False
    ax.plot([left, *shown.index, right], [shown.iloc[0], *shown, shown.iloc[-1]], **GUESS_LINE)
    ax.set_xlim(left, right)
    return True


def draw_ceiling(ax, rows):
    """Draw the estimated share of right labels across a panel, if it is near the curves; return whether it is drawn."""
    height, (low, high) = 100 * rows["accuracy_ceiling"].mean(), ax.get_ylim()
    if not low <= height <= high + 0.5 * (high - low):
        return False
    ax.axhline(height, **CEILING_LINE)
    return True
