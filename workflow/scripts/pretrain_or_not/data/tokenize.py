"""Turn each split's texts into token ids, once for all arms."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pretrain_or_not.data.pairs import spans, stored_lengths
from pretrain_or_not.data.saved_tokenizer import save_tokenizer
from pretrain_or_not.data.tokenizer import load_tokenizer
from pretrain_or_not.data.unknown_tokens import report_unknown
from pretrain_or_not.files.parquet import open_parquet, read_metadata, table_writer
from pretrain_or_not.files.paths import PathLike
from pretrain_or_not.job import log, warn

ROWS_PER_BATCH = 10_000


def tokenize(
    examples: PathLike,
    path: str,
    name: str,
    max_length: int | None,
    outputs: dict,
    revision: str | None = None,
    saved: PathLike | None = None,
) -> None:
    """Write one Parquet file per split, in the order of `examples`: `id`, `label`, `input_ids`.

    input_ids: lists of unsigned integers; those of the two texts of a pair, without special tokens, and `first`, the
    number of ids of the first one. path, revision: of a model of the config, called `name` there. max_length: the most
    tokens that an arm reads, special tokens included, None for complete texts; a token more is stored, which shows that
    a text is cut. outputs: split -> path. saved: where the tokenizer is saved too, see `saved_tokenizer`.
    """
    tokenizer = load_tokenizer(path, revision)
    if saved is not None:
        save_tokenizer(tokenizer, path, saved)
    facts = read_metadata(examples)
    encode = BatchEncoder(tokenizer, bool(facts.get("pair")), None if max_length is None else max_length + 1)
    log.info("%s; the tokenizer has %d tokens", encode.how, tokenizer.vocabulary)
    schema = pa.schema([("id", pa.int64()), ("label", pa.int32()), *encode.fields])
    about = {
        "dataset": facts["dataset"],
        "label_names": facts["label_names"],
        "tokenizer": name,
        "max_length": max_length,
        **encode.about,
    }
    rows, tokens, empty, unknown, started = 0, 0, 0, 0, time.perf_counter()
    later: dict = {}
    with ExitStack() as stack:
        writers = {s: stack.enter_context(table_writer(p, schema, later, split=s, **about)) for s, p in outputs.items()}
        source = stack.enter_context(open_parquet(examples))
        writing = stack.enter_context(ThreadPoolExecutor(1))  # a batch is written while the next is encoded
        written = writing.submit(lambda: None)
        for batch in source.iter_batches(batch_size=ROWS_PER_BATCH):
            found = encode(batch)
            table = pa.table([batch["id"], batch["label"], *found.columns], schema=schema)
            written.result()
            written = writing.submit(write_splits, writers, table, batch["split"])
            rows, tokens = rows + len(table), tokens + found.tokens
            unknown, empty = unknown + found.unknown, empty + found.empty
        written.result()
        later["unknown_tokens"] = unknown / max(1, tokens)
    seconds = time.perf_counter() - started
    log.info("%d texts, %.1f tokens on average, of %s; %.0f texts/s", rows, tokens / rows,
             "complete texts" if max_length is None else f"at most {max_length}", rows / seconds)  # fmt: skip
    report_unknown(later["unknown_tokens"], f"datasets: {facts['dataset']}", f"the tokenizer of models: {name}")
    if empty:
        warn(f"datasets: {facts['dataset']}: {empty} of {rows} texts have no token of the tokenizer of models: {name}")


class Encoded(NamedTuple):
    """A batch of texts as token ids.

    columns: of `BatchEncoder.fields`. tokens: their number, without those around each text. unknown: how many of them
    stand for something that the tokenizer does not know. empty: texts without a token.
    """

    columns: list
    tokens: int
    unknown: int
    empty: int


class BatchEncoder:
    """Encodes batches with a column `text`, and `second_text` of pairs, as files of tokens hold them.

    fields: of the columns that it makes. about: metadata of a file with these columns. how: a line for the log.
    """

    def __init__(self, tokenizer, pair, stored):
        """tokenizer: a LoadedTokenizer. pair: whether texts come in pairs. stored: the most tokens of a text to keep,
        special tokens included, None for all.
        """
        self.tokenizer = tokenizer
        dtype = np.uint16 if tokenizer.vocabulary <= 2**16 else np.uint32
        build = pair_encoder if pair else text_encoder
        self.encode, self.fields, layout, self.how = build(tokenizer, stored, dtype)
        self.about = {
            "vocabulary": tokenizer.vocabulary,
            "padding_id": tokenizer.padding_id,
            "side": tokenizer.side,
            **layout,
        }

    def __call__(self, batch) -> Encoded:
        """Return the texts of a batch as token ids; a text without any gets that of padding."""
        ids, lengths, special, more = self.encode(batch)
        empty, texts = int((lengths <= special).sum()), len(lengths)
        ids, lengths = without_empty(ids, lengths, self.tokenizer.padding_id)
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        unknown = 0 if self.tokenizer.unknown_id is None else int((ids == self.tokenizer.unknown_id).sum())
        column = pa.ListArray.from_arrays(pa.array(offsets), pa.array(ids))
        return Encoded([column, *more], len(ids) - special * texts, unknown, empty)


def text_encoder(tokenizer, stored, dtype):
    """Return what a `BatchEncoder` needs for single texts.

    A function of a batch of examples, which returns ids, their number in each example, special tokens per example and
    arrays of further columns; the fields of the columns; metadata; and a line for the log.
    """
    encode, how = tokenizer.encoder(stored, dtype)

    def encode_texts(batch):
        return *encode(batch["text"]), tokenizer.added, ()

    layout = {"special_tokens": tokenizer.special_tokens()}
    return encode_texts, [("input_ids", pa.list_(pa.from_numpy_dtype(dtype)))], layout, how


def pair_encoder(tokenizer, stored, dtype):
    """Return what a `BatchEncoder` needs for pairs of texts; see `text_encoder`."""
    encode, how = tokenizer.encoder(None, dtype)
    before, after = tokenizer.special_tokens()

    def encode_pairs(batch):
        pair = [inner(*encode(batch[column]), before, after) for column in ("text", "second_text")]
        kept = stored_lengths(*(lengths for _, lengths in pair), stored)
        starts = np.cumsum(sum(kept)) - sum(kept)
        both = np.empty(sum(kept).sum(), dtype=dtype)
        for (ids, lengths), n, start in zip(pair, kept, (starts, starts + kept[0]), strict=True):
            first_ids = np.cumsum(lengths) - (n if tokenizer.side == "left" else lengths)
            both[spans(start, n)] = ids[spans(first_ids, n)]
        return both, sum(kept), 0, (pa.array(kept[0].astype(np.int32)),)

    layout = {"pair": tokenizer.pair_template()._asdict(), "odd_first": tokenizer.fast is None}
    columns = [("input_ids", pa.list_(pa.from_numpy_dtype(dtype))), ("first", pa.int32())]
    return encode_pairs, columns, layout, how


def inner(ids, lengths, before, after):
    """Return ids and lengths of texts without the first `before` and the last `after` ids of each."""
    inside = lengths - before - after
    return ids[spans(np.cumsum(lengths) - lengths + before, inside)], inside


def without_empty(ids, lengths, padding):
    """Return ids and lengths of texts of which each has a token: the padding token where the tokenizer gives none."""
    (empty,) = np.nonzero(lengths == 0)
    starts = np.cumsum(lengths) - lengths
    lengths = np.maximum(lengths, 1)
    return np.insert(ids, starts[empty], padding) if len(empty) else ids, lengths


def write_splits(writers, table, splits):
    """Write the rows of a table to the writer of their split. writers: split -> writer. splits: split of each row."""
    for split, writer in writers.items():
        writer.write_table(table.filter(pa.compute.equal(splits, split)))
