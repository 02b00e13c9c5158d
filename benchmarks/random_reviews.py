"""Reviews of random words, of any number."""

import random


def reviews(n, seed=0):
    """Yield `n` pairs (text, stars) with about 100 words each (log-normal), by Zipf's law; 2 % copies, 0.1 % blank."""
    rng = random.Random(seed)
    letters = "etaoinshrdlucmfwypvbgkqjxz"
    words = ["".join(rng.choices(letters, k=max(1, round(rng.lognormvariate(1.5, 0.4))))) for _ in range(30_000)]
    stream = rng.choices(words, weights=[1 / (rank + 2) for rank in range(len(words))], k=2_000_000)
    text = "first"
    for _ in range(n):
        chance = rng.random()
        if chance < 0.001:
            yield "", float(rng.randint(1, 5))
            continue
        if chance > 0.02:
            length = min(1000, max(1, round(rng.lognormvariate(4.3, 0.75))))
            start = rng.randrange(len(stream) - length)
            text = " ".join(stream[start : start + length])
        yield text, float(rng.randint(1, 5))
