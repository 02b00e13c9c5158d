"""Take some of the examples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pretrain_or_not.data.examples import Examples
from pretrain_or_not.data.pairs import spans


def part_of(examples: Examples, places: np.ndarray) -> Examples:
    """Return the examples at some positions, in their order. places: integers, (k,)."""
    lengths = examples.lengths[places]
    return replace(
        examples,
        ids=examples.ids[places],
        labels=examples.labels[places],
        tokens=examples.tokens[spans(examples.offsets[:-1][places], lengths)],
        offsets=np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]),
        type_1=None if examples.type_1 is None else examples.type_1[places],
    )
