"""Words for messages about a config, as a user would write them in YAML."""

import datetime
import difflib
import math
import re

from pretrain_or_not.config.names import first_of

SHORTEST_BEGINNING = 3  # letters of a word that is taken for the beginning of another one

LARGEST = 2**63  # a column of labels cannot hold larger numbers, and Python may refuse to print them


def spot(path):
    """Return a path as text, such as ``arms.minilm.learning_rates[0]``."""
    text = ""
    for part in path:
        simple = isinstance(part, str) and re.fullmatch(r"[\w.-]+", part)
        text += f".{part}" if simple else f"[{show(part)}]"
    return text.removeprefix(".")


def show(value):
    """Return a value as one short line."""
    if value is None or isinstance(value, bool):
        return str(text_of(value))
    if isinstance(value, datetime.date):
        return str(value)
    if isinstance(value, float) and "e" in repr(value):
        return as_yaml(value)
    try:
        text = repr(value)
    except ValueError:  # Python does not print integers of thousands of digits
        text = "a number of thousands of digits"
    return text if len(text) <= 80 else f"{text[:77]}…"


def text_of(value):
    """Return a scalar as YAML writes it."""
    names = {None: "null", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return names[value]
    return value if isinstance(value, str) else show(value)


def kind(value):
    """Return in words which kind of value YAML reads."""
    kinds = {str: "text", bool: "a yes/no value", int: "a number", float: "a number", list: "a list", dict: "a mapping"}
    return "null" if value is None else kinds.get(type(value), f"a {type(value).__name__}")


def quoted(value):
    """Return advice to put a value in quotes, with the quoted value."""
    if isinstance(value, bool):
        return 'put it in quotes (unquoted, "yes", "no", "on", "off", "true" and "false" are yes/no values)'
    return f'put it in quotes: "{text_of(value)}"'


def number_in(value):
    """Return the finite number that a scalar is or contains as text (``"2e-5"``, ``"1,000"``), or None."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value if abs(value) < LARGEST else None
    text = value.strip().replace(",", "") if isinstance(value, str) else ""
    if not re.fullmatch(r"[+-]?([0-9]{1,18}[.]?[0-9]{0,18}|[.][0-9]{1,18})([eE][+-]?[0-9]{1,3})?", text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def as_yaml(number):
    """Return a number in a form that YAML reads as a number: with a point before the exponent."""
    if number == int(number) and abs(number) < 1e15:
        return str(int(number))
    mantissa, _, exponent = repr(number).partition("e")
    if not exponent:
        return mantissa
    sign = "-" if exponent.startswith("-") else "+"
    return f"{mantissa}{'' if '.' in mantissa else '.0'}e{sign}{exponent.lstrip('+-').lstrip('0')}"


def closest(word, options):
    """Return the option that a misspelt or abbreviated word probably means, or None."""
    options = [option for option in options if isinstance(option, str)]
    folded, word = {option.lower(): option for option in options}, str(text_of(word)).lower()
    longer = [option for option in folded if option.startswith(word)] if len(word) >= SHORTEST_BEGINNING else []
    matches = longer if len(longer) == 1 else difflib.get_close_matches(word, folded, n=1)
    return folded[matches[0]] if matches else None


def did_you_mean(word, options):
    """Return a question to add to the message about a misspelt word, or an empty string."""
    match = closest(word, options)
    return f"; did you mean {show(match)}?" if match else ""


def listing(names):
    """Return names joined by commas, at most 12 of them."""
    names = [name if isinstance(name, str) and name.isprintable() else show(name) for name in names]
    return first_of(names, 12)
