"""Pairs of texts as token ids: each text alone as it is stored, both in one sequence as a model reads it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pretrain_or_not.errors import BadInput


class PairTemplate(NamedTuple):
    """What a tokenizer puts around the two texts of a pair.

    prefix, middle, suffix: token ids before, between and after the texts. type_1: where token type 1 begins, counted
    from the first token of the second text; None if the model has no token types.
    """

    prefix: list[int]
    middle: list[int]
    suffix: list[int]
    type_1: int | None

    @property
    def added(self) -> int:
        """Return the number of special tokens of a pair."""
        return len(self.prefix) + len(self.middle) + len(self.suffix)


def stored_lengths(first: np.ndarray, second: np.ndarray, limit: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Return how many tokens of each text to store, so that a pair can be cut to `limit` tokens or fewer.

    first, second: numbers of tokens, (n,). Of two that are too long, the longer one stays longer by a token: where the
    tokenizer cuts depends on which one that is.
    """
    if limit is None:
        return first, second
    return np.minimum(first, limit + (first > second)), np.minimum(second, limit + (second > first))


def cut_lengths(first, second, limit, odd_first):
    """Return how many tokens of each text are left where a tokenizer cuts pairs to `limit` tokens in all.

    The rule is "longest first": the shorter text stays complete as long as it has no more than half. first, second:
    numbers of tokens, (n,). odd_first: whether, of an odd `limit` shared by both, the first text always gets the larger
    part, as from tokenizers written in Python; from the others, the longer text does.
    """
    half, larger = limit // 2, limit - limit // 2
    first_is_long = first > second
    kept_first = np.where(odd_first | first_is_long, larger, half)
    kept_second = limit - kept_first
    short = np.minimum(first, second)
    fits = short <= np.where(first_is_long, kept_second, kept_first)
    kept_first = np.where(fits, np.where(first_is_long, limit - second, first), kept_first)
    kept_second = np.where(fits, np.where(first_is_long, second, limit - first), kept_second)
    cut = first + second > limit
    return np.where(cut, kept_first, first), np.where(cut, kept_second, second)


def spans(starts, lengths):
    """Return the positions of consecutive numbers: `lengths` from each of `starts`, one after another."""
    return np.repeat(starts - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())


def assembled(tokens, offsets, firsts, about, max_length):
    """Return the sequences of pairs as a model reads them: tokens, offsets, starts of type 1, number of pairs cut.

    tokens, offsets: of the two texts of each pair, one after the other. firsts: numbers of tokens of the first texts,
    (n,). about: metadata of the file. max_length: tokens of a sequence, special ones included, None for no limit. The
    starts are None where the model has no token types.
    """
    template = PairTemplate(**about["pair"])
    stored = firsts, np.diff(offsets) - firsts
    kept = stored
    if max_length is not None:
        limit = max_length - template.added
        if limit < 2:
            raise BadInput(
                f"max_length {max_length} leaves no space for two texts next to the {template.added} special tokens of "
                "a pair; raise it"
            )
        kept = cut_lengths(*stored, limit, about["odd_first"])
    begins = offsets[:-1], offsets[:-1] + firsts
    if about["side"] == "left":
        begins = tuple(begin + n - m for begin, n, m in zip(begins, stored, kept, strict=True))
    lengths = kept[0] + kept[1] + template.added
    ends = np.cumsum(lengths)
    sequences = np.empty(ends[-1] if len(ends) else 0, dtype=tokens.dtype)
    at = ends - lengths
    for part, texts in ((template.prefix, 0), (template.middle, 1), (template.suffix, None)):
        for i, token in enumerate(part):
            sequences[at + i] = token
        at = at + len(part)
        if texts is not None:
            sequences[spans(at, kept[texts])] = tokens[spans(begins[texts], kept[texts])]
            at = at + kept[texts]
            if texts == 0:
                second = at + len(template.middle) - (ends - lengths)
    types = None if template.type_1 is None else second + template.type_1
    cut = int(((kept[0] < stored[0]) | (kept[1] < stored[1])).sum())
    return sequences, np.concatenate([[0], ends]), types, cut
