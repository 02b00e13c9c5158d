"""Write many names in one line."""

from __future__ import annotations

from collections.abc import Sequence


def first_of(names: Sequence[str], most: int) -> str:
    """Return names joined by commas, at most `most` of them."""
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")
