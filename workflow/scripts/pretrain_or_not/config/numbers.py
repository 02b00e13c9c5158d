"""Numbers as text."""

import math

MISSING = "—"

EXACT = 9  # decimals; what lies below them is an error of arithmetic


def number(value, digits, sign=False):
    """Return a number with `digits` decimals and a typographic minus, or a dash if it is missing.

    A mean of 61.65 can come out as 61.64999999999999 in one place and not in another. Such errors are rounded away
    first, and halves are rounded away from zero, so that a number is the same text wherever it stands: the decision
    page does the same (`fixed` in report/page/page.js).
    """
    if value is None or value != value:
        return MISSING
    rounded = value
    if math.isfinite(value):
        scale = 10.0**digits
        rounded = math.copysign(math.floor(abs(round(value, EXACT)) * scale + 0.5 + 10**-EXACT) / scale, value) + 0
        rounded = rounded or 0.0  # no −0
    return f"{rounded:{'+' if sign else ''},.{digits}f}".replace("-", "−")


def with_spread(value, spread, digits, sign=False):
    """Return a number with its spread, ``12.3 ± 0.4``, or the number alone if the spread is missing."""
    text = number(value, digits, sign)
    return text if MISSING in (text, number(spread, digits)) else f"{text} ± {number(spread, digits)}"


def percent(chance):
    """Return a chance in words: ``7 %``, ``under 1 %``, ``over 99 %``."""
    return "under 1 %" if chance < 0.01 else "over 99 %" if chance > 0.99 else f"{100 * chance:.0f} %"


def millions(count):
    """Return a count of parameters in millions, with three significant digits."""
    value = count / 1e6
    return number(value, 0 if value >= 100 else 1 if value >= 10 else 2)
