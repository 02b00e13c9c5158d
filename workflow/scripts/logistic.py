"""The logistic regression on top of features that are not trained, and the run that fits one."""

import time

import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from run_files import process_peak_memory_mb, save_model, save_run
from stage import log


class LogisticHead:
    """scikit-learn's LogisticRegression over all classes of a dataset, those that the subset lacks included.

    coefficients: (classes, features), intercepts: (classes,), both float64; None until fitted. iterations: of L-BFGS.
    rows: of weights that were fitted, one for two classes, else one a class in the subset.
    """

    def __init__(self, classes, coefficients=None, intercepts=None):
        self.classes, self.coefficients, self.intercepts = classes, coefficients, intercepts
        self.iterations = self.rows = 0

    def fit(self, matrix, labels, strength):
        """Fit to features (n, features), dense or sparse, and labels (n,); strength: C, the inverse regularization."""
        # A class that the subset lacks is never predicted.
        self.coefficients = np.zeros((self.classes, matrix.shape[1]))
        self.intercepts = np.full(self.classes, -np.inf)
        present = np.unique(labels)
        if len(present) == 1:
            self.intercepts[present] = 0.0
            return self
        regression = LogisticRegression(C=strength, max_iter=1000).fit(matrix, labels)
        self.iterations, self.rows = int(regression.n_iter_.max()), len(regression.coef_)
        if len(present) == 2:  # scikit-learn keeps one row of weights for two classes
            self.coefficients[present[1]], self.intercepts[present] = regression.coef_[0], [0, regression.intercept_[0]]
        else:
            self.coefficients[present], self.intercepts[present] = regression.coef_, regression.intercept_
        return self

    def predict(self, matrix):
        """Class probabilities: float32 (n, classes)."""
        logits = matrix @ self.coefficients.T + self.intercepts
        logits -= logits.max(axis=1, keepdims=True)
        exponentials = np.exp(logits)
        return (exponentials / exponentials.sum(axis=1, keepdims=True)).astype(np.float32)

    def arrays(self):
        """What a file has to hold."""
        return {"coefficients": self.coefficients, "intercepts": self.intercepts}


def train_logistic(model, train, validation, recipe, threads, cell, outputs, feature_cost=None):
    """Fit `model` (fit, predict, head, stored_values, save_pretrained) to `train` and write the run.

    train, validation: what the model reads, with `labels` and a length. outputs: see `run_files`. feature_cost: what
    computing the features of `train` took elsewhere (see `before`).
    """
    before = {"seconds": 0.0, "training_flops": 0, "parameters": 0, "parameters_embedding": 0, "device": "cpu",
              "precision": "fp32"} | (feature_cost or {})  # fmt: skip
    started = time.perf_counter()
    with threadpool_limits(threads):
        model.fit(train)
    fitting = time.perf_counter() - started
    accuracy = float((model.predict(validation).argmax(axis=1) == validation.labels).mean())
    validation_seconds = time.perf_counter() - started - fitting
    likelihood = model.predict(train)[np.arange(len(train)), train.labels]
    loss = float(-np.log(likelihood.clip(min=np.finfo(np.float32).tiny)).mean())
    head, seconds = model.head, before["seconds"] + fitting
    seen, size = len(train) * head.iterations, head.rows * (head.coefficients.shape[1] + 1)
    log.info("%d features, %d examples, %d iterations in %.1f s | %.0f examples/s | loss %.4f | validation %.2f %%",
             head.coefficients.shape[1], len(train), head.iterations, fitting, seen / seconds, loss,
             100 * accuracy)  # fmt: skip
    history = [
        {
            "step": head.iterations,
            "examples": seen,
            "loss": loss,
            "validation_accuracy": accuracy,
            "learning_rate": None,
            "seconds": seconds,
        }
    ]
    cost = {
        "steps": head.iterations,
        "feature_seconds": before["seconds"],
        "examples_seen": seen,
        "seconds": seconds,
        "validation_seconds": validation_seconds,
        "examples_per_second": seen / seconds,
        "validation_accuracy": accuracy,
        "validation_examples": len(validation),
        "device": before["device"],
        "precision": before["precision"],
        "threads": threads,
        "peak_memory_mb": process_peak_memory_mb(),
        "parameters": before["parameters"] + size,
        "parameters_trained": size,
        "parameters_embedding": before["parameters_embedding"],
        # A multiply and an add a stored value and row of weights, the same for the gradient, in each iteration.
        "training_flops": before["training_flops"] + 4 * model.stored_values * head.rows * head.iterations,
    }
    save_model(model, outputs["model"], outputs["config"])
    save_run(history, cost, recipe, cell | {"n": len(train)}, outputs)
