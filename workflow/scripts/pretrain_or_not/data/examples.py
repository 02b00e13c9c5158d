"""Read tokenized examples as flat arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.parquet import open_parquet, read_metadata, read_rows, to_numpy


@dataclass(frozen=True)
class Examples:
    """Tokenized, labelled examples, end to end in one array.

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
        """Tokens of each example, shape (n,)."""
        return np.diff(self.offsets)

    def padded(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """The examples at positions `rows` as one padded batch: dict of int64 arrays.

        input_ids and attention_mask have shape (len(rows), longest), labels (len(rows),).
        """
        lengths = self.offsets[rows + 1] - self.offsets[rows]
        mask = np.arange(lengths.max()) < lengths[:, None]
        input_ids = np.full(mask.shape, self.about["padding_id"], dtype=np.int64)
        # Row-major order of `mask` is example after example, so one gather fills the whole batch.
        starts = np.repeat(self.offsets[rows] - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
        input_ids[mask] = self.tokens[starts + np.arange(lengths.sum())]
        return {
            "input_ids": input_ids,
            "attention_mask": mask.astype(np.int64),
            "labels": self.labels[rows],
        }


def examples_from_table(table: pa.Table, about: dict) -> Examples:
    """Examples from an Arrow table with columns id, label, input_ids."""
    chunks = [(np.from_dlpack(c.values), np.from_dlpack(c.offsets)) for c in table["input_ids"].chunks]
    tokens = np.concatenate([values[offsets[0] : offsets[-1]] for values, offsets in chunks])
    lengths = np.concatenate([np.diff(offsets) for _, offsets in chunks])
    labels = to_numpy(table["label"]).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    return Examples(to_numpy(table["id"]), labels, tokens, starts, about)


def first_rows(path, n):
    """The first `n` rows of a Parquet file, or all where there are fewer: an Arrow table."""
    with open_parquet(path) as file:
        n = min(n, file.metadata.num_rows)
    return read_rows(path, np.arange(n))


def subset_rows(path, subset):
    """The rows of a training subset in a file of the train split: an Arrow table.

    BadInput where subset and file are not of the same data set.
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
    """All examples of a token file, or its `first` n; BadInput unless its metadata hold what is `expected`.

    build: makes them of an Arrow table and the metadata; of features, too, which another one builds.
    """
    about = read_checked_metadata(path, expected)
    if first is not None:
        return build(first_rows(path, first), about)
    with open_parquet(path) as file:
        return build(file.read(), about)


def read_subset(path, subset, build=examples_from_table, **expected):
    """The examples of a training subset; BadInput where subset and `path` are not of the same data set.

    build, expected: see `read_examples`.
    """
    return build(subset_rows(path, subset), read_checked_metadata(path, expected))


def validation_count(training_examples, most):
    """How many validation examples a cell gets: as many as it has for training, at most `most`; None, all of them."""
    return None if most is None else min(training_examples, most)


def read_checked_metadata(path, expected):
    """The metadata of a Parquet file; BadInput that names it unless they hold what is `expected`."""
    about = read_metadata(path)
    for key, value in expected.items():
        if about.get(key) != value:
            raise BadInput(f"{path}: its {key} is {about.get(key)!r}, not {value!r}; delete it and run again")
    return about


def read_cell(inputs, cell, tokenizer, validation_max, build=examples_from_table):
    """Read the training and validation examples of a cell: a pair.

    inputs: paths of `train`, `validation` and `subset`. cell: `dataset`, and the split used for `selection`.
    validation_max: see `validation_count`. build: see `read_examples`. Raises BadInput where a file is of another data
    set or tokenizer.
    """
    about = {"dataset": cell["dataset"], "tokenizer": tokenizer}
    read_checked_metadata(inputs["subset"], {"dataset": cell["dataset"]})
    train = read_subset(inputs["train"], inputs["subset"], build, split="train", **about)
    most = validation_count(len(train), validation_max)
    return train, read_examples(inputs["validation"], most, build, split=cell["selection"], **about)
