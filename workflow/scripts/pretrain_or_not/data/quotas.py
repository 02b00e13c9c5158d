"""Share a number of rows among classes in proportion to their rows."""

from __future__ import annotations


def quotas(totals: dict[int, int], n: int) -> dict[int, int]:
    """Return how many of `n` rows come from each class: {class: rows}; `n` is less than the sum of `totals`.

    totals: {class: rows}. Each class gives its share, rounded down. The rows that are then missing come from the
    classes with the largest remainders (Hamilton's method), if possible from none its last row.
    """
    total = sum(totals.values())
    shares = {name: n * rows / total for name, rows in totals.items()}
    found = {name: int(share) for name, share in shares.items()}
    by_remainder = sorted(totals, key=lambda name: (found[name] - shares[name], name))
    for spared in (1, 0):
        for name in by_remainder:
            if sum(found.values()) < n and found[name] < totals[name] - spared:
                found[name] += 1
    return found
