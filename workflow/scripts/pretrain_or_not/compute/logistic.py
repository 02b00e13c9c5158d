"""Logistic regression on features that are not trained."""

import json
import warnings
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

MAX_ITERATIONS = 1000

ROWS_AT_ONCE = 2**17  # that are scaled for a prediction


class LogisticClassifier:
    """The part of a `compute.classifier.Fittable` that classifiers with a `LogisticHead` share.

    A subclass names its `family`, and says by `arrays` and `restore` what its files hold besides the head.
    config: JSON-able, with `classes`. head: the LogisticHead. stored_values: how many numbers the features contain that
    it was fitted to.
    """

    family: str

    def __init__(self, config):
        self.config = config
        self.head = LogisticHead(config["classes"])
        self.stored_values = 0

    def arrays(self):
        """Return the arrays to save in a file, without those of the head: name -> array."""
        raise NotImplementedError

    def restore(self, arrays):
        """Take over what `arrays` returned."""
        raise NotImplementedError

    def save_pretrained(self, folder):
        """Write model.safetensors and config.json."""
        arrays = self.arrays() | self.head.arrays()
        in_order = {name: np.ascontiguousarray(array) for name, array in arrays.items()}  # as safetensors stores them
        save_file(in_order, Path(folder) / "model.safetensors")
        (Path(folder) / "config.json").write_text(json.dumps({"family": self.family} | self.config, indent=2) + "\n")

    @classmethod
    def from_folder(cls, folder):
        """Return the classifier that `save_pretrained` wrote to a folder."""
        config = json.loads((Path(folder) / "config.json").read_text())
        config.pop("family")
        arrays = load_file(Path(folder) / "model.safetensors")
        model = cls(config)
        model.head = LogisticHead(config["classes"], arrays["coefficients"], arrays["intercepts"])
        model.restore(arrays)
        return model

    @property
    def iterations(self):
        """Return the number of passes over the training examples."""
        return self.head.iterations

    @property
    def converged(self):
        """Return whether the fit ended by itself, and not by MAX_ITERATIONS or for want of a better step."""
        return self.head.converged

    @property
    def parameters(self):
        """Return the number of fitted weights."""
        return self.head.rows * (self.head.coefficients.shape[1] + 1)

    @property
    def training_flops(self):
        """Return the operations of the fit.

        For each iteration, stored value and row of weights: a multiply and an add, and the same for the gradient.
        """
        return 4 * self.stored_values * self.head.rows * self.head.iterations


class ScaledLogisticClassifier(LogisticClassifier):
    """A logistic regression on dense features, each scaled to mean 0 and standard deviation 1 over the training subset.

    A subclass says by `features` what it makes of examples. config: C, class_weights, classes.
    """

    def __init__(self, config):
        super().__init__(config)
        self.mean = self.scale = None

    def features(self, examples):
        """Return the features of examples, floating point (n, width)."""
        raise NotImplementedError

    def fit(self, examples):
        """Fit scaling and regression to labelled examples; return self."""
        matrix = self.features(examples)
        self.mean = matrix.mean(axis=0, dtype=np.float64)
        deviation = matrix.std(axis=0, dtype=np.float64)
        self.scale = np.where(deviation > 0, deviation, 1.0)
        self.stored_values = matrix.size
        matrix = self.scaled(matrix)
        self.head.fit(matrix, examples.labels, self.config["C"], self.config["class_weights"])
        return self

    def scaled(self, matrix):
        """Return features as float64, scaled; in place, as there may be millions of rows."""
        scaled = matrix - self.mean
        scaled /= self.scale
        return scaled

    def predict(self, examples):
        """Return class probabilities, float32 (n, classes)."""
        matrix = self.features(examples)
        parts = [matrix[i : i + ROWS_AT_ONCE] for i in range(0, max(1, len(matrix)), ROWS_AT_ONCE)]
        return np.concatenate([self.head.predict(self.scaled(part)) for part in parts])

    def arrays(self):
        """Return the arrays to save in a file, without those of the head: name -> array."""
        return {"mean": self.mean, "scale": self.scale}

    def restore(self, arrays):
        """Take over what `arrays` returned."""
        self.mean, self.scale = arrays["mean"], arrays["scale"]


class LogisticHead:
    """scikit-learn's LogisticRegression over all classes of a dataset, including classes that the subset lacks.

    coefficients: (classes, features), intercepts: (classes,), both float64; None until fitted. iterations: of L-BFGS.
    converged: whether it ended by itself. rows: rows of weights that were fitted, one for two classes, otherwise one
    per class in the subset.
    """

    def __init__(self, classes, coefficients=None, intercepts=None):
        self.classes, self.coefficients, self.intercepts = classes, coefficients, intercepts
        self.iterations = self.rows = 0
        self.converged = True

    def fit(self, matrix, labels, strength, class_weights=None):
        """Fit to `matrix` (n, features), dense or sparse, and labels (n,); return self.

        strength: C, the inverse strength of regularization. class_weights: "balanced" or None, see
        `compute.class_weights`; scikit-learn computes them from `labels`.
        """
        # A class that the subset lacks is never predicted.
        self.coefficients = np.zeros((self.classes, matrix.shape[1]))
        self.intercepts = np.full(self.classes, -np.inf)
        present = np.unique(labels)
        if len(present) == 1:
            self.intercepts[present] = 0.0
            return self
        regression = LogisticRegression(C=strength, class_weight=class_weights, max_iter=MAX_ITERATIONS)
        with warnings.catch_warnings(record=True, category=ConvergenceWarning) as caught:
            warnings.simplefilter("always", ConvergenceWarning)
            regression.fit(matrix, labels)
        self.converged = not any(issubclass(warning.category, ConvergenceWarning) for warning in caught)
        self.iterations, self.rows = int(regression.n_iter_.max()), len(regression.coef_)
        if len(present) == 2:  # scikit-learn keeps one row of weights for two classes
            self.coefficients[present[1]], self.intercepts[present] = regression.coef_[0], [0, regression.intercept_[0]]
        else:
            self.coefficients[present], self.intercepts[present] = regression.coef_, regression.intercept_
        return self

    def predict(self, matrix):
        """Return class probabilities, float32 (n, classes). matrix: (n, features), dense or sparse."""
        logits = matrix @ self.coefficients.T + self.intercepts
        logits -= logits.max(axis=1, keepdims=True)
        exponentials = np.exp(logits)
        return (exponentials / exponentials.sum(axis=1, keepdims=True)).astype(np.float32)

    def arrays(self):
        """Return the arrays to save in a file: name -> array."""
        return {"coefficients": self.coefficients, "intercepts": self.intercepts}
