"""Read tokenized examples as flat arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pretrain_or_not.config.splits import SPLITS
from pretrain_or_not.data.pairs import assembled, spans
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.parquet import open_parquet, read_metadata, read_rows, to_numpy


@dataclass(frozen=True)
class Examples:
    """Tokenized, labelled examples: the tokens of all examples are concatenated in one array.

    ids: (n,) example ids. labels: (n,) class indices. tokens: (sum of lengths,) token ids. offsets: (n + 1,) where
    each example starts in `tokens`. about: the token file's metadata (label_names, vocabulary, padding_id, …), with the
    `max_length` to which examples were cut, and how many of them were: `truncated`. type_1: (n,) the position in each
    example from which on tokens are of type 1, None if the model has no token types.
    """

    ids: np.ndarray
    labels: np.ndarray
    tokens: np.ndarray
    offsets: np.ndarray
    about: dict
    type_1: np.ndarray | None = None

    def __len__(self):
        return len(self.labels)

    @property
    def lengths(self) -> np.ndarray:
        """Return the number of tokens of each example, shape (n,)."""
        return np.diff(self.offsets)

    def padded(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Return the examples at positions `rows` as one padded batch: a dict of int64 arrays.

        input_ids, attention_mask and, if there are token types, token_type_ids have shape (len(rows), longest), labels
        (len(rows),).
        """
        lengths = self.offsets[rows + 1] - self.offsets[rows]
        places = np.arange(lengths.max())
        mask = places < lengths[:, None]
        input_ids = np.full(mask.shape, self.about["padding_id"], dtype=np.int64)
        # In row-major order, `mask` goes through one example after another, so one gather fills the complete batch.
        starts = np.repeat(self.offsets[rows] - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
        input_ids[mask] = self.tokens[starts + np.arange(lengths.sum())]
        batch = {"input_ids": input_ids, "attention_mask": mask.astype(np.int64), "labels": self.labels[rows]}
        if self.type_1 is not None:
            batch["token_type_ids"] = (mask & (places >= self.type_1[rows, None])).astype(np.int64)
        return batch


AS_STORED = object()  # to read examples at the length at which they are stored


@dataclass(frozen=True)
class Takes:
    """What a model can read. limit: tokens of an example, None for any number. types: whether it has token types."""

    limit: int | None = None
    types: bool = False


def form_of_tokens(max_length, takes: Takes) -> Callable:
    """Return a function that builds Examples from an Arrow table and the metadata of its file.

    max_length: of the arm; None for as many tokens as the model takes. takes: what that model can read.
    """
    length = takes.limit if max_length is None else max_length
    return partial(examples_from_table, max_length=length, types=takes.types)


def examples_from_table(table: pa.Table, about: dict, max_length=AS_STORED, types=True) -> Examples:
    """Return Examples from an Arrow table with columns id, label, input_ids; about: metadata of its file.

    max_length: to which examples are cut, special tokens included, as their tokenizer cuts texts; None for no limit.
    types: whether token types are of use.
    """
    chunks = [(np.from_dlpack(c.values), np.from_dlpack(c.offsets)) for c in table["input_ids"].chunks]
    tokens = np.concatenate([values[offsets[0] : offsets[-1]] for values, offsets in chunks])
    lengths = np.concatenate([np.diff(offsets) for _, offsets in chunks])
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    ids, labels = to_numpy(table["id"]), to_numpy(table["label"]).astype(np.int64)
    if max_length is AS_STORED:
        max_length = about.get("max_length")
    if "pair" in about:
        firsts = to_numpy(table["first"]).astype(np.int64)
        tokens, offsets, type_1, truncated = assembled(tokens, offsets, firsts, about, max_length)
        about = about | {"max_length": max_length, "truncated": truncated}
        return Examples(ids, labels, tokens, offsets, about, type_1 if types else None)
    truncated = 0
    if max_length is not None and (truncated := int((np.diff(offsets) > max_length).sum())):
        tokens, offsets = cut(tokens, offsets, about, max_length)
    return Examples(ids, labels, tokens, offsets, about | {"max_length": max_length, "truncated": truncated})


def cut(tokens, offsets, about, max_length):
    """Return tokens and offsets of texts cut to `max_length` tokens; the special tokens at both ends stay."""
    before, after = about["special_tokens"]
    begins, ends = offsets[:-1], offsets[1:]
    lengths = np.minimum(np.diff(offsets), max_length)
    shorter = np.concatenate([[0], np.cumsum(lengths)])
    if about["side"] == "left":
        kept = tokens[spans(ends - lengths, lengths)]
        for i in range(before):
            kept[shorter[:-1] + i] = tokens[begins + i]
    else:
        kept = tokens[spans(begins, lengths)]
        for i in range(1, after + 1):
            kept[shorter[1:] - i] = tokens[ends - i]
    return kept, shorter


def split_rows(path, about, split):
    """Return where the rows of a split are in a file, (first, count). about: metadata of the file.

    examples.parquet holds the rows of all splits, one split after another; another file holds those of one split.
    """
    if "rows" in about:
        before = SPLITS[: SPLITS.index(split)]
        return sum(about["rows"][other] for other in before), about["rows"][split]
    with open_parquet(path) as file:
        return 0, file.metadata.num_rows


def subset_rows(path, subset, split="train", first=None):
    """Read the rows of a subset from a file of the train split; return an Arrow table.

    split: with folds, a subset also has the rows of other splits. first: the first n of them. Raises BadInput if subset
    and file are not of the same data set.
    """
    with open_parquet(subset) as file:
        chosen = file.read()
    if "split" in chosen.column_names:
        chosen = chosen.filter(pc.equal(chosen["split"], split))[:first]
    table = read_rows(path, positions_in(path, to_numpy(chosen["row"]), subset))
    if not np.array_equal(to_numpy(table["id"]), to_numpy(chosen["id"])):
        raise BadInput(f"{subset}: its ids are not those of {path}; delete the subset and run again")
    return table


def positions_in(path, rows, subset):
    """Return the positions in a file of training examples of the `rows` of a subset; raise BadInput if it lacks some.

    A file with a column `row`, as of features, holds only some of the rows, in any order. subset: its path.
    """
    _, n = split_rows(path, read_metadata(path), "train")
    with open_parquet(path) as file:
        held = to_numpy(file.read(columns=["row"])["row"]) if "row" in file.schema_arrow.names else None
    if held is None:
        if rows.max(initial=0) >= n:
            raise BadInput(f"{subset}: asks for rows that {path} does not have; delete the subset and run again")
        return rows
    order = np.argsort(held)
    places = np.searchsorted(held[order], rows).clip(max=n - 1)
    if (held[order[places]] != rows).any():
        raise BadInput(
            f"{path}: lacks texts of {subset}; are its arm, size and seed in the experiment? If so, delete the file "
            "and run again"
        )
    return order[places]


def read_examples(path, first=None, build=examples_from_table, split=None, **expected):
    """Read all examples of a split, or its `first` n; raise BadInput unless the file's metadata are as `expected`.

    split: may be missing if the file holds one split only. build: function of an Arrow table and the metadata that
    returns the examples, see `data.forms`.
    """
    about = read_checked_metadata(path, expected, split)
    start, n = split_rows(path, about, split)
    return build(read_rows(path, np.arange(start, start + (n if first is None else min(n, first)))), about)


def read_subset(path, subset, build=examples_from_table, split="train", first=None, **expected):
    """Read the examples of a subset; raise BadInput if subset and `path` are not of the same data set.

    split, first: see `subset_rows`. build, expected: see `read_examples`. path: of training examples.
    """
    return build(subset_rows(path, subset, split, first), read_checked_metadata(path, expected, "train"))


def read_split(path, subset, split, first=None, build=examples_from_table, **expected):
    """Read the validation or test examples of a cell, or the `first` n of them.

    They are those of the data, or with folds, those of its subset. The arguments: see `read_subset`.
    """
    if read_metadata(subset).get("folds"):
        return read_subset(path, subset, build, split, first, **expected)
    return read_examples(path, first, build, split, **expected)


def validation_count(training_examples, maximum):
    """Return the number of validation examples of a cell: no more than it has for training, and at most `maximum`.

    maximum: None means all validation examples, and the result is None.
    """
    return None if maximum is None else min(training_examples, maximum)


def read_checked_metadata(path, expected, split=None):
    """Read the metadata of a Parquet file; raise BadInput that names it unless they have the `expected` values.

    split: the one that the file must hold, if it holds one only.
    """
    about = read_metadata(path)
    if split is not None and "rows" not in about:
        expected = expected | {"split": split}
    for key, value in expected.items():
        if about.get(key) != value:
            raise BadInput(f"{path}: its {key} is {about.get(key)!r}, not {value!r}; delete it and run again")
    return about


def read_cell(inputs, cell, tokenizer, validation_max, build=examples_from_table):
    """Read the training and validation examples of a cell: a pair.

    inputs: paths of `train`, `validation` and `subset`. cell: `dataset`, and the split used for `selection`.
    tokenizer: name of the model whose tokens the files hold, None if they hold texts. validation_max: maximum, see
    `validation_count`. build: see `read_examples`. Raises BadInput if a file is of another data set or tokenizer.
    """
    about = {"dataset": cell["dataset"]} | ({} if tokenizer is None else {"tokenizer": tokenizer})
    read_checked_metadata(inputs["subset"], {"dataset": cell["dataset"]})
    train = read_subset(inputs["train"], inputs["subset"], build, **about)
    n = validation_count(len(train), validation_max)
    return train, read_split(inputs["validation"], inputs["subset"], cell["selection"], n, build, **about)
