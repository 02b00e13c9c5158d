"""Examples as texts, for families that read words or characters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pretrain_or_not.files.parquet import to_numpy

BYTES_AT_ONCE = 2**22  # of text in one part; bounds the memory of what is made of it


@dataclass(frozen=True)
class Texts:
    """Labelled examples with their texts; those of a pair are joined by the `separator` of the dataset.

    ids, labels: (n,). texts: large_string array (n,); it holds the bytes of the texts, and no Python objects. about:
    the metadata of examples.parquet (dataset, label_names, …).
    """

    ids: np.ndarray
    labels: np.ndarray
    texts: pa.ChunkedArray
    about: dict

    def __len__(self):
        return len(self.labels)

    def to_list(self) -> list[str]:
        """Return all texts as strings."""
        return self.texts.to_pylist()

    def parts(self) -> Iterator[list[str]]:
        """Yield the texts in order, as lists of about BYTES_AT_ONCE bytes each; a text is in one list only."""
        ends = np.cumsum(np.concatenate([np.zeros(0, np.int64), *map(byte_lengths, self.texts.chunks)]))
        cuts = np.searchsorted(ends, np.arange(BYTES_AT_ONCE, ends[-1] if len(ends) else 0, BYTES_AT_ONCE))
        cuts = np.unique([0, *cuts, len(self)])
        for start, end in zip(cuts[:-1], cuts[1:], strict=True):
            yield self.texts.slice(start, end - start).to_pylist()

    @classmethod
    def from_table(cls, table: pa.Table, about: dict) -> Texts:
        """Return Texts from an Arrow table with the columns of examples.parquet; about: metadata of its file."""
        labels = to_numpy(table["label"]).astype(np.int64)
        return cls(to_numpy(table["id"]), labels, joined_texts(table, about), about)

    @classmethod
    def of(cls, texts: Sequence[str]) -> Texts:
        """Return texts whose labels are not known, to be classified."""
        n = len(texts)
        column = pa.chunked_array([pa.array(texts, pa.large_string())])
        return cls(np.arange(n), np.zeros(n, dtype=np.int64), column, {})


def joined_texts(table: pa.Table, about: dict) -> pa.ChunkedArray:
    """Return the texts of a table, those of a pair joined by the `separator` of the dataset.

    table, about: see `Texts.from_table`.
    """
    texts = table["text"]
    if "second_text" not in table.column_names:
        return texts
    return pc.binary_join_element_wise(texts, table["second_text"], pa.scalar(about["separator"], texts.type))


def byte_lengths(chunk):
    """Return the number of bytes of each text of an Arrow array, int64 (n,)."""
    return pc.binary_length(chunk).to_numpy(zero_copy_only=False).astype(np.int64)
