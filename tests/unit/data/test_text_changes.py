"""Changed texts: the share of words with an error, what an error is, and that chance is fixed."""

import random

import pytest

from pretrain_or_not.data.text_changes import NEIGHBOURS, changed, first_words, with_typo

TEXTS = ["The quick brown fox jumps over the lazy dog, twice; 3 times!"] * 400


def distance(a, b):
    """Return the edit distance of two words that counts an exchange of neighbours as one edit."""
    table = {(i, 0): i for i in range(len(a) + 1)} | {(0, j): j for j in range(len(b) + 1)}
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            table[i, j] = min(table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (a[i - 1] != b[j - 1]))
            if i > 1 and j > 1 and (a[i - 1], a[i - 2]) == (b[j - 2], b[j - 1]):
                table[i, j] = min(table[i, j], table[i - 2, j - 2] + 1)
    return table[len(a), len(b)]


@pytest.mark.parametrize("share", [0, 0.1, 1])
def test_so_many_words_have_one_typing_error_each(share):
    after = changed(TEXTS, list(range(400)), {"typos": share, "seed": 0})
    words = [(a, b) for old, new in zip(TEXTS, after, strict=True)
             for a, b in zip(old.split(), new.split(), strict=True)]  # fmt: skip
    assert {distance(a, b) for a, b in words if a != b} <= {1}
    with_letters = [(a, b) for a, b in words if a != "3"]
    error = 3 * (share * (1 - share) / len(with_letters)) ** 0.5
    assert abs(sum(a != b for a, b in with_letters) / len(with_letters) - share) <= error
    assert all(a == b for a, b in words if a == "3")


def test_errors_follow_from_seed_and_example_alone():
    change = {"typos": 0.5, "seed": 0}
    whole = changed(TEXTS[:9], list(range(9)), change)
    assert changed(TEXTS[:3], [6, 7, 8], change) == whole[6:] and len(set(whole)) > 5
    assert changed(TEXTS[:9], list(range(9)), change | {"seed": 1}) != whole


def test_the_second_text_of_a_pair_has_errors_of_its_own():
    ids, change = list(range(9)), {"typos": 0.5, "seed": 0}
    first, second = (changed(TEXTS[:9], ids, change, column) for column in ("text", "second_text"))
    assert first == changed(TEXTS[:9], ids, change)
    assert not any(a == b for a, b in zip(first, second, strict=True))
    assert second == changed(TEXTS[:9], ids, change, "second_text")


def test_every_kind_of_error_occurs_and_changes_the_word():
    rng = random.Random(0)
    found = {with_typo("Ab", rng) for _ in range(300)}
    neighbours = {letter.upper() + "b" for letter in NEIGHBOURS["a"]} | {"A" + letter for letter in NEIGHBOURS["b"]}
    assert found == {"bA", "A", "b", "AAb", "Abb"} | neighbours
    assert with_typo("a", rng) != "" and with_typo("ü", rng) == "üü" and with_typo("12!", rng) == "12!"
    assert all(distance("ll", with_typo("ll", rng)) == 1 for _ in range(50))  # never two equal letters exchanged


def test_neighbours_are_mutual():
    assert sorted(NEIGHBOURS) == sorted("abcdefghijklmnopqrstuvwxyz") and NEIGHBOURS["g"] == "fhtyvb"
    assert all(a in NEIGHBOURS[b] for a in NEIGHBOURS for b in NEIGHBOURS[a])


def test_case_and_words():
    assert changed(["Ab ß"], [0], {"case": "upper"}) == ["AB SS"] and changed(["Ab"], [0], {"case": "lower"}) == ["ab"]
    assert first_words(" one  two\nthree ", 2) == " one  two" and first_words(" one two ", 2) == " one two "
    assert first_words("one", 5) == "one"
