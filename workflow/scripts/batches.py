"""Tokens as flat arrays, and length-bucketed padded batches cut from them without a Python loop over examples."""

from dataclasses import dataclass

import numpy as np

from artifacts import open_parquet, read_metadata, read_rows
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
    column = table["input_ids"].combine_chunks()
    offsets = column.offsets.to_numpy().astype(np.int64)
    tokens = column.values.to_numpy()[offsets[0] : offsets[-1]]
    labels = table["label"].to_numpy().astype(np.int64)
    return Examples(table["id"].to_numpy(), labels, tokens, offsets - offsets[0], about)


def read_examples(path, first=None, **expected):
    """All examples of a token file, or its `first` n; BadInput unless its metadata hold what is `expected`."""
    about = check_about(path, expected)
    if first is not None:
        with open_parquet(path) as file:
            return from_table(read_rows(path, np.arange(min(first, file.metadata.num_rows))), about)
    with open_parquet(path) as file:
        return from_table(file.read(), about)


def read_subset(tokens, subset, **expected):
    """The examples of a training subset; BadInput where subset and tokens are not of the same data set.

    expected: what the tokens' metadata must hold.
    """
    about = check_about(tokens, expected)
    with open_parquet(subset) as file:
        chosen = file.read()
    rows = chosen["row"].to_numpy()
    with open_parquet(tokens) as file:
        if rows.max() >= file.metadata.num_rows:
            raise BadInput(f"{subset}: asks for rows that {tokens} does not have; delete the subset and run again")
    examples = from_table(read_rows(tokens, rows), about)
    if not np.array_equal(examples.ids, chosen["id"].to_numpy()):
        raise BadInput(f"{subset}: its ids are not those of {tokens}; delete the subset and run again")
    return examples


def check_about(path, expected):
    """The metadata of a Parquet file; BadInput that names it unless they hold what is `expected`."""
    about = read_metadata(path)
    for key, value in expected.items():
        if about.get(key) != value:
            raise BadInput(f"{path}: its {key} is {about.get(key)!r}, not {value!r}; delete it and run again")
    return about


def read_cell(paths, dataset, tokenizer):
    """(training, validation) Examples of a cell, of that data set and tokenizer or BadInput.

    paths: train, validation, subset, and validation_max. A cell has no more validation than training examples.
    """
    about = {"dataset": dataset, "tokenizer": tokenizer}
    check_about(paths["subset"], {"dataset": dataset})
    train = read_subset(paths["train"], paths["subset"], split="train", **about)
    first = min(len(train), paths["validation_max"])
    return train, read_examples(paths["validation"], first, split="validation", **about)


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


def ordered_batches(examples, tokens_per_batch):
    """Positions of batches for inference: all examples by length, at most so many (padded) tokens a batch."""
    order = np.argsort(examples.lengths, kind="stable")
    lengths = examples.lengths[order]
    batches, start = [], 0
    while start < len(order):
        # Sorted by length, a batch of k examples is as wide as its last: take the largest k that fits.
        ahead = lengths[start : start + max(1, tokens_per_batch // max(1, lengths[start]))]
        fits = np.flatnonzero(ahead * np.arange(1, len(ahead) + 1) <= tokens_per_batch)
        stop = start + max(1, len(fits))
        batches.append(order[start:stop])
        start = stop
    return batches
