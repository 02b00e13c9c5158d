"""Read the predictions of a cell."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pretrain_or_not.compute.hits import NO_CLASS, predicted_classes
from pretrain_or_not.files.parquet import open_parquet, read_metadata
from pretrain_or_not.files.paths import PathLike
from pretrain_or_not.job import log

CELL = ["dataset", "arm", "size", "n", "seed"]

# Test examples from which on there are intervals and estimates of wrong labels. An interval reaches at least 384 / m
# points to each side (`evaluation.metrics.unseen_variance`): 8 with 50 test examples, 13 with 30, 64 with 6.
FEWEST_TEST_EXAMPLES = 50

MANY_TRUNCATED = 0.05  # share of the texts that are cut, above which it is told

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


def predictions_table(ids: np.ndarray, labels: np.ndarray, probabilities: np.ndarray, names: list[str]) -> pa.Table:
    """Return columns id, label, predicted and one ``p_<class>`` per class; see `read_predictions`.

    `predicted` is null where a probability is not finite; how often is in the log. ids, labels: (n,). probabilities:
    (n, classes). names: of the classes.
    """
    predicted = predicted_classes(probabilities)
    not_finite = predicted == NO_CLASS
    if not_finite.any():
        log.warning("%d of %d predictions are not finite", not_finite.sum(), len(ids))
    columns = {"id": ids, "label": labels.astype(np.int32), "predicted": pa.array(predicted, mask=not_finite)}
    return pa.table(columns | {f"p_{name}": np.ascontiguousarray(probabilities[:, i]) for i, name in enumerate(names)})


def read_predictions(path: PathLike) -> Predictions:
    """Read a file of predictions."""
    about = read_metadata(path)
    names = [f"p_{name}" for name in about["label_names"]]
    with open_parquet(path) as file:
        table = file.read(columns=["id", "label", *names])
    probabilities = np.column_stack([table[name].to_numpy() for name in names])
    return Predictions(table["id"].to_numpy(), table["label"].to_numpy(), probabilities, about)
