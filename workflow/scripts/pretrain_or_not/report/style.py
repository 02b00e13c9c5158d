"""The look that all figures share."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from pretrain_or_not.files.atomic import atomic_write

FONT = 8  # points

# Okabe and Ito's colours, with Tol's wine instead of their yellow, which is hard to see on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9", "#882255")

# Nine markers and eight colours: a ninth arm has the colour of the first, but another marker.
MARKERS = ("o", "s", "^", "D", "v", ">", "p", "<", "h")

DASHES = ("", (4, 1.2), (1.2, 1.2), (5, 1.2, 1.2, 1.2), (7, 1.5, 2.5, 1.5))

GREY = "0.35"

RC: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],  # the first comes with Matplotlib, so sizes are the same
    "font.size": FONT,
    "axes.titlesize": FONT,
    "axes.labelsize": FONT,
    "figure.labelsize": FONT,
    "legend.fontsize": FONT,
    "xtick.labelsize": FONT - 1,
    "ytick.labelsize": FONT - 1,
    "text.parse_math": False,  # a "$" in a title is a dollar
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": "0.9",
    "grid.linewidth": 0.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "lines.linewidth": 1.2,
    "lines.markersize": 4.8,
    "lines.markeredgewidth": 0.4,
    "lines.solid_capstyle": "round",
    "svg.fonttype": "none",
    "svg.hashsalt": "pretrain-or-not",
    "pdf.fonttype": 42,
    "pdf.use14corefonts": False,
}

NO_DATE = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}

# A decorator for functions that draw or save: Matplotlib reads some of RC only when it saves.
styled = mpl.rc_context(RC)


def arm_looks(arms: list[str]) -> dict[str, dict]:
    """Return the colour, marker and dashes of each arm, by its position in `arms`, as arguments for seaborn.

    With the same list, an arm looks the same in all figures, whichever other arms they show.
    """
    return {
        name: {arm: values[i % len(values)] for i, arm in enumerate(arms)}
        for name, values in (("palette", COLOURS), ("markers", MARKERS), ("dashes", DASHES))
    }


@styled
def save(fig: Figure, outputs: list) -> None:
    """Write a figure to each path, in the format of its suffix; the same table gives the same bytes."""
    for path in outputs:
        suffix = str(path).rpartition(".")[2]
        with atomic_write(path) as partial:
            fig.savefig(partial, format=suffix, dpi=300, metadata=NO_DATE.get(suffix))
