"""The grid of an experiment: its sizes, how many training examples each stands for, and its cells."""

import itertools
import re
from decimal import Decimal

from config_words import LARGEST, number_in, show
from stage import BadInput


def count(size, total):
    """How many of `total` training rows a size stands for: 1000, "10%", or as in paths, "1000", "10pct".

    Raises BadInput where that is none, or more than there are.
    """
    text = str(size).replace("pct", "%")
    n = int(total * Decimal(text[:-1]) / 100) if text.endswith("%") else int(text)
    if not 1 <= n <= total:
        raise BadInput(
            f"experiment.sizes: {text} stands for {n:,} training examples, and there are {total:,}; "
            f"choose from 1 to {total}, or a share such as 100%"
        )
    return n


def size_name(size):
    """How a size stands in paths: 1000 -> ``"1000"``, ``"10%"`` -> ``"10pct"``. Raises BadInput where it is none."""
    if isinstance(size, int) and not isinstance(size, bool) and 1 <= size < LARGEST:
        return str(size)
    share = isinstance(size, str) and re.fullmatch(r"0*([0-9]{1,3})(?:[.]([0-9]{1,9}))?%", size)
    if share and 0 < float(size[:-1]) <= 100:
        whole, decimals = int(share[1]), (share[2] or "").rstrip("0")
        return f"{whole}.{decimals}pct" if decimals else f"{whole}pct"
    fix = ""
    if isinstance(size, float) and 0 < size < 1:
        fix = f'; write "{size * 100:g}%" for a share'
    elif (number := number_in(size)) is not None and 1 <= number < LARGEST and number == int(number):
        fix = f"; write {int(number)}"
    raise BadInput(
        f"{show(size)} is not a size: give a count of examples (1 or more) "
        f'or a share such as "10%" (above 0 %, up to 100 %){fix}'
    )


def grid(experiment):
    """The cells of an experiment of the config: dicts of dataset, arm, size (as in paths) and seed."""
    lists = {
        "dataset": experiment["datasets"],
        "arm": experiment["arms"],
        "size": [size_name(size) for size in experiment["sizes"]],
        "seed": experiment["seeds"],
    }
    cells = [dict(zip(lists, values, strict=True)) for values in itertools.product(*lists.values())]
    return [cell for cell in cells if not any(matches(cell, entry) for entry in experiment.get("exclude", []))]


def matches(cell, entry):
    """Whether a cell is in all of the lists of an entry of `exclude`."""
    return all(
        cell[key.removesuffix("s")] in ([size_name(size) for size in values] if key == "sizes" else values)
        for key, values in entry.items()
    )
