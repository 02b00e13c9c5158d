"""Numbers as text."""

MISSING = "—"


def number(value, digits, sign=False):
    """Return a number with `digits` decimals and a typographic minus, or a dash if it is missing."""
    if value is None or value != value:
        return MISSING
    return f"{round(value, digits) + 0:{'+' if sign else ''},.{digits}f}".replace("-", "−")


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
