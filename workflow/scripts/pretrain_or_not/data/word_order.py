"""Put the words of a text in another order, so that a model learns from which words occur, not from their order.

As in Sinha et al. (2021), "Masked language modeling and the distributional hypothesis": words are shuffled before they
are split into tokens, within sentences or within blocks, once per text. With `corpus`, they are drawn anew by their
frequency in all texts, so that not even the company of words is left.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable

import numpy as np

SENTENCE = re.compile(r"(?<=[.!?])\s+")  # where a sentence ends

TRIES = 100  # to find an order in which nothing stays in its place


def order_of(order: str | dict, seed: int, counts: Counter | None = None) -> Callable[[str, int], str] | None:
    """Return a function that reorders a text, given with its number; None for the natural order.

    order: of a recipe. counts: how often each word occurs, for the order `corpus`; see `count_words`.
    """
    if order == "natural":
        return None
    if order == "corpus":
        assert counts is not None, "the words are drawn by their counts"
        words = np.array(list(counts), dtype=object)
        shares = np.array(list(counts.values()), dtype=float)
        limits = np.cumsum(shares / shares.sum())
        return lambda text, i: drawn(text, words, limits, np.random.default_rng([seed, i]))
    assert isinstance(order, dict), "the schema allows no other order"
    if "block" in order:
        return lambda text, i: shuffled_blocks(text, order["block"], np.random.default_rng([seed, i]))
    return lambda text, i: shuffled_sentences(text, order["ngrams"], np.random.default_rng([seed, i]))


def count_words(texts: Iterable[str]) -> Counter:
    """Return how often each word occurs, in the order of their first occurrence."""
    counts: Counter = Counter()
    for text in texts:
        counts.update(text.split())
    return counts


def drawn(text, words, limits, random):
    """Return as many words as a text has, each drawn by its frequency. limits: cumulative shares of the words."""
    places = np.searchsorted(limits, random.random(len(text.split())), side="right")
    return " ".join(words[np.minimum(places, len(words) - 1)])


def shuffled_blocks(text, size, random):
    """Return a text whose words are shuffled within blocks of `size` words, whatever the sentences."""
    words = text.split()
    blocks = [words[i : i + size] for i in range(0, len(words), size)]
    return " ".join(words for block in blocks for words in shuffled(block, random))


def shuffled_sentences(text, n, random):
    """Return a text whose n-grams of words are shuffled within each sentence, none of them in its old place.

    The last n-gram of a sentence may be shorter. A sentence of one n-gram stays as it is.
    """
    found = []
    for sentence in SENTENCE.split(text):
        words = sentence.split()
        ngrams = [" ".join(words[i : i + n]) for i in range(0, len(words), n)]
        found += shuffled(ngrams, random)
    return " ".join(found)


def shuffled(items, random):
    """Return a list in an order in which none of the items, of two or more, is in its old place."""
    places = np.arange(len(items))
    if len(items) < 2:
        return list(items)
    for _ in range(TRIES):
        order = random.permutation(len(items))
        if (order != places).all():
            return [items[i] for i in order]
    return [items[i] for i in np.roll(places, 1)]
