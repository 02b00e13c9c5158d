"""The cheap baseline: a logistic regression on TF-IDF of token n-grams, saved without pickles."""

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfTransformer

from pretrain_or_not.compute.classifier import FittedClassifier
from pretrain_or_not.compute.logistic import LogisticClassifier


def feature_codes(examples, ngrams):
    """Return every token n-gram of every example: integer arrays of rows and of codes, of the same length.

    The code of a unigram is its token id + 1, that of a bigram (first + 1) * (vocabulary + 1) + second + 1, so codes
    are unique.
    """
    tokens = examples.tokens.astype(np.int64) + 1
    rows = np.repeat(np.arange(len(examples)), examples.lengths)
    if ngrams == 1:
        return rows, tokens
    within = rows[:-1] == rows[1:]
    bigrams = tokens[:-1] * (examples.about["vocabulary"] + 1) + tokens[1:]
    return np.concatenate([rows, rows[:-1][within]]), np.concatenate([tokens, bigrams[within]])


class TfidfClassifier(LogisticClassifier):
    """scikit-learn's TfidfTransformer (sublinear) and a logistic regression over token n-grams."""

    family = "tfidf"

    def __init__(self, config):
        """config: ngrams, min_count (examples a feature must occur in), vocabulary, C, class_weights, classes."""
        super().__init__(config)
        self.features = None
        self.tfidf = TfidfTransformer(sublinear_tf=True)

    def counts(self, examples):
        """Return the counts of the known features in each example, a CSR matrix (examples, features)."""
        rows, codes = feature_codes(examples, self.config["ngrams"])
        columns = np.searchsorted(self.features, codes)
        known = columns < len(self.features)
        known[known] = self.features[columns[known]] == codes[known]
        entries = (np.ones(known.sum(), dtype=np.float32), (rows[known], columns[known]))
        return sp.csr_matrix(entries, shape=(len(examples), len(self.features)))  # sums repeated entries

    def fit(self, examples):
        """Choose features, weight them, and fit the regression to `examples`; return self."""
        rows, codes = feature_codes(examples, self.config["ngrams"])
        features, columns = np.unique(codes, return_inverse=True)
        counts = sp.csr_matrix(
            (np.ones(len(codes), dtype=np.float32), (rows, columns)), shape=(len(examples), len(features))
        )  # sums repeated entries, so that an entry is an example in which a feature occurs
        kept = np.bincount(counts.indices, minlength=len(features)) >= self.config["min_count"]
        self.features = features[kept]
        matrix = self.tfidf.fit_transform(counts[:, kept] if not kept.all() else counts)
        self.stored_values = matrix.nnz
        self.head.fit(matrix, examples.labels, self.config["C"], self.config["class_weights"])
        return self

    def predict(self, examples):
        """Return class probabilities, float32 (examples, classes)."""
        return self.head.predict(self.tfidf.transform(self.counts(examples)))

    def arrays(self):
        """Return the arrays to save in a file, without those of the head: name -> array."""
        return {"features": self.features, "idf": self.tfidf.idf_}

    def restore(self, arrays):
        """Take over what `arrays` returned."""
        self.features, self.tfidf.idf_ = arrays["features"], arrays["idf"]


def build(run, about):
    """Return an unfitted classifier for a run."""
    config = {
        "ngrams": run.recipe["ngrams"],
        "min_count": run.recipe["min_count"],
        "vocabulary": about["vocabulary"],
        "C": run.value,
        "class_weights": run.recipe["class_weights"],
        "classes": len(about["label_names"]),
    }
    return TfidfClassifier(config)


def load(folder, precision):
    """Return the fitted classifier in a folder. precision: has no effect."""
    return FittedClassifier(TfidfClassifier.from_folder(folder))
