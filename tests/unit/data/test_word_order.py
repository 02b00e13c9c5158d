"""Words in another order: nothing is lost, nothing stays in place, the neighbours that should stay do."""

from collections import Counter

import numpy as np
import pytest

from pretrain_or_not.data.word_order import SENTENCE, count_words, order_of

TEXT = "One two three four five six seven eight nine ten eleven twelve. A b c d e f g h! Who goes there now? Short."


def ngrams(words, n):
    return [" ".join(words[i : i + n]) for i in range(0, len(words), n)]


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_ngrams_stay_whole_within_their_sentence_and_leave_their_place(n):
    shuffled = order_of({"ngrams": n}, seed=0)(TEXT, 0)
    assert Counter(shuffled.split()) == Counter(TEXT.split())
    done = 0
    for sentence in SENTENCE.split(TEXT):
        old = ngrams(sentence.split(), n)
        words = shuffled.split()[done : done + len(sentence.split())]
        done += len(words)
        assert Counter(words) == Counter(sentence.split())
        there = " ".join(words)
        assert all(ngram in there for ngram in old)
        if len(old) > 1 and len(sentence.split()) % n == 0:
            assert all(a != b for a, b in zip(old, ngrams(words, n), strict=True))
    assert shuffled.endswith("Short.")  # a text of one n-gram is unchanged


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_the_share_of_pairs_of_words_that_stay(n):
    """Inside n-grams, n - 1 of n neighbours stay; others become neighbours again only by chance."""
    words = [f"w{i}" for i in range(1200)]
    shuffled = order_of({"ngrams": n}, seed=1)(" ".join(words), 5).split()
    old = set(zip(words, words[1:], strict=False))
    kept = sum(pair in old for pair in zip(shuffled, shuffled[1:], strict=False)) / 1199
    assert kept == pytest.approx((n - 1) / n, abs=0.02)


def test_blocks_are_shuffled_whatever_the_sentences():
    words = [f"w{i}." for i in range(30)]
    shuffled = order_of({"block": 10}, seed=0)(" ".join(words), 0).split()
    for start in (0, 10, 20):
        assert sorted(shuffled[start : start + 10]) == sorted(words[start : start + 10])
        assert all(a != b for a, b in zip(shuffled[start : start + 10], words[start : start + 10], strict=True))


def test_words_of_a_corpus_are_drawn_by_their_frequency():
    texts = ["a a a b", "a a b c"] * 2000
    counts = count_words(texts)
    assert counts == {"a": 10_000, "b": 4000, "c": 2000}
    drawn = Counter(word for i, t in enumerate(texts) for word in order_of("corpus", 0, counts)(t, i).split())
    assert sum(drawn.values()) == 16_000
    np.testing.assert_allclose([drawn[w] / 16_000 for w in "abc"], [0.625, 0.25, 0.125], atol=0.015)


def test_an_order_depends_on_seed_and_text_only():
    order = order_of({"ngrams": 1}, seed=0)
    assert order(TEXT, 3) == order(TEXT, 3) != order(TEXT, 4)
    assert order(TEXT, 3) != order_of({"ngrams": 1}, seed=1)(TEXT, 3)
    assert order_of("natural", 0) is None
