"""The look that all figures share."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager

from pretrain_or_not.files.atomic import atomic_write

FONT = 8  # points

# Okabe and Ito's colours, with Tol's wine instead of their yellow, which is hard to see on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9", "#882255")

MARKERS = ("o", "s", "^", "D", "v", ">", "p", "<", "h")

DASHES = ("", (4, 1.2), (1.2, 1.2), (5, 1.2, 1.2, 1.2), (7, 1.5, 2.5, 1.5))

# A look is a number: its remainders pick the colour, the marker and the dashes. So many are all different.
LOOKS = math.lcm(len(COLOURS), len(MARKERS), len(DASHES))

# The arms of the project's own experiments, each with the look of its place; those drawn together are near one another.
KNOWN = (
    "minilm", "lstm-minilm-embeddings", "lstm", "tfidf", "static-minilm", "minilm-probe", "minilm-random", "bag",
    "knn-minilm", "contrastive-minilm", "majority", "roberta-large", "roberta-base", "lstm-4-512", "lstm-4-256",
    "lstm-2-256", "lstm-4-512-large-embeddings", "lstm-4-512-base-embeddings", "roberta-base-random", "smollm2",
)  # fmt: skip

GREY = "0.35"

# Fonts with Chinese, Japanese and Korean characters, as systems come with them.
FALLBACKS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "WenQuanYi Micro Hei", "Droid Sans Fallback",
    "PingFang SC", "Hiragino Sans", "Apple SD Gothic Neo", "Microsoft YaHei", "Yu Gothic", "Malgun Gothic",
    "Arial Unicode MS",
)  # fmt: skip


def families(installed: Iterable[str]) -> list[str]:
    """Return the families of fonts that figures use, given the names of those that are installed."""
    return ["DejaVu Sans", *(name for name in FALLBACKS if name in set(installed)), "sans-serif"]


RC: dict[Any, Any] = {
    # The first comes with Matplotlib, so sizes are the same. Of a family such as sans-serif, only one font is used.
    "font.family": families(fontManager.get_font_names()),
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
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
    """Return the colour, marker and dashes of each arm, by its name, as arguments for seaborn.

    An arm of KNOWN has the look of its place there, another one that of a hash of its name. So an arm looks the same in
    all experiments, wherever it stands in `arms`. Where two would have the same colour, the later one takes the next
    look with a colour that the fewest arms have: KNOWN comes first, then the names by alphabet. No two arms have the
    same colour and marker, up to 72 arms.

    arms: all of the experiment, whichever of them a figure shows.
    """
    looks: dict[str, int] = {}
    for arm in sorted(arms, key=lambda name: (KNOWN.index(name) if name in KNOWN else len(KNOWN), name)):
        first = KNOWN.index(arm) if arm in KNOWN else zlib.crc32(arm.encode())
        looks[arm] = min(((first + i) % LOOKS for i in range(LOOKS)), key=lambda look: likeness(look, looks.values()))
    return {
        name: {arm: values[looks[arm] % len(values)] for arm in arms}
        for name, values in (("palette", COLOURS), ("markers", MARKERS), ("dashes", DASHES))
    }


def likeness(look: int, others: Iterable[int]) -> tuple[int, int]:
    """Return how many of `others` have the marker and the colour of a look, and how many have its colour."""
    same = [other for other in others if (other - look) % len(COLOURS) == 0]
    return sum((other - look) % len(MARKERS) == 0 for other in same), len(same)


@styled
def save(fig: Figure, outputs: list) -> None:
    """Write a figure to each path, in the format of its suffix; the same table gives the same bytes."""
    for path in outputs:
        suffix = str(path).rpartition(".")[2]
        with atomic_write(path) as partial:
            fig.savefig(partial, format=suffix, dpi=300, metadata=NO_DATE.get(suffix))
