"""Read the predictions of a cell."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pretrain_or_not.compute.hits import predicted_classes
from pretrain_or_not.files.parquet import open_parquet, read_metadata
from pretrain_or_not.files.paths import PathLike

CELL = ["dataset", "arm", "size", "n", "seed"]

# Test examples from which on there are intervals and estimates of wrong labels. In simulations in which two arms differ
# on 7 to 30 % of the examples, the 95 % interval of the gap covered 90 to 96 % with 50, 74 to 97 % with 30, and 26 to
# 100 % with 6 test examples.
FEWEST_TEST_EXAMPLES = 50

OK, NOT_FINITE = "ok", "not finite"  # the status of a cell


class Predictions(NamedTuple):
    """The predictions of a cell on the test data.

    ids, labels: (n,). probabilities: float32 (n, classes). about: metadata of the file.
    """

    ids: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray
    about: dict

    @property
    def predicted(self) -> np.ndarray:
        """Return the predicted class of each example, int32 (n,); NO_CLASS where a probability is not finite."""
        return predicted_classes(self.probabilities)

    @property
    def finite(self) -> bool:
        """Return whether all probabilities are finite."""
        return bool(np.isfinite(self.probabilities).all())


def read_predictions(path: PathLike) -> Predictions:
    """Read a file of predictions."""
    about = read_metadata(path)
    names = [f"p_{name}" for name in about["label_names"]]
    with open_parquet(path) as file:
        table = file.read(columns=["id", "label", *names])
    probabilities = np.column_stack([table[name].to_numpy() for name in names])
    return Predictions(table["id"].to_numpy(), table["label"].to_numpy(), probabilities, about)
