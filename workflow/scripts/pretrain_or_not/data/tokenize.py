"""Turn each split's texts into token ids, once for all arms."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import numpy as np
import pyarrow as pa

from pretrain_or_not.data.tokenizer import load_tokenizer
from pretrain_or_not.data.unknown_tokens import report_unknown
from pretrain_or_not.files.parquet import open_parquet, read_metadata, table_writer
from pretrain_or_not.files.paths import PathLike
from pretrain_or_not.job import log, warn

ROWS_PER_BATCH = 10_000


def tokenize(
    examples: PathLike, path: str, name: str, max_length: int, outputs: dict, revision: str | None = None
) -> None:
    """Write one Parquet file per split, in the order of `examples`: `id`, `label`, `input_ids`.

    input_ids: lists of unsigned integers. path, revision: of a model of the config, called `name` there. max_length:
    texts are cut to this number of tokens, special tokens included. outputs: split -> path.
    """
    tokenizer = load_tokenizer(path, revision)
    unsigned = np.uint16 if tokenizer.vocabulary <= 2**16 else np.uint32
    encode, how = tokenizer.encoder(max_length, unsigned)
    log.info("%s; the tokenizer has %d tokens", how, tokenizer.vocabulary)
    schema = pa.schema(
        [("id", pa.int64()), ("label", pa.int32()), ("input_ids", pa.list_(pa.from_numpy_dtype(unsigned)))]
    )
    facts = read_metadata(examples)
    about = {
        "dataset": facts["dataset"],
        "label_names": facts["label_names"],
        "tokenizer": name,
        "max_length": max_length,
        "vocabulary": tokenizer.vocabulary,
        "padding_id": tokenizer.padding_id,
    }
    rows, tokens, cut, empty, unknown, started = 0, 0, 0, 0, 0, time.perf_counter()
    later: dict = {}
    with ExitStack() as stack:
        writers = {s: stack.enter_context(table_writer(p, schema, later, split=s, **about)) for s, p in outputs.items()}
        source = stack.enter_context(open_parquet(examples))
        writing = stack.enter_context(ThreadPoolExecutor(1))  # a batch is written while the next is encoded
        written = writing.submit(lambda: None)
        for batch in source.iter_batches(batch_size=ROWS_PER_BATCH):
            ids, lengths = encode(batch["text"])
            empty += int((lengths <= tokenizer.added).sum())
            ids, lengths = without_empty(ids, lengths, tokenizer.padding_id)
            offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
            input_ids = pa.ListArray.from_arrays(pa.array(offsets), pa.array(ids))
            table = pa.table([batch["id"], batch["label"], input_ids], schema=schema)
            written.result()
            written = writing.submit(write_splits, writers, table, batch["split"])
            rows, tokens, cut = rows + len(lengths), tokens + len(ids), cut + int((lengths == max_length).sum())
            unknown += int((ids == tokenizer.unknown_id).sum()) if tokenizer.unknown_id is not None else 0
        written.result()
        later["unknown_tokens"] = unknown / max(1, tokens - rows * tokenizer.added)
    seconds = time.perf_counter() - started
    log.info("%d texts, %.1f tokens on average, %d at the limit of %d tokens; %.0f texts/s",
             rows, tokens / rows, cut, max_length, rows / seconds)  # fmt: skip
    report_unknown(later["unknown_tokens"], facts["dataset"], name)
    if empty:
        warn(f"datasets: {facts['dataset']}: {empty} of {rows} texts have no token of the tokenizer of models: {name}")


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
