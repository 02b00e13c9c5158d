"""Keep the weights of the best validation."""

import math

import torch


class Best:
    """The weights of the best validation so far, the earliest of equals, and when to stop for lack of better ones."""

    def __init__(self, patience, sign):
        """sign: 1 if a higher score is better, −1 if a lower one is."""
        self.patience, self.sign = patience, sign
        self.since, self.score, self.step, self.temperature, self.weights = 0, -sign * math.inf, 0, None, None

    def update(self, score, step, model, temperature):
        """Keep the weights, and the temperature that calibrates them, if `score` beats all earlier ones.

        None stands for predictions that are not finite, and beats none.
        """
        self.since += 1
        if score is not None and self.sign * score > self.sign * self.score:
            self.since, self.score, self.step, self.temperature = 0, score, step, temperature
            self.weights = {name: copy_on_cpu(weights) for name, weights in model.state_dict().items()}

    def overdue(self):
        """Return whether patience has run out."""
        return self.patience is not None and self.since >= self.patience

    def state(self):
        """Return everything but the weights, as JSON-able values."""
        score = self.score if self.weights else None
        return {"since": self.since, "score": score, "step": self.step, "temperature": self.temperature}

    def restore(self, state, weights):
        """Go on from what `state` returned, and the weights of then."""
        if weights:
            self.since, self.score, self.step, self.temperature = (
                state[key] for key in ("since", "score", "step", "temperature")
            )
            self.weights = weights


def copy_on_cpu(tensor):
    """Return a contiguous copy on the CPU, which training does not change."""
    return tensor.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
