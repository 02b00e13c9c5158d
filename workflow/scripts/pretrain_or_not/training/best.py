"""Keep the weights of the best validation."""

import math

import torch


class Best:
    """The weights of the best validation so far, the earliest of equals, and when to stop for lack of better ones."""

    def __init__(self, patience):
        self.patience, self.since, self.accuracy, self.step, self.weights = patience, 0, -math.inf, 0, None

    def update(self, accuracy, step, model):
        """Keep the weights if `accuracy` beats all earlier ones.

        None stands for predictions that are not finite, and beats none.
        """
        self.since += 1
        if accuracy is not None and accuracy > self.accuracy:
            self.since, self.accuracy, self.step = 0, accuracy, step
            self.weights = {name: copy_on_cpu(weights) for name, weights in model.state_dict().items()}

    def overdue(self):
        """Return whether patience has run out."""
        return self.patience is not None and self.since >= self.patience

    def state(self):
        """Return everything but the weights, as JSON-able values."""
        return {"since": self.since, "accuracy": self.accuracy if self.weights else None, "step": self.step}

    def restore(self, state, weights):
        """Go on from what `state` returned, and the weights of then."""
        if weights:
            self.since, self.accuracy, self.step = (state[key] for key in ("since", "accuracy", "step"))
            self.weights = weights


def copy_on_cpu(tensor):
    """Return a contiguous copy on the CPU, which training does not change."""
    return tensor.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
