"""Tokens as flat arrays, and length-bucketed padded batches cut from them without a Python loop over examples."""

from dataclasses import dataclass

import numpy as np

from artifacts import numbers, open_parquet, read_metadata, read_rows
from stage import BadInput

# Examples are sorted by length inside random chunks of so many batches: long enough that padding is nearly nothing,
# short enough that which examples share a batch stays random.
BATCHES_PER_CHUNK = 50


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
    def lengths(self):
        """Tokens of each example, shape (n,)."""
        return np.diff(self.offsets)

    def padded(self, rows):
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


def from_table(table, about):
    """Examples from an Arrow table with columns id, label, input_ids."""
    chunks = [(np.from_dlpack(c.values), np.from_dlpack(c.offsets)) for c in table["input_ids"].chunks]
    tokens = np.concatenate([values[offsets[0] : offsets[-1]] for values, offsets in chunks])
    lengths = np.concatenate([np.diff(offsets) for _, offsets in chunks])
    labels = numbers(table["label"]).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    return Examples(numbers(table["id"]), labels, tokens, starts, about)


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
    rows = numbers(chosen["row"])
    with open_parquet(path) as file:
        if rows.max() >= file.metadata.num_rows:
            raise BadInput(f"{subset}: asks for rows that {path} does not have; delete the subset and run again")
    table = read_rows(path, rows)
    if not np.array_equal(numbers(table["id"]), numbers(chosen["id"])):
        raise BadInput(f"{subset}: its ids are not those of {path}; delete the subset and run again")
    return table


def read_examples(path, first=None, build=from_table, **expected):
    """All examples of a token file, or its `first` n; BadInput unless its metadata hold what is `expected`.

    build: makes them of an Arrow table and the metadata; of features, too, which another one builds.
    """
    about = check_about(path, expected)
    if first is not None:
        return build(first_rows(path, first), about)
    with open_parquet(path) as file:
        return build(file.read(), about)


def read_subset(path, subset, build=from_table, **expected):
    """The examples of a training subset; BadInput where subset and `path` are not of the same data set.

    build, expected: see `read_examples`.
    """
    return build(subset_rows(path, subset), check_about(path, expected))


def validation_count(training_examples, most):
    """How many validation examples a cell gets: as many as it has for training, at most `most`; None, all of them."""
    return None if most is None else min(training_examples, most)


def check_about(path, expected):
    """The metadata of a Parquet file; BadInput that names it unless they hold what is `expected`."""
    about = read_metadata(path)
    for key, value in expected.items():
        if about.get(key) != value:
            raise BadInput(f"{path}: its {key} is {about.get(key)!r}, not {value!r}; delete it and run again")
    return about


def read_cell(paths, cell, tokenizer, build=from_table):
    """(training, validation) examples of a cell, of its data set and tokenizer or BadInput.

    paths: train, validation, subset, and validation_max (see `validation_count`). cell: `dataset`, and the split used
    for `selection`. build: see `read_examples`.
    """
    about = {"dataset": cell["dataset"], "tokenizer": tokenizer}
    check_about(paths["subset"], {"dataset": cell["dataset"]})
    train = read_subset(paths["train"], paths["subset"], build, split="train", **about)
    most = validation_count(len(train), paths["validation_max"])
    return train, read_examples(paths["validation"], most, build, split=cell["selection"], **about)


def shuffled_batches(examples, batch_size, seed, epoch):
    """Positions of one epoch's training batches: every example once, similar lengths together, in random order.

    Returns a list of integer arrays of `batch_size` (the last cut may be shorter). It depends on the arguments alone,
    so a resumed run can take up where another stopped.
    """
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(len(examples))
    chunk_of = np.arange(len(order)) // (batch_size * BATCHES_PER_CHUNK)
    order = order[np.lexsort((examples.lengths[order], chunk_of))]
    batches = np.split(order, np.arange(batch_size, len(order), batch_size))
    return [batches[i] for i in random.permutation(len(batches))]


def ordered_batches(lengths, tokens_per_batch):
    """Positions of batches for inference: all examples by length, at most so many (padded) tokens a batch.

    lengths: tokens of each example, (n,).
    """
    order = np.argsort(lengths, kind="stable")
    lengths = lengths[order]
    batches, start = [], 0
    while start < len(order):
        # Sorted by length, a batch of k examples is as wide as its last: take the largest k that fits.
        ahead = lengths[start : start + max(1, tokens_per_batch // max(1, lengths[start]))]
        fits = np.flatnonzero(ahead * np.arange(1, len(ahead) + 1) <= tokens_per_batch)
        stop = start + max(1, len(fits))
        batches.append(order[start:stop])
        start = stop
    return batches
