"""The stage `pack_texts`: texts to pretrain on, as rows of tokens of one length."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
import pyarrow as pa

from pretrain_or_not.data.corpus import read_corpus
from pretrain_or_not.data.tokenizer import LoadedTokenizer, load_tokenizer
from pretrain_or_not.data.word_order import count_words, order_of
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.parquet import table_writer
from pretrain_or_not.files.paths import PathLike
from pretrain_or_not.job import log

TEXTS_AT_ONCE = 2000

SAMPLE = "a"  # a text with at least one token, to find the special tokens next to it


def pack_texts(
    examples: PathLike, name: str, tokenizer: dict, recipe: dict, without: list[PathLike], outputs: dict
) -> None:
    """Write the rows that a model is pretrained on, and those held out: Parquet files of `id` and `input_ids`.

    Texts follow each other in the order of `examples`, with the special tokens of the tokenizer between them; they are
    cut into rows of `length` tokens, special tokens at both ends included. The last row may be shorter. Words are in
    the `order` of the recipe, but in the rows held out in the natural one, so that all orders are measured alike.

    examples: examples.parquet of the texts. name: of the model. tokenizer: path and revision of a model of the config.
    recipe: the keys `amount`, `order`, `length`, `seed`. without: see `corpus.read_corpus`. outputs: `train` and
    `held_out` -> path.
    """
    corpus = read_corpus(examples, recipe["amount"], without)
    loaded = load_tokenizer(tokenizer["path"], tokenizer["revision"])
    counts = count_words(corpus.texts()) if recipe["order"] == "corpus" else None
    order = order_of(recipe["order"], recipe["seed"], counts)
    for split, path in outputs.items():
        held_out = split == "held_out"
        texts: Iterator[str] = corpus.texts(held_out)
        if order is not None and not held_out:
            texts = (order(text, i) for i, text in enumerate(texts))
        facts = write_rows(texts, loaded, recipe["length"], path, {"model": name, "split": split})
        log.info("%s: %d texts, %d words, %d tokens in %d rows", split, *facts.values())
        if not facts["rows"] and recipe["amount"] != 0:
            what = "pretrain" if split == "train" else "measure the loss"
            raise BadInput(
                f"models: {name}: no text is left to {what} on, as {len(corpus.left_out):,} are left out by `without`; "
                "name more `texts`, or fewer datasets in `without`"
            )
    if corpus.left_out:
        log.info("left out: texts of validation and test splits (%d keys)", len(corpus.left_out))


class Packer:
    """Cuts texts, one after another, into rows of `length` tokens, and counts texts, words, tokens and rows."""

    def __init__(self, tokenizer: LoadedTokenizer, length: int, dtype):
        """length: special tokens at both ends included."""
        self.encode, _ = tokenizer.encoder(None, dtype)
        self.before, self.after = tokenizer.special_tokens()
        ids, _ = self.encode(pa.array([SAMPLE], pa.large_string()))
        self.begin, self.end = ids[: self.before], ids[len(ids) - self.after :]
        self.room = length - self.before - self.after
        self.left = np.empty(0, dtype)  # ids that do not fill a row yet
        self.counts = {"texts": 0, "words": 0, "tokens": 0, "rows": 0}

    def add(self, texts: list[str]) -> list[np.ndarray]:
        """Return the rows that are full with these texts.

        A text keeps what the tokenizer puts after it, which tells it from the next one, and loses what it puts before.
        """
        ids, lengths = self.encode(pa.array(texts, pa.large_string()))
        starts = np.cumsum(lengths) - lengths
        kept = np.ones(len(ids), dtype=bool)
        for i in range(self.before):
            kept[starts + i] = False
        self.left = np.concatenate([self.left, ids[kept]])
        self.counts["texts"] += len(texts)
        self.counts["words"] += sum(len(text.split()) for text in texts)
        return self.cut(len(self.left) // self.room)

    def rest(self) -> list[np.ndarray]:
        """Return the last row, which may be shorter, if there is one."""
        return self.cut(-(-len(self.left) // self.room))

    def cut(self, n):
        """Return the first `n` rows of what is left."""
        rows = [
            np.concatenate([self.begin, self.left[i * self.room : (i + 1) * self.room], self.end]) for i in range(n)
        ]
        self.left = self.left[n * self.room :]
        self.counts["rows"] += n
        self.counts["tokens"] += sum(map(len, rows))
        return rows


def packed(texts: Iterator[str], packer: Packer) -> Iterator[list[np.ndarray]]:
    """Yield the rows that texts make, some at a time."""
    while chunk := list(islice(texts, TEXTS_AT_ONCE)):
        yield packer.add(chunk)
    yield packer.rest()


def write_rows(texts: Iterator[str], tokenizer: LoadedTokenizer, length: int, path: PathLike, about: dict) -> dict:
    """Write texts as packed rows; return the numbers of texts, words, tokens and rows."""
    dtype = np.uint16 if tokenizer.vocabulary <= 2**16 else np.uint32
    schema = pa.schema([("id", pa.int64()), ("input_ids", pa.list_(pa.from_numpy_dtype(dtype)))])
    packer = Packer(tokenizer, length, dtype)
    known = {"vocabulary": tokenizer.vocabulary, "padding_id": tokenizer.padding_id, "length": length,
             "special": sorted({int(i) for i in (*packer.begin, *packer.end)})}  # fmt: skip
    later: dict = {}
    with table_writer(path, schema, later, **about, **known) as writer:
        for rows in packed(texts, packer):
            if rows:
                first = packer.counts["rows"] - len(rows)
                offsets = np.cumsum([0, *map(len, rows)]).astype(np.int32)
                ids = pa.ListArray.from_arrays(pa.array(offsets), pa.array(np.concatenate(rows)))
                writer.write_table(pa.table([pa.array(range(first, first + len(rows))), ids], schema=schema))
        later.update(packer.counts)
    return packer.counts
