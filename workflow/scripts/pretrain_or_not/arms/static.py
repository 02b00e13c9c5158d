"""Static embeddings: a logistic regression on the mean of a pretrained model's token embeddings."""

import numpy as np
import scipy.sparse as sp

from pretrain_or_not.compute.classifier import FittedClassifier
from pretrain_or_not.compute.embeddings import check_rows, read_embeddings
from pretrain_or_not.compute.logistic import LogisticHead, ScaledLogisticClassifier


class StaticClassifier(ScaledLogisticClassifier):
    """A logistic regression on mean embeddings, each feature scaled to mean 0 and standard deviation 1.

    It is linear in the shares of the tokens of a text. So what the fit leaves is a head on these shares, with a weight
    per token and class, and neither the embeddings nor the scaling are needed any more.
    config: C, class_weights, classes, vocabulary (rows of the table of embeddings).
    """

    family = "static"
    parameters = 0

    def __init__(self, config, table=None):
        """table: token embeddings, float32 (vocabulary, width); needed for the fit only."""
        super().__init__(config)
        self.table = table

    @property
    def facts(self):
        """Return the numbers of parameters, with those of the table, for run.json."""
        return {"parameters": self.table.size + self.parameters, "parameters_embedding": self.table.size}

    def features(self, examples):
        """Return the mean embedding of the tokens of each example, float32 (n, width)."""
        return self.token_shares(examples) @ self.table

    def token_shares(self, examples):
        """Return the share of each token in each example, a CSR matrix, float32 (n, vocabulary)."""
        shares = np.repeat(1 / examples.lengths.astype(np.float32), examples.lengths)
        columns = examples.tokens.astype(np.int32)
        return sp.csr_matrix((shares, columns, examples.offsets), (len(examples), self.config["vocabulary"]))

    def fit(self, examples):
        """Fit to labelled examples, and turn the head on embeddings into one on token shares; return self."""
        super().fit(examples)
        self.parameters = self.head.rows * (self.table.shape[1] + 1)
        weights = self.head.coefficients / self.scale
        coefficients = (self.table @ weights.T.astype(np.float32)).T.astype(np.float64)
        on_shares = LogisticHead(self.head.classes, coefficients, self.head.intercepts - weights @ self.mean)
        for name in ("iterations", "converged", "rows"):
            setattr(on_shares, name, getattr(self.head, name))
        self.head = on_shares
        return self

    def predict(self, examples):
        """Return class probabilities, float32 (n, classes)."""
        return self.head.predict(self.token_shares(examples))

    def arrays(self):
        """Return an empty dict: the head is all that is saved."""
        return {}

    def restore(self, arrays):
        """Do nothing: the head is all that was saved."""


def build(run, about):
    """Return an unfitted classifier for a run; raise BadInput if the embeddings do not cover the tokens."""
    table = read_embeddings(run.inputs["embeddings"], framework="np")
    check_rows(table, about)
    keys = {"C": run.value, "class_weights": run.recipe["class_weights"]}
    return StaticClassifier(keys | {"classes": len(about["label_names"]), "vocabulary": len(table)}, table)


def load(folder, precision):
    """Return the fitted classifier in a folder. precision: has no effect."""
    return FittedClassifier(StaticClassifier.from_folder(folder))
