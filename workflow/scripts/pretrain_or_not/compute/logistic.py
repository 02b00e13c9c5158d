"""The logistic regression on features that are not trained."""

import numpy as np
from sklearn.linear_model import LogisticRegression


class RegressionClassifier:
    """A fitted model whose `predict` maps examples to class probabilities, as a `compute.classifier.Classifier`."""

    device = "cpu"

    def __init__(self, model):
        self.model = model

    def predict(self, examples):
        """Return (class probabilities, float32 (n, classes), None)."""
        return self.model.predict(examples), None


class LogisticClassifier:
    """What a classifier with a `LogisticHead` tells of its fit: see `compute.classifier.Fittable`.

    head: the LogisticHead. stored_values: numbers in the features that it was fitted to.
    """

    def __init__(self, classes):
        self.head = LogisticHead(classes)
        self.stored_values = 0

    @property
    def iterations(self):
        """Return the passes over the training examples."""
        return self.head.iterations

    @property
    def parameters(self):
        """Return the number of weights that were fitted."""
        return self.head.rows * (self.head.coefficients.shape[1] + 1)

    @property
    def training_flops(self):
        """Return the operations of the fit: per iteration, stored value and row of weights a multiply and an add, and
        the same for the gradient."""
        return 4 * self.stored_values * self.head.rows * self.head.iterations


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
