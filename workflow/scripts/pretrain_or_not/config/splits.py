"""The splits of a dataset."""

from __future__ import annotations

SPLITS = ("train", "validation", "test")

# What a column of splits may call them, in lower case.
SPLIT_NAMES = {"train": "train", "training": "train", "validation": "validation", "valid": "validation",
               "val": "validation", "dev": "validation", "test": "test"}  # fmt: skip

DEFAULT_SHARE = 0.1  # of the training rows, for a split that the data do not have

# More rows hardly narrow an interval, and cost time in every cell.
MOST_BY_DEFAULT = {"validation": 10_000, "test": 20_000}


def cut_words(amount: float | None, split: str, n: int, total: int) -> str:
    """Return in words that so many rows cannot be cut, and what to do. amount, split, total: see `rows_to_cut`."""
    asked, some = DEFAULT_SHARE if amount is None else amount, f"{n:,}" if n else "none"
    return (
        f"splits: {split}: {asked} is {some} of {total:,} rows, and each split, the training rows too, needs one at "
        f"least: take {'fewer' if n else 'more'}, or read more rows"
    )


def rows_to_cut(amount: float | None, split: str, total: int) -> int:
    """Return how many of `total` training rows are cut for a split.

    amount: rows, or a share below 1, or None for the default.
    """
    if amount is None:
        return min(round(DEFAULT_SHARE * total), MOST_BY_DEFAULT[split])
    return round(amount * total) if amount < 1 else int(amount)


def training_rows_left(rows: int, given: set, splits: dict, folds: int | None) -> int:
    """Return how many of `rows` at most are left to train on when the splits that the data do not have are cut.

    They may be fewer: duplicates are dropped, and rows that stay together can make a split larger. given: the splits
    that the data have. splits, folds: of the dataset. Returns `rows` where nothing would be left: ingest tells that.
    """
    left = rows - -(-rows // folds) if folds else rows
    for split in ("validation",) if folds else ("test", "validation"):
        if split not in given:
            left -= rows_to_cut(splits.get(split), split, left)
    return left if left > 0 else rows
