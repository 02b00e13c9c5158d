"""Numbers as tables show them."""

MISSING = "—"


def number(value, digits, sign=False):
    """A number with so many decimals and a true minus, or a dash for none."""
    if value is None or value != value:
        return MISSING
    return f"{round(value, digits) + 0:{'+' if sign else ''},.{digits}f}".replace("-", "−")


def with_spread(value, spread, digits, sign=False):
    """``12.3 ± 0.4``; without the spread where there is none."""
    text = number(value, digits, sign)
    return text if MISSING in (text, number(spread, digits)) else f"{text} ± {number(spread, digits)}"


def millions(count):
    """A count of parameters in millions, in three significant digits."""
    value = count / 1e6
    return number(value, 0 if value >= 100 else 1 if value >= 10 else 2)
