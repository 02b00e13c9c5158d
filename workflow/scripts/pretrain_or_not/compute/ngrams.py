"""Numbers for n-grams of words, characters or tokens: 64 bits each, from NumPy arrays, without a string per n-gram.

The code of a sequence is the sum of one random number per unit and place (Zobrist 1970, with sums instead of XOR). Two
of ten million different n-grams share a code with a probability of 3 in a million. So a set of codes is a vocabulary,
and a file of them needs no strings.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

import numpy as np

WORD = re.compile(r"\b\w\w+\b")  # scikit-learn's: two or more letters, digits or underscores

STEP = 0x9E3779B97F4A7C15  # SplitMix64's, between the numbers of neighbouring places


def mixed(numbers: np.ndarray) -> np.ndarray:
    """Return a random-looking uint64 for each uint64: the finalizer of SplitMix64 (Steele, Lea and Flood 2014)."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def ngrams(
    units: np.ndarray,  # uint64, the units of all sequences
    lengths: np.ndarray,  # (sequences,)
    shortest: int,
    longest: int,
    short_ones: bool = False,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield all n-grams within sequences, for each n: the position of the sequence of each, and its code.

    short_ones: whether a sequence with fewer than `shortest` units is an n-gram as a whole.
    """
    sequences = np.repeat(np.arange(len(lengths)), lengths)
    left = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(units))  # units up to the end of the sequence
    codes = np.zeros(len(units), dtype=np.uint64)
    for n in range(1, longest + 1):
        places = max(0, len(units) - n + 1)
        codes[:places] += mixed(units[n - 1 :] + np.uint64(n * STEP % 2**64))
        if n >= shortest:
            starts = left >= n
        elif short_ones:
            starts = (left == n) & (np.repeat(lengths, lengths) == n)
        else:
            continue
        yield sequences[starts], codes[starts]


def characters(strings: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the code points of all strings, uint64, and the number of them in each."""
    lengths = np.fromiter(map(len, strings), dtype=np.int64, count=len(strings))
    points = np.frombuffer("".join(strings).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    return points.astype(np.uint64), lengths


def word_codes(words: list[str]) -> np.ndarray:
    """Return the code of each word, uint64 (n,). words: none is empty."""
    points, lengths = characters(words)
    starts = np.cumsum(lengths) - lengths
    places = np.arange(len(points)) - np.repeat(starts, lengths)
    numbers = mixed(points + (places + 1).astype(np.uint64) * np.uint64(STEP))
    return np.add.reduceat(numbers, starts) if len(words) else numbers


def numbered(lists: list[list[str]]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return the distinct words of lists of words, the position there of each word of all lists, and their lengths."""
    positions: defaultdict[str, int] = defaultdict()
    positions.default_factory = positions.__len__  # a new word gets the next position
    lengths = np.fromiter(map(len, lists), dtype=np.int64, count=len(lists))
    found = (positions[word] for words in lists for word in words)
    places = np.fromiter(found, dtype=np.int64, count=lengths.sum())
    return list(positions), places, lengths
