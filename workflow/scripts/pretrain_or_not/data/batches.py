"""Batches of examples with similar lengths."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pretrain_or_not.data.examples import Examples

# Examples are sorted by length inside random chunks of this many batches: enough to save most of the padding, and few
# enough that the examples of a batch stay random. docs/speed.md has the accuracies with other numbers.
BATCHES_PER_CHUNK = 5


def shuffled_batches(examples: Examples, batch_size: int, seed: int, epoch: int) -> list[np.ndarray]:
    """Return the positions of one epoch's training batches: every example once, similar lengths together, shuffled.

    Returns a list of integer arrays of length `batch_size` (one may be shorter). It depends only on the arguments, so a
    resumed run can continue where another run stopped. One batch, the shorter one if there is one, has examples of any
    length: those of a short batch count more in its step, so they must not be the longest ones, and without it a set
    that fits into one chunk would have the same batches in each epoch.
    """
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(len(examples))
    mixed, order = np.split(order, [(len(order) - 1) % batch_size + 1])
    chunk_of = np.arange(len(order)) // (batch_size * BATCHES_PER_CHUNK)
    order = order[np.lexsort((examples.lengths[order], chunk_of))]
    batches = [mixed, *order.reshape(-1, batch_size)]
    return [batches[i] for i in random.permutation(len(batches))]


def training_batches(examples: Examples, batch_size: int, seed: int, done: int) -> Iterator[np.ndarray]:
    """Yield the positions of each training batch, epoch after epoch without end; the first `done` are skipped."""
    epoch, skipped = divmod(done, -(-len(examples) // batch_size))
    while True:
        yield from shuffled_batches(examples, batch_size, seed, epoch)[skipped:]
        epoch, skipped = epoch + 1, 0


def ordered_batches(lengths: np.ndarray, tokens_per_batch: float) -> list[np.ndarray]:
    """Return the positions of batches for inference: all examples, sorted by length.

    lengths: tokens of each example, (n,). tokens_per_batch: maximum number of tokens per batch, padding included, inf
    for one batch; a longer example is a batch by itself. Returns a list of integer arrays.
    """
    order = np.argsort(lengths, kind="stable")
    lengths = lengths[order]
    if tokens_per_batch == np.inf:
        return [order]
    batches, start = [], 0
    while start < len(order):
        # Lengths are sorted, so a batch of k examples is as wide as its last one: take the largest k that fits.
        ahead = lengths[start : start + max(1, int(tokens_per_batch // max(1, lengths[start])))]
        fits = np.flatnonzero(ahead * np.arange(1, len(ahead) + 1) <= tokens_per_batch)
        stop = start + max(1, len(fits))
        batches.append(order[start:stop])
        start = stop
    return batches
