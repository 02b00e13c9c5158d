"""The sizes of an experiment: counts of training examples, or shares of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from pretrain_or_not.config.wording import LARGEST, number_in, show
from pretrain_or_not.errors import BadInput


def count(size: int | str, total: int, at_most: bool = False) -> int:
    """Return how many of `total` training rows a size means: 1000, "10%", or as in paths, "1000", "10pct".

    at_most: `total` is not the number of training rows but a bound of it. Raises BadInput if the result is less than 1
    or more than `total`; 0 is given only as 0.
    """
    text = str(size).replace("pct", "%")
    n = int(total * Decimal(text[:-1]) / 100) if text.endswith("%") else int(text)
    if not (1 <= n <= total or text == "0"):
        there_are = f"{total:,}; choose from 1 to {total}"
        if at_most:
            there_are = f"at most {total:,} training rows; choose fewer"
        raise BadInput(
            f"experiment.sizes: {text} stands for {n:,} training examples, and there are {there_are}, "
            "or a share such as 100%"
        )
    return n


def at_most(size: int | str, total: int) -> int | str:
    """Return a size, or `total` where it is a number above that."""
    return min(size, total) if isinstance(size, int) else size


def size_name(size: int | str) -> str:
    """Return a size as written in paths: 1000 -> ``"1000"``, ``"10%"`` -> ``"10pct"``; raise BadInput if it is none.

    0 is a size too, that of arms that need no labels.
    """
    if isinstance(size, int) and not isinstance(size, bool) and 0 <= size < LARGEST:
        return str(size)
    share = re.fullmatch(r"0*([0-9]{1,3})(?:[.]([0-9]{1,9}))?%", size) if isinstance(size, str) else None
    if share and 0 < float(share[0][:-1]) <= 100:
        integer, decimals = int(share[1]), (share[2] or "").rstrip("0")
        return f"{integer}.{decimals}pct" if decimals else f"{integer}pct"
    fix = ""
    if isinstance(size, float) and 0 < size < 1:
        fix = f'; write "{size * 100:g}%" for a share'
    elif (number := number_in(size)) is not None and 1 <= number < LARGEST and number == int(number):
        fix = f"; write {int(number)}"
    raise BadInput(
        f"{show(size)} is not a size: give a count of examples (1 or more; 0 for arms that need no labels) "
        f'or a share such as "10%" (above 0 %, up to 100 %){fix}'
    )


def check_distinct(counts: dict[str, int]) -> None:
    """Raise BadInput if two sizes of a dataset mean the same number of training rows: they would count as seeds.

    counts: a size, also as in paths -> the number that it means, see `count`.
    """
    seen: dict[int, str] = {}
    for size, n in counts.items():
        if (other := seen.setdefault(n, size)) is not size:
            first, second = (text.replace("pct", "%") for text in (other, size))
            raise BadInput(
                f"experiment.sizes: {first} and {second} both stand for {n:,} training examples; leave one of them out "
                "(for one of several datasets: with `exclude`)"
            )


def check_sizes(sizes: Iterable[Iterable[int | str]], rows: int, at_most: bool = False) -> None:
    """Raise BadInput for a size that the training rows of a dataset do not have, or for two that mean the same number.

    sizes: those of each arm. rows, at_most: see `count`; where only a bound is known, two sizes are not compared.
    """
    for of_arm in sizes:
        counts = {str(size): count(size, rows, at_most) for size in of_arm}
        if not at_most:
            check_distinct(counts)


def size_order(size: str) -> tuple[bool, Decimal]:
    """Return what sizes, as written in paths, are sorted by; a share counts as larger than a count of examples."""
    return size.endswith("pct"), Decimal(size.removesuffix("pct"))
