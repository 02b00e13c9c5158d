"""Labelled texts about three topics."""

import random

WORDS = {
    "sports": "goal match team player coach league win score ball season".split(),
    "cooking": "oven flour butter recipe bake salt onion pan simmer taste".split(),
    "travel": "flight hotel beach map luggage train island museum visa tour".split(),
}
COMMON = "the a of and to in it was for with on at by this that".split()


def make_rows(n, seed=0):
    """Return `n` (text, label) pairs of 3 to 30 words: some words of the label's topic among common words."""
    rng = random.Random(seed)
    rows = []
    for _ in range(n):
        label = rng.choice(list(WORDS))
        words = rng.choices(COMMON, k=rng.randint(2, 25)) + rng.choices(WORDS[label], k=rng.randint(1, 5))
        rng.shuffle(words)
        rows.append((" ".join(words), label))
    return rows
