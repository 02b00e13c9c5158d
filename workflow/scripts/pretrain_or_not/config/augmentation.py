"""Check that an arm for which a language model writes examples has few labels."""

from __future__ import annotations

from pretrain_or_not.config.grid import grid
from pretrain_or_not.errors import BadInput

MOST_LABELS = 500  # with more, own examples tell more than written ones, and writing takes too long


def check_labels(arm: str, size: str, labels: int) -> None:
    """Raise BadInput if a cell has too many labels for the key `augment` of its arm. size: as in paths."""
    if labels > MOST_LABELS:
        share = size.removesuffix("pct")
        given = size if share == size else f'"{share}%"'
        raise BadInput(
            f"config: arms.{arm}.augment: is for at most {MOST_LABELS} labels, and a cell has {labels:,}; leave such "
            f"cells out: `exclude: [{{arms: [{arm}], sizes: [{given}]}}]`"
        )


def check_cells(config: dict) -> None:
    """Raise BadInput if a cell of the experiment has too many labels for its arm, as far as its size tells."""
    for cell in grid(config):
        if config["arms"][cell["arm"]].get("augment") and cell["size"].isdigit():
            check_labels(cell["arm"], cell["size"], int(cell["size"]))
