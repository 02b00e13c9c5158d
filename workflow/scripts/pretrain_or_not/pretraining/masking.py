"""Hide the tokens that a model has to predict."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

MASKED, REPLACED = 0.8, 0.1  # of the tokens to predict; the others stay (Devlin et al. 2019, section 3.1)


class Masked(NamedTuple):
    """A batch with hidden tokens.

    input_ids: int64 (rows, length), with the hidden tokens replaced. places: of the tokens to predict, in the flattened
    batch, (n,). targets: their ids, (n,).
    """

    input_ids: np.ndarray
    places: np.ndarray
    targets: np.ndarray


@dataclass(frozen=True)
class Masker:
    """Hides tokens of batches; what it does depends on its arguments only, so that a resumed run can go on.

    share: of the tokens to predict. mask_id: of the mask. special: ids that are never hidden, nor put in place of
    others. vocabulary: number of token ids.
    """

    share: float
    mask_id: int
    special: list[int]
    vocabulary: int
    seed: int

    @cached_property
    def kept(self) -> np.ndarray:
        """Return the ids that are never hidden."""
        return np.array(sorted({*self.special, self.mask_id}))

    @cached_property
    def words(self) -> np.ndarray:
        """Return the ids that may take the place of others."""
        return np.setdiff1d(np.arange(self.vocabulary), self.kept)

    def __call__(self, batch: dict, step: int, only_mask: bool = False) -> Masked:
        """Return a batch of `Examples.padded` with hidden tokens. step: each has its own.

        only_mask: whether all hidden tokens are replaced by the mask, as the generator of ELECTRA sees them.
        """
        random = np.random.default_rng([self.seed, step])
        ids = batch["input_ids"]
        candidates = (batch["attention_mask"] == 1) & ~np.isin(ids, self.kept)
        chosen = candidates & (random.random(ids.shape) < self.share)
        kind = random.random(ids.shape)
        words = random.choice(self.words, ids.shape)
        hidden = np.where(kind < MASKED, self.mask_id, np.where(kind < MASKED + REPLACED, words, ids))
        if only_mask:
            hidden = np.full_like(ids, self.mask_id)
        return Masked(np.where(chosen, hidden, ids), np.flatnonzero(chosen), ids[chosen])
