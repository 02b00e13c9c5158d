"""Rank training examples by what a step on them is likely to gain: a linear critic, after Zhao et al. 2020.

The paper trains an actor and a critic on the expected change of the performance. Here the critic is linear in features
of the examples, and the actor takes those with the highest values: a contextual bandit.
"""

from __future__ import annotations

import numpy as np

from pretrain_or_not.data.examples import Examples

FEATURES = ("length", "loss", "margin", "entropy", "rarity", "age")

MOST_REWARDED = 256  # validation examples on which the reward of a step is measured

RANKINGS = {"highest_loss": 1.0, "lowest_loss": -1.0}  # factor of the loss in the value of an example


class Critic:
    """A ridge regression of the reward of a step on the mean features of its examples: A = I + Σ s sᵀ, b = Σ r s."""

    def __init__(self):
        n = len(FEATURES) + 1  # and a constant, which is what a step gains whatever its examples
        self.a, self.b = np.eye(n), np.zeros(n)

    def learn(self, features: np.ndarray, reward: float) -> None:
        """Add a step. features: of its examples, (k, features)."""
        state = np.append(features.mean(axis=0), 1.0)
        self.a += np.outer(state, state)
        self.b += reward * state

    @property
    def weights(self) -> np.ndarray:
        """Return the weight of each feature, A⁻¹ b without the constant, (features,)."""
        return np.linalg.solve(self.a, self.b)[:-1]

    def values(self, features: np.ndarray) -> np.ndarray:
        """Return the value of each example, (k,), but for the constant. features: (k, features)."""
        return features @ self.weights

    def state(self) -> dict:
        """Return A and b as JSON-able values."""
        return {"a": self.a.tolist(), "b": self.b.tolist()}

    def restore(self, state: dict) -> None:
        """Go on from what `state` returned."""
        self.a, self.b = np.array(state["a"]), np.array(state["b"])


def features_of(log_probabilities, labels, lengths, rarities, ages) -> np.ndarray:
    """Return the FEATURES of examples, float64 (k, features).

    log_probabilities: of the classes now, (k, classes). The margin is the lead of the most likely class. lengths: in
    tokens. rarities: see `mean_rarity`. ages: in steps.
    """
    likely = np.sort(np.exp(log_probabilities), axis=1)
    margin = likely[:, -1] - likely[:, -2]
    entropy = -(np.exp(log_probabilities) * log_probabilities).sum(axis=1)
    loss = -log_probabilities[np.arange(len(labels)), labels]
    return np.column_stack([lengths, loss, margin, entropy, rarities, ages]).astype(np.float64)


def standardized(features: np.ndarray) -> np.ndarray:
    """Return features with mean 0 and deviation 1 among the candidates of a step; one that is constant is 0."""
    deviation = features.std(axis=0)
    return (features - features.mean(axis=0)) / np.where(deviation > 0, deviation, np.inf)


def mean_rarity(examples: Examples) -> np.ndarray:
    """Return the mean of -log f over the tokens of each example, (n,); f is the share of a token in all of them."""
    counts = np.bincount(examples.tokens)
    rarity = -np.log(counts.clip(1) / len(examples.tokens))[examples.tokens]
    sums = np.concatenate([[0.0], np.cumsum(rarity)])
    return (sums[examples.offsets[1:]] - sums[examples.offsets[:-1]]) / examples.lengths.clip(1)


def chosen(values: np.ndarray, count: int, epsilon: float, random: np.random.Generator) -> np.ndarray:
    """Return the positions of `count` candidates, sorted: those with the highest values, the earliest of equals.

    Each place is given at random instead, among the candidates that are left, with probability `epsilon`.
    """
    strangers = random.binomial(count, epsilon)
    order = np.argsort(-values, kind="stable")
    first, rest = order[: count - strangers], order[count - strangers :]
    return np.sort(np.concatenate([first, random.choice(rest, strangers, replace=False)]))
