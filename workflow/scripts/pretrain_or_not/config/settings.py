"""Read the value that the name of a setting stands for."""

from __future__ import annotations

import string

ONE_NEIGHBOUR = "k1.0"  # the setting below which no other makes sense


def setting_value(setting: str) -> float | None:
    """Return the value of the sweep that a setting names: 0.001 of ``lr0.001``; None of a run without a sweep."""
    number = setting.lstrip(string.ascii_letters)
    return float(number) if number else None
