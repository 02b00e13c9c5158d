"""The cheap baseline: a logistic regression on TF-IDF of n-grams, saved as arrays of numbers."""

import numpy as np
import scipy.sparse as sp

from pretrain_or_not.compute.classifier import FittedClassifier
from pretrain_or_not.compute.logistic import LogisticClassifier
from pretrain_or_not.compute.tfidf_block import TfidfBlock
from pretrain_or_not.data.examples import Examples

KEYS = ("words", "characters", "lowercase", "hash_bits", "sublinear", "min_count", "class_weights")

TOKENS_AT_ONCE = 2**20


class TfidfClassifier(LogisticClassifier):
    """A logistic regression on one or two blocks of TF-IDF features, each scaled to length 1."""

    family = "tfidf"

    def __init__(self, config):
        """config: the KEYS of an arm, C, classes, and tokens (whether it reads tokens instead of texts)."""
        super().__init__(config)
        kinds = ["tokens"] if config["tokens"] else [kind for kind in ("words", "characters") if config[kind]]
        self.blocks = [TfidfBlock(kind, config) for kind in kinds]

    def fit(self, examples):
        """Choose features, weight them, and fit the regression to Texts or Examples; return self."""
        found = [[block.counts(part) for block in self.blocks] for part in parts(examples)]
        counts = [list(counts) for counts in zip(*found, strict=True)]
        del found
        matrix = joined([block.fit(counts.pop(0)) for block in self.blocks])
        self.stored_values = matrix.nnz
        self.head.fit(matrix, examples.labels, self.config["C"], self.config["class_weights"])
        return self

    def predict(self, examples):
        """Return class probabilities, float32 (examples, classes)."""
        found = [
            self.head.predict(joined([block.transform(part) for block in self.blocks])) for part in parts(examples)
        ]
        return np.concatenate(found) if found else np.empty((0, self.config["classes"]), dtype=np.float32)

    def arrays(self):
        """Return the arrays to save in a file, without those of the head: name -> array."""
        arrays = {}
        for block in self.blocks:
            arrays |= {f"{block.kind}.features": block.features, f"{block.kind}.idf": block.tfidf.idf_}
        return arrays

    def restore(self, arrays):
        """Take over what `arrays` returned."""
        for block in self.blocks:
            block.features, block.tfidf.idf_ = arrays[f"{block.kind}.features"], arrays[f"{block.kind}.idf"]


def parts(examples):
    """Yield Texts or Examples in parts, in order, as `TfidfBlock.counts` takes them."""
    if not isinstance(examples, Examples):
        yield from examples.parts()
        return
    cuts = np.searchsorted(examples.offsets[1:], np.arange(TOKENS_AT_ONCE, examples.offsets[-1], TOKENS_AT_ONCE))
    cuts = np.unique([0, *cuts, len(examples)])
    for start, end in zip(cuts[:-1], cuts[1:], strict=True):
        yield examples.tokens[examples.offsets[start] : examples.offsets[end]], examples.lengths[start:end]


def joined(matrices):
    """Return matrices side by side."""
    return matrices[0] if len(matrices) == 1 else sp.hstack(matrices, format="csr")


def build(run, about):
    """Return an unfitted classifier for a run."""
    config = {key: run.recipe[key] for key in KEYS}
    return TfidfClassifier(
        config | {"tokens": run.reads == "tokens", "C": run.value, "classes": len(about["label_names"])}
    )


def load(folder, precision):
    """Return the fitted classifier in a folder. precision: has no effect."""
    return FittedClassifier(TfidfClassifier.from_folder(folder))
