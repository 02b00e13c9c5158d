"""The stage `pack_texts`: texts to pretrain on, as rows of tokens of one length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np
import pyarrow as pa

from pretrain_or_not.data.corpus import read_corpus
from pretrain_or_not.data.tokenizer import LoadedTokenizer, load_tokenizer
from pretrain_or_not.data.unknown_tokens import report_unknown
from pretrain_or_not.data.word_order import count_words, order_of
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.parquet import table_writer
from pretrain_or_not.files.paths import PathLike
from pretrain_or_not.job import log, warn

TEXTS_AT_ONCE = 2000

MOST_KEPT = 0.2  # share of texts that an order leaves as they are, above which there is a warning

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
    `held_out` -> path. Warns of many unknown tokens, and of an order that changes few texts.
    """
    corpus = read_corpus(examples, recipe["amount"], without)
    loaded = load_tokenizer(tokenizer["path"], tokenizer["revision"])
    counts = count_words(corpus.texts()) if recipe["order"] == "corpus" else None
    order = order_of(recipe["order"], recipe["seed"], counts)
    for split, path in outputs.items():
        held_out = split == "held_out"
        texts, kept = corpus.texts(held_out), Counter[bool]()
        if order is not None and not held_out:
            texts = reordered(texts, order, kept)
        facts = write_rows(texts, loaded, recipe["length"], path, {"model": name, "split": split})
        log.info("%s: %d texts, %d words, %d tokens in %d rows", split, *list(facts.values())[:4])
        if not facts["rows"] and recipe["amount"] != 0:
            n, what = (corpus.held_out, "measure the loss") if held_out else (corpus.amount, "pretrain")
            which = f"the last {n:,}, which are held out," if held_out else f"the {n:,} texts"
            raise BadInput(
                f"models: {name}: no text is left to {what} on: all of {which} are validated or tested on in datasets "
                "of `without`; name more `texts`, or fewer datasets in `without`"
            )
        if not held_out and facts["rows"]:
            report_unknown(facts["unknown_tokens"], f"models: {name}", "its tokenizer")
        if kept[True] > MOST_KEPT * kept.total():
            warn(
                f"models: {name}: `order` leaves {100 * kept[True] / kept.total():.0f} % of the texts as they are: it "
                "moves words between spaces, and these have one word, or sentences of one"
            )
    if corpus.left_out:
        log.info("left out: texts of validation and test splits (%d keys)", len(corpus.left_out))


def reordered(texts: Iterator[str], order: Callable[[str, int], str], kept: Counter[bool]) -> Iterator[str]:
    """Yield texts in another order, see `word_order.order_of`; count in `kept` whether one has no order to change."""
    for i, text in enumerate(texts):
        new, words = order(text, i), text.split()
        kept[len(words) < 2 or new == " ".join(words)] += 1
        yield new


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
        self.unknown_id, self.unknown, self.encoded = tokenizer.unknown_id, 0, 0
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
        self.encoded += len(ids) - len(texts) * (self.before + self.after)
        if self.unknown_id is not None:
            self.unknown += int((ids == self.unknown_id).sum())
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
    """Write texts as packed rows; return numbers of texts, words, tokens, rows, and the share `unknown_tokens`."""
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
        facts = packer.counts | {"unknown_tokens": packer.unknown / max(1, packer.encoded)}
        later.update(facts)
    return facts
