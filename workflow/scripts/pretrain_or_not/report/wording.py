"""Counts, lists, missing cells in words."""

from __future__ import annotations

SHOWN = 8  # cells that are named one by one


def counted(number: int, noun: str) -> str:
    """Return a number of things in words: ``1 label``, ``2,500 labels``."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def counted_all(numbers: list[int], noun: str) -> str:
    """Return several numbers of things in words: ``150 labels``, ``150 and 500 labels``, ``1, 2 and 3 labels``."""
    *others, last = [f"{number:,}" for number in numbers[:-1]] + [counted(numbers[-1], noun)]
    return f"{', '.join(others)} and {last}" if others else last


def listed(names: list[str]) -> str:
    """Return names in a line, with the number of those that are left out where there are many."""
    more = [f"{len(names) - SHOWN} more"] if len(names) > SHOWN else []
    return "; ".join(names[:SHOWN] + more)


def missing_words(missing: list[dict]) -> str:
    """Return in words which cells are missing, as plain text. missing: dicts of dataset, arm, size and seed."""
    sizes = {"1": "1 label"}
    names = [
        f"{cell['arm']} on {cell['dataset']}, "
        f"{sizes.get(cell['size'], cell['size'].replace('pct', ' %') + ' labels')}, seed {cell['seed']}"
        for cell in missing
    ]
    are = "is" if len(names) == 1 else "are"
    return f"{counted(len(names), 'cell')} of the experiment {are} missing ({listed(names)})"
