"""Examples as the features that a frozen encoder computes."""

from dataclasses import dataclass

import numpy as np

from pretrain_or_not.files.parquet import to_numpy


@dataclass(frozen=True)
class Features:
    """Labelled examples with the features of a frozen encoder.

    ids, labels: (n,). matrix: (n, width) float32. about: the feature file's metadata (label_names, encoder, …).
    """

    ids: np.ndarray
    labels: np.ndarray
    matrix: np.ndarray
    about: dict

    def __len__(self):
        return len(self.labels)

    @classmethod
    def from_table(cls, table, about):
        """Return Features from an Arrow table with columns id, label, features; about: metadata of its file."""
        column = table["features"].combine_chunks()
        matrix = np.from_dlpack(column.flatten()).reshape(len(column), -1)
        return cls(to_numpy(table["id"]), to_numpy(table["label"]).astype(np.int64), matrix, about)
