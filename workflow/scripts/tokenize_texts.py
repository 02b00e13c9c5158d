"""Turn each split's texts into token ids, once for all arms."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa
from tokenizers import Tokenizer

from artifacts import open_parquet, read_metadata, table_writer
from chunk_encoder import make_encoder
from pretrained import locate
from stage import BadInput, log, stage

ROWS_PER_BATCH = 10_000


def load_tokenizer(path, revision=None):
    """The fast tokenizer of a pretrained model and its padding id, without loading transformers where possible.

    path, revision: of a model of the config.
    """
    folder = locate(path)
    if (Path(folder) / "tokenizer.json").is_file():
        try:
            tokenizer = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
        except Exception as error:  # the library raises nothing narrower
            raise BadInput(f"models: path {path!r}: its tokenizer.json is broken ({error}); get it again") from error
        padding = tokenizer.padding["pad_id"] if tokenizer.padding else None
        for token in ("[PAD]", "<pad>"):
            padding = tokenizer.token_to_id(token) if padding is None else padding
        if padding is not None:
            return tokenizer, padding
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, revision=revision, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise BadInput(
            f"models: path {path!r}: no tokenizer can be loaded from it ({str(error).splitlines()[0]})"
        ) from error
    if not tokenizer.is_fast:
        raise BadInput(f"models: path {path!r} has no fast tokenizer (tokenizer.json)")
    return tokenizer.backend_tokenizer, tokenizer.pad_token_id or 0


def vocabulary_size(tokenizer):
    """How many rows a table for all of a tokenizer's ids needs; these may have holes."""
    return max(tokenizer.get_vocab().values()) + 1


def tokenize(examples, path, name, max_length, outputs, revision=None):
    """Write one Parquet a split: `id`, `label`, `input_ids` (lists of unsigned ints), in the order of `examples`.

    path, revision: of a model of the config, called `name` there. max_length: tokens, special ones included, to which a
    text is cut. outputs: split -> path.
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
    rows, tokens, cut, started = 0, 0, 0, time.perf_counter()
    with ExitStack() as stack:
        writers = {s: stack.enter_context(table_writer(p, schema, split=s, **about)) for s, p in outputs.items()}
        source = stack.enter_context(open_parquet(examples))
        writing = stack.enter_context(ThreadPoolExecutor(1))  # a batch is written while the next is encoded
        written = writing.submit(lambda: None)
        for batch in source.iter_batches(batch_size=ROWS_PER_BATCH):
            ids, lengths = encode(batch["text"])
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


def write_splits(writers, table, splits):
    """Write the rows of each split (a writer each) of a table; splits: the name for each row."""
    for split, writer in writers.items():
        writer.write_table(table.filter(pa.compute.equal(splits, split)))


if __name__ == "__main__":
    # The tokenizer reads it when it first runs.
    os.environ["RAYON_NUM_THREADS"] = str(snakemake.threads)
    with stage(snakemake):
        tokenize(
            examples=snakemake.input.examples,
            path=snakemake.params.tokenizer["path"],
            name=snakemake.wildcards.tokenizer,
            max_length=snakemake.params.max_length,
            outputs=dict(snakemake.output.items()),
            revision=snakemake.params.tokenizer["revision"],
        )
