"""Logistic regression on a weighted mean of the layers of a frozen encoder, whose weights are learned too."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from pretrain_or_not.compute.class_weights import class_weights
from pretrain_or_not.compute.logistic import MAX_ITERATIONS, ROWS_AT_ONCE, LogisticClassifier

TOLERANCE = 1e-4  # of the gradient; like that of scikit-learn's LogisticRegression


class WeightedLayersClassifier(LogisticClassifier):
    """A logistic regression on the sum over layers of softmax(scalars) times the states of each, as SUPERB takes it.

    Each feature of a layer is scaled to mean 0 and standard deviation 1 over the training subset first. The scalars are
    not regularized. config: C, class_weights, classes, layers (their number), states. layer_weights: (layers,), their
    sum is 1. facts: entries of run.json.
    """

    family = "probe"

    def __init__(self, config):
        super().__init__(config)
        self.mean = self.scale = self.layer_weights = None
        self.facts = {}

    def fit(self, examples):
        """Fit scalars and regression together, by L-BFGS, to labelled Features; return self."""
        states = self.by_layer(examples.matrix)
        self.mean = states.mean(axis=0, dtype=np.float64)
        deviation = states.std(axis=0, dtype=np.float64)
        self.scale = np.where(deviation > 0, deviation, 1.0)
        states, layers = self.scaled(states), self.config["layers"]
        self.stored_values = states.size
        self.layer_weights = np.full(layers, 1 / layers)
        present, labels = np.unique(examples.labels, return_inverse=True)
        if len(present) == 1:
            self.head.fit(self.mixed(states), examples.labels, self.config["C"])  # nothing can be learned
        else:
            weights = class_weights(examples.labels, self.config["classes"], self.config["class_weights"])
            self.fit_both(states, labels, present, weights[examples.labels].astype(np.float64))
        self.facts = {"layer_weights": [float(weight) for weight in self.layer_weights]}
        return self

    def fit_both(self, states, labels, present, weights):
        """Fit to scaled states (n, layers, width); labels: places in `present`, the classes that there are."""
        rows, width = (1 if len(present) == 2 else len(present)), states.shape[2]
        loss = Objective(states, labels, weights, rows, self.config["C"])
        start = np.zeros(rows * (width + 1) + states.shape[1])
        options = {"maxiter": MAX_ITERATIONS, "maxls": 50, "gtol": TOLERANCE, "ftol": 64 * np.finfo(float).eps}
        found = minimize(loss, start, method="L-BFGS-B", jac=True, options=options)
        coefficients, intercepts, scalars = loss.parts(found.x)
        self.layer_weights = softmax(scalars)
        head, classes = self.head, self.config["classes"]
        head.coefficients, head.intercepts = np.zeros((classes, width)), np.full(classes, -np.inf)
        head.intercepts[present] = 0.0
        head.coefficients[present[-rows:]], head.intercepts[present[-rows:]] = coefficients, intercepts
        head.rows, head.iterations, head.converged = rows, int(found.nit), bool(found.success)

    def by_layer(self, matrix):
        """Return features (n, layers * width) as (n, layers, width)."""
        return matrix.reshape(len(matrix), self.config["layers"], -1)

    def scaled(self, states):
        """Return scaled states, float32."""
        return ((states - self.mean) / self.scale).astype(np.float32)

    def mixed(self, states):
        """Return the weighted mean of scaled states, (n, width)."""
        return np.einsum("nld,l->nd", states, self.layer_weights.astype(np.float32))

    def predict(self, examples):
        """Return class probabilities, float32 (n, classes)."""
        step = max(1, ROWS_AT_ONCE // self.config["layers"])
        parts = [examples.matrix[i : i + step] for i in range(0, max(1, len(examples)), step)]
        return np.concatenate([self.head.predict(self.mixed(self.scaled(self.by_layer(part)))) for part in parts])

    @property
    def parameters(self):
        """Return the number of fitted weights."""
        return super().parameters + len(self.layer_weights)

    def arrays(self):
        """Return the arrays to save in a file, without those of the head: name -> array."""
        return {"mean": self.mean, "scale": self.scale, "layer_weights": self.layer_weights}

    def restore(self, arrays):
        """Take over what `arrays` returned."""
        self.mean, self.scale, self.layer_weights = (arrays[name] for name in ("mean", "scale", "layer_weights"))


class Objective:
    """The loss of scikit-learn's LogisticRegression, per example, with its gradient; also over the scalars of layers.

    states: float32 (n, layers, width). labels: (n,), from 0 on. weights: of the examples, (n,). rows: of weights, one
    for two classes, otherwise one per class. strength: C.
    """

    def __init__(self, states, labels, weights, rows, strength):
        self.states, self.labels, self.rows = states, labels, rows
        self.weights = weights / weights.sum()
        self.penalty = 1 / (strength * weights.sum())

    def parts(self, values):
        """Return coefficients (rows, width), intercepts (rows,) and scalars (layers,) of a vector of all of them."""
        width = self.states.shape[2]
        ends = [self.rows * width, self.rows * (width + 1)]
        coefficients, intercepts, scalars = np.split(values, ends)
        return coefficients.reshape(self.rows, width), intercepts, scalars

    def __call__(self, values):
        """Return the loss and its gradient."""
        coefficients, intercepts, scalars = self.parts(values)
        mix, (n, layers, width) = softmax(scalars), self.states.shape
        logits = np.einsum("nld,l->nd", self.states, mix.astype(self.states.dtype)) @ coefficients.T + intercepts
        if self.rows == 1:
            logits = np.column_stack([np.zeros(n), logits])
        surprise = -log_softmax(logits, axis=1)
        loss = self.weights @ surprise[np.arange(n), self.labels] + self.penalty / 2 * (coefficients**2).sum()
        residual = np.exp(-surprise)
        residual[np.arange(n), self.labels] -= 1
        residual = (residual * self.weights[:, None])[:, -self.rows :]
        by_layer = (residual.T.astype(self.states.dtype) @ self.states.reshape(n, -1)).reshape(self.rows, layers, width)
        of_coefficients = np.einsum("kld,l->kd", by_layer, mix) + self.penalty * coefficients
        of_mix = np.einsum("kld,kd->l", by_layer, coefficients)
        of_scalars = mix * (of_mix - mix @ of_mix)
        return loss, np.concatenate([of_coefficients.ravel(), residual.sum(axis=0), of_scalars])
