"""Read tokenized examples as flat arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.parquet import open_parquet, read_metadata, read_rows, to_numpy


@dataclass(frozen=True)
class Examples:
    """Tokenized, labelled examples: the tokens of all examples are concatenated in one array.

    ids: (n,) example ids. labels: (n,) class indices. tokens: (sum of lengths,) token ids. offsets: (n + 1,) where
    each example starts in `tokens`. about: the token file's metadata (label_names, vocabulary, padding_id, …).
    """

    ids: np.ndarray
    labels: np.ndarray
    tokens: np.ndarray
    offsets: np.ndarray
    about: dict

    def __len__(self):
        return len(self.labels)

    @property
    def lengths(self) -> np.ndarray:
        """Return the number of tokens of each example, shape (n,)."""
        return np.diff(self.offsets)

    def padded(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Return the examples at positions `rows` as one padded batch: a dict of int64 arrays.

        input_ids and attention_mask have shape (len(rows), longest), labels (len(rows),).
        """
        lengths = self.offsets[rows + 1] - self.offsets[rows]
        mask = np.arange(lengths.max()) < lengths[:, None]
        input_ids = np.full(mask.shape, self.about["padding_id"], dtype=np.int64)
        # In row-major order, `mask` goes through one example after another, so one gather fills the complete batch.
        starts = np.repeat(self.offsets[rows] - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
        input_ids[mask] = self.tokens[starts + np.arange(lengths.sum())]
        return {
            "input_ids": input_ids,
            "attention_mask": mask.astype(np.int64),
            "labels": self.labels[rows],
        }


def examples_from_table(table: pa.Table, about: dict) -> Examples:
    """Return Examples from an Arrow table with columns id, label, input_ids; about: metadata of its file."""
    chunks = [(np.from_dlpack(c.values), np.from_dlpack(c.offsets)) for c in table["input_ids"].chunks]
    tokens = np.concatenate([values[offsets[0] : offsets[-1]] for values, offsets in chunks])
    lengths = np.concatenate([np.diff(offsets) for _, offsets in chunks])
    labels = to_numpy(table["label"]).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    return Examples(to_numpy(table["id"]), labels, tokens, starts, about)


def first_rows(path, n):
    """Read the first `n` rows of a Parquet file, or all if it has fewer; return an Arrow table."""
    with open_parquet(path) as file:
        n = min(n, file.metadata.num_rows)
    return read_rows(path, np.arange(n))


def subset_rows(path, subset):
    """Read the rows of a training subset from a file of the train split; return an Arrow table.

    Raises BadInput if subset and file are not of the same data set.
    """
    with open_parquet(subset) as file:
        chosen = file.read()
    rows = to_numpy(chosen["row"])
    with open_parquet(path) as file:
        if rows.max() >= file.metadata.num_rows:
            raise BadInput(f"{subset}: asks for rows that {path} does not have; delete the subset and run again")
    table = read_rows(path, rows)
    if not np.array_equal(to_numpy(table["id"]), to_numpy(chosen["id"])):
        raise BadInput(f"{subset}: its ids are not those of {path}; delete the subset and run again")
    return table


def read_examples(path, first=None, build=examples_from_table, **expected):
    """Read all examples of a file, or its `first` n; raise BadInput unless its metadata have the `expected` values.

    build: function of an Arrow table and the metadata that returns the examples: Examples (the default) or Features.
    """
    about = read_checked_metadata(path, expected)
    if first is not None:
        return build(first_rows(path, first), about)
    with open_parquet(path) as file:
        return build(file.read(), about)


def read_subset(path, subset, build=examples_from_table, **expected):
    """Read the examples of a training subset; raise BadInput if subset and `path` are not of the same data set.

    build, expected: see `read_examples`.
    """
    return build(subset_rows(path, subset), read_checked_metadata(path, expected))


def validation_count(training_examples, maximum):
    """Return the number of validation examples of a cell: no more than it has for training, and at most `maximum`.

    maximum: None means all validation examples, and the result is None.
    """
    return None if maximum is None else min(training_examples, maximum)


def read_checked_metadata(path, expected):
    """Read the metadata of a Parquet file; raise BadInput that names it unless they have the `expected` values."""
    about = read_metadata(path)
    for key, value in expected.items():
        if about.get(key) != value:
            raise BadInput(f"{path}: its {key} is {about.get(key)!r}, not {value!r}; delete it and run again")
    return about


def read_cell(inputs, cell, tokenizer, validation_max, build=examples_from_table):
    """Read the training and validation examples of a cell: a pair.

    inputs: paths of `train`, `validation` and `subset`. cell: `dataset`, and the split used for `selection`.
    validation_max: maximum, see `validation_count`. build: see `read_examples`. Raises BadInput if a file is of another
    data set or tokenizer.
    """
    about = {"dataset": cell["dataset"], "tokenizer": tokenizer}
    read_checked_metadata(inputs["subset"], {"dataset": cell["dataset"]})
    train = read_subset(inputs["train"], inputs["subset"], build, split="train", **about)
    n = validation_count(len(train), validation_max)
    return train, read_examples(inputs["validation"], n, build, split=cell["selection"], **about)
