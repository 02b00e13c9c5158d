"""Turn each split's texts into token ids, once for all arms."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import numpy as np
import pyarrow as pa

from pretrain_or_not.data.chunk_encoder import make_encoder
from pretrain_or_not.data.tokenizer import load_tokenizer, vocabulary_size
from pretrain_or_not.files.parquet import open_parquet, read_metadata, table_writer
from pretrain_or_not.files.paths import PathLike
from pretrain_or_not.job import log

ROWS_PER_BATCH = 10_000


def tokenize(
    examples: PathLike, path: str, name: str, max_length: int, outputs: dict, revision: str | None = None
) -> None:
    """Write one Parquet file per split, in the order of `examples`: `id`, `label`, `input_ids`.

    input_ids: lists of unsigned integers. path, revision: of a model of the config, called `name` there. max_length:
    texts are cut to this number of tokens, special tokens included. outputs: split -> path.
    """
    tokenizer, padding = load_tokenizer(path, revision)
    vocabulary = vocabulary_size(tokenizer)
    unsigned = np.uint16 if vocabulary <= 2**16 else np.uint32
    encode, how = make_encoder(tokenizer, max_length, unsigned)
    log.info(how)
    schema = pa.schema(
        [("id", pa.int64()), ("label", pa.int32()), ("input_ids", pa.list_(pa.from_numpy_dtype(unsigned)))]
    )
    facts = read_metadata(examples)
    about = {
        "dataset": facts["dataset"],
        "label_names": facts["label_names"],
        "tokenizer": name,
        "max_length": max_length,
        "vocabulary": vocabulary,
        "padding_id": padding,
    }
    rows, tokens, cut, empty, started = 0, 0, 0, 0, time.perf_counter()
    bare = len(tokenizer.encode("").ids)  # special tokens only
    with ExitStack() as stack:
        writers = {s: stack.enter_context(table_writer(p, schema, split=s, **about)) for s, p in outputs.items()}
        source = stack.enter_context(open_parquet(examples))
        writing = stack.enter_context(ThreadPoolExecutor(1))  # a batch is written while the next is encoded
        written = writing.submit(lambda: None)
        for batch in source.iter_batches(batch_size=ROWS_PER_BATCH):
            ids, lengths = encode(batch["text"])
            empty += int((lengths <= bare).sum())
            ids, lengths = without_empty(ids, lengths, padding)
            offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
            input_ids = pa.ListArray.from_arrays(pa.array(offsets), pa.array(ids))
            table = pa.table([batch["id"], batch["label"], input_ids], schema=schema)
            written.result()
            written = writing.submit(write_splits, writers, table, batch["split"])
            rows, tokens, cut = rows + len(lengths), tokens + len(ids), cut + int((lengths == max_length).sum())
        written.result()
    seconds = time.perf_counter() - started
    log.info("%d texts, %.1f tokens on average, %d at the limit of %d tokens; %.0f texts/s",
             rows, tokens / rows, cut, max_length, rows / seconds)  # fmt: skip
    if empty:
        log.warning("WARNING %d of %d texts have no token, special tokens left aside", empty, rows)


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
