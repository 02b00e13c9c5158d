"""Amounts in words: times, sizes, speeds."""

from __future__ import annotations

import math

MINUTE, HOUR, DAY = 60, 3600, 86_400
MB_PER_GB = 1000

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def duration(seconds: float) -> str:
    """Return a duration in two digits or so: ``25 s``, ``2.5 min``, ``12 min``, ``3.4 h``, ``2.1 days``."""
    if 0 < seconds < 1:
        return "under 1 s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 10 * MINUTE:
        return f"{seconds / MINUTE:.1f} min"
    if seconds < 100 * MINUTE:
        return f"{seconds / MINUTE:.0f} min"
    if seconds < 2 * DAY:
        return f"{seconds / HOUR:.1f} h"
    return f"{seconds / DAY:.1f} days"


def size(mb: float) -> str:
    """Return a size: ``91 MB``, ``1.3 GB``, ``120 GB``."""
    if mb < MB_PER_GB:
        return f"{mb:.0f} MB"
    return f"{mb / MB_PER_GB:.{1 if mb < 100 * MB_PER_GB else 0}f} GB"


def speed(flops_per_second: float) -> str:
    """Return a speed in billions of operations per second, to two digits."""
    return f"{float(f'{flops_per_second / 1e9:.2g}'):,g} billion operations/s"


def short(value):
    """Return a positive number in a few characters: ``0.01``, ``1``, ``250``, ``10⁹``, ``2.5×10¹²``."""
    exponent = math.floor(math.log10(value) + 1e-9)
    if -3 < exponent < 4:
        return f"{value:g}"
    power, mantissa = f"10{str(exponent).translate(SUPERSCRIPT)}", f"{value / 10.0**exponent:.3g}"
    return power if mantissa == "1" else f"{mantissa}×{power}"
