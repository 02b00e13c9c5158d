"""Draw which classes an arm takes for which."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from pretrain_or_not.config.metric import ACCURACY, Metric
from pretrain_or_not.report.panels import message, wrap
from pretrain_or_not.report.style import FONT, styled

MOST = 12  # classes that are shown one by one

NUMBERED = 8  # up to so many classes, each cell has its number

OTHERS = "all others"

CMAP = "Blues"


@styled
def draw(
    table: pd.DataFrame, arms: list[str], style: dict, published: dict | None = None, metric: Metric = ACCURACY
) -> Figure:
    """Draw one panel per dataset and arm, two in a row, at the arm's largest size, all seeds together.

    A cell is the share, in %, of the test examples of a class (row) that are given a class (column). Of more than MOST
    classes, those that most examples of are wrong are shown, and the rest is one class.

    table: rows of confusion.parquet. The other arguments: see `report.figures`.
    """
    width = style["width"]
    if table.empty:
        return message("No cell has been scored.", width)
    names = {dataset: shown_classes(rows) for dataset, rows in table.groupby("dataset", sort=False)}
    cells = list(table.groupby(["dataset", "arm"], sort=False))
    columns = min(2, len(cells))
    lines = -(-len(cells) // columns)
    fig = Figure(figsize=(width * columns, 0.95 * width * lines), dpi=300, layout="constrained")
    grid = fig.subplots(lines, columns, squeeze=False)
    for ax in grid.ravel()[len(cells) :]:
        ax.axis("off")
    for ax, ((dataset, _), rows) in zip(grid.ravel(), cells, strict=False):
        title = f"{rows['dataset_title'].iloc[0]}: {rows['arm_title'].iloc[0]}, {rows['n'].iloc[0]:,} labels"
        ax.set_title(wrap(title, 0.75 * width))  # panels are narrower than their share, by the labels and the colours
        panel(ax, shares(rows, names[dataset]), names[dataset])
    for ax in grid[:, 0]:
        ax.set_ylabel("Class of the label")
    for ax in grid[-1]:
        ax.set_xlabel("Predicted class")
    colours = ScalarMappable(Normalize(0, 100), CMAP)
    fig.colorbar(colours, ax=grid, shrink=0.6, label="Test examples of the class (%)")
    return fig


def shown_classes(rows):
    """Return the classes to show, in order: all, or the MOST with the most wrong examples, and OTHERS."""
    classes = in_order({*rows["class"], *rows["predicted_class"]})
    if len(classes) <= MOST:
        return classes
    wrong = rows[rows["class"] != rows["predicted_class"]].groupby("class")["examples"].sum()
    return [*in_order(wrong.nlargest(MOST).index), OTHERS]


def in_order(names):
    """Return names of classes in the order of their numbers if all are numbers, else in alphabetical order."""
    try:
        return sorted(names, key=lambda name: (float(name), name))
    except ValueError:
        return sorted(names)


def shares(cells, names):
    """Return the shares in %, (classes, classes), each row of 100, NaN for a class without examples."""
    place = {name: i for i, name in enumerate(names)}
    last = place.get(OTHERS, -1)
    matrix = np.zeros((len(names), len(names)))
    rows, columns = (cells[key].map(place).fillna(last).astype(int) for key in ("class", "predicted_class"))
    np.add.at(matrix, (rows, columns), cells["examples"])
    with np.errstate(invalid="ignore"):
        return 100 * matrix / matrix.sum(axis=1, keepdims=True)


def panel(ax, matrix, names):
    """Draw one matrix."""
    ax.imshow(matrix, cmap=CMAP, vmin=0, vmax=100)
    ax.grid(False)
    size = FONT - 1 if len(names) <= NUMBERED else FONT - 2.5
    labels = [name if len(name) <= 16 else f"{name[:15]}…" for name in names]
    ax.set_xticks(range(len(names)), labels, rotation=90 if len(names) > 3 else 0, fontsize=size)
    ax.set_yticks(range(len(names)), labels, fontsize=size)
    if len(names) <= NUMBERED:
        for i, j in np.argwhere(np.isfinite(matrix)):
            colour = "white" if matrix[i, j] > 60 else "black"
            ax.text(j, i, f"{matrix[i, j]:.0f}", ha="center", va="center", color=colour, fontsize=size)
