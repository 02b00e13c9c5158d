"""The table of figures.

A figure `NAME` has its code in ``report/figures/NAME.py``, a function ``draw(table, arms, style, published,
metric)`` that returns a Matplotlib figure, and its caption in ``workflow/report/NAME.rst``:

- table: the rows of the arms to draw. arms: all arms of the experiment, in order, with the reference.
- style: the section `figures` of the config. published: dict of `points` (rows of `report.published.matched`) and
  `study` (its name and reference arm), or None for a figure that does not show them.
- metric: the one of the experiment, a row of `config.metrics`.
"""

from __future__ import annotations

import importlib
from typing import NamedTuple

from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.files.paths import PathLike


class FigureRow(NamedTuple):
    """One row of the table.

    label: its name in the report. reads: the table that it shows, an output of the rule `score` or `answer`.
    shows_published: whether it also shows published numbers. of_groups: whether it is drawn only if a dataset has
    groups. of_pretraining: whether it is drawn only if a model is made here. also: further tables that it shows, which
    are arguments of `draw` by their names.
    """

    name: str
    label: str
    reads: str
    shows_published: bool = False
    of_groups: bool = False
    of_pretraining: bool = False
    also: tuple[str, ...] = ()


FIGURES = {
    figure.name: figure
    for figure in (
        FigureRow("scores", "Score over labelled examples", "scores"),
        FigureRow("gap", "Gap to the reference arm", "gaps", also=("beyond",)),
        FigureRow("worth", "Labels that the reference arm is worth", "worth"),
        FigureRow("share", "Difference over the share of training data", "gaps", shows_published=True),
        FigureRow("cost", "Score over cost", "scores", also=("times",)),
        FigureRow("pretraining", "Score over the tokens of pretraining", "scores", of_pretraining=True),
        FigureRow("tuning", "Score over tries", "tuning"),
        FigureRow("confusion", "Confused classes", "confusion"),
        FigureRow("reliability", "Calibration", "reliability"),
        FigureRow("groups", "Scores of groups", "by_group", of_groups=True),
    )
}


def figures_of(datasets: list[dict], pretraining: bool) -> dict[str, FigureRow]:
    """Return the rows of the figures to draw for datasets of the config, by name.

    pretraining: whether a model of the experiment is made here.
    """
    has_groups = any(dataset.get("groups") for dataset in datasets)
    return {
        name: row
        for name, row in FIGURES.items()
        if (has_groups or not row.of_groups) and (pretraining or not row.of_pretraining)
    }


def plot(
    name: str,
    table: PathLike,
    outputs: list,
    arms: list[str],
    style: dict,
    published: dict | None,
    metric: str,
    **also: PathLike,
) -> None:
    """Draw the figure `name`; write it to each of `outputs`, in the format of the suffix.

    table: path of its data. also: paths of its further tables.
    """
    from pretrain_or_not.job import log
    from pretrain_or_not.report.panels import read_table
    from pretrain_or_not.report.style import save

    rows = read_table(table, arms)
    if metric in rows:
        rows = rows[rows[metric].notna()]  # a cell that is not finite has none; the answer names it
    further = {key: read_table(path, arms) for key, path in also.items()}
    module = importlib.import_module(f"{__name__}.{name}")
    figure = module.draw(rows, arms, style, published, METRICS[metric], **further)
    save(figure, outputs)
    log.info("%d cells, %d arms, %d datasets", len(rows), rows["arm"].nunique(), rows["dataset"].nunique())
