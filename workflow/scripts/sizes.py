"""How many training examples a size stands for."""

from decimal import Decimal

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
