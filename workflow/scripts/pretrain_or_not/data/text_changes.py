"""Change texts as a shift asks: typing errors, another case, fewer words."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

WORD = re.compile(r"\S+")

# The letters beside each one on a QWERTY keyboard.
ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
NEIGHBOURS = {
    letter: "".join(
        other
        for line, shift in ((row, 0), (row - 1, 0.5), (row + 1, -0.5))
        if 0 <= line < len(ROWS)
        for place, other in enumerate(ROWS[line])
        if 0 < abs(place - at - shift) < 1.1
    )
    for row, letters in enumerate(ROWS)
    for at, letter in enumerate(letters)
}


def changed(texts: list[str], ids: list[int], change: dict, column: str = "text") -> list[str]:
    """Return changed texts. ids: of their examples. change: see `config.shifts.change_of`.

    column: "text" or, of pairs, "second_text", which has typing errors of its own.
    """
    if "case" in change:
        return [text.upper() if change["case"] == "upper" else text.lower() for text in texts]
    if "words" in change:
        return [first_words(text, change["words"]) for text in texts]
    share, seed = change["typos"], change["seed"]
    own = "" if column == "text" else f":{column}"
    return [with_typos(text, share, random.Random(f"{seed}:{i}{own}")) for text, i in zip(texts, ids, strict=True)]


def first_words(text: str, n: int) -> str:
    """Return a text up to the end of its n-th word; as it is if it has no more."""
    for i, word in enumerate(WORD.finditer(text), 1):
        if i == n:
            rest = text[word.end() :]
            return text if not rest.strip() else text[: word.end()]
    return text


def with_typos(text: str, share: float, rng: random.Random) -> str:
    """Return a text in which each word gets one typing error with the probability `share`.

    Words are what stands between white space; those without a letter stay as they are.
    """
    return WORD.sub(lambda word: with_typo(word[0], rng) if rng.random() < share else word[0], text) if share else text


def with_typo(word: str, rng: random.Random) -> str:
    """Return a word with one typing error, as it is if it has no letter.

    A letter is exchanged with the next one, left out, doubled, or replaced by one beside it on a keyboard (a to z
    only); each kind that changes the word is as likely.
    """
    places: dict[Callable, list[int]] = {kind: [] for kind in (swap, drop, double, neighbour)}
    for i, letter in enumerate(word):
        if not letter.isalpha():
            continue
        places[double].append(i)
        if letter.lower() in NEIGHBOURS:
            places[neighbour].append(i)
        if len(word) > 1:
            places[drop].append(i)
        if i + 1 < len(word) and word[i + 1].isalpha() and word[i + 1] != letter:
            places[swap].append(i)
    possible = [kind for kind, found in places.items() if found]
    if not possible:
        return word
    kind = rng.choice(possible)
    return kind(word, rng.choice(places[kind]), rng)


def swap(word: str, i: int, rng: random.Random) -> str:
    """Return a word in which a letter and the next one have changed places."""
    return word[:i] + word[i + 1] + word[i] + word[i + 2 :]


def drop(word: str, i: int, rng: random.Random) -> str:
    """Return a word without a letter."""
    return word[:i] + word[i + 1 :]


def double(word: str, i: int, rng: random.Random) -> str:
    """Return a word with a letter twice."""
    return word[: i + 1] + word[i:]


def neighbour(word: str, i: int, rng: random.Random) -> str:
    """Return a word with a letter replaced by one beside it on a keyboard, in the same case."""
    other = rng.choice(NEIGHBOURS[word[i].lower()])
    return word[:i] + (other.upper() if word[i].isupper() else other) + word[i + 1 :]
