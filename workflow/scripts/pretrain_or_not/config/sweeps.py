"""The sweeps of families: which key of an arm holds their values, how a setting names one."""

from __future__ import annotations

import re
from typing import NamedTuple


class Sweep(NamedTuple):
    """The sweep of a family.

    key: the key of the arm that holds the values, a list of numbers. prefix: start of the setting in paths, letters
    only.
    """

    key: str
    prefix: str


LEARNING_RATES = Sweep("learning_rates", "lr")
REGULARIZATION = Sweep("C", "C")
NEIGHBOURS = Sweep("neighbours", "k")
SWEEPS = (LEARNING_RATES, REGULARIZATION, NEIGHBOURS)


def sweep_key(setting: str) -> str | None:
    """Return the key of an arm whose value a setting names: ``learning_rates`` of ``lr0.001``; None without a sweep."""
    return next((sweep.key for sweep in SWEEPS if re.fullmatch(rf"{sweep.prefix}[0-9.e+-]+", setting)), None)
