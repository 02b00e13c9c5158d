"""Write the features of texts: the mean last hidden state of a frozen encoder, which probes read.

Of the training split, only rows that some cell uses are encoded. They are encoded in blocks of fixed rows, so that the
features of a row do not depend on which other rows are asked for, or when.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch

from pretrain_or_not.compute.clock import clock
from pretrain_or_not.compute.devices import InferenceDevice, device_facts
from pretrain_or_not.compute.flops import counted_flops
from pretrain_or_not.compute.inference import TOKENS_PER_BATCH, infer
from pretrain_or_not.compute.parameters import parameter_counts
from pretrain_or_not.compute.pooling import mean_pooled
from pretrain_or_not.compute.token_fit import fit_dataset, takes_of
from pretrain_or_not.compute.transformer import embedding_tables, load_encoder
from pretrain_or_not.data.examples import examples_from_table
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.parquet import (
    ROWS_PER_GROUP,
    open_parquet,
    read_metadata,
    read_rows,
    table_writer,
    to_numpy,
)
from pretrain_or_not.files.paths import subset_name
from pretrain_or_not.files.pretrained import verified
from pretrain_or_not.files.provenance import sha256_of, versions
from pretrain_or_not.job import log

BLOCK = 500  # rows that are encoded together; padding costs a few percent more than in larger blocks
PART = ROWS_PER_GROUP  # rows that are in memory at once

ABOUT_TOKENS = ("dataset", "label_names", "tokenizer", "max_length", "split", "unknown_tokens")


class FrozenEncoder:
    """A frozen encoder that computes features, and what this has cost so far.

    cost: seconds, examples and flops. truncated: texts that were cut so far. facts: numbers of parameters, device,
    precision. tokens_per_batch: see `compute.inference.infer`.
    """

    tokens_per_batch: float = TOKENS_PER_BATCH
    dtype: type = np.float32  # of the features

    def __init__(self, pretrained, name, tokens, accelerator):
        """pretrained: a model of the config, called `name` there. tokens: the metadata of the tokens that it reads.

        Raises BadInput if the model cannot be loaded, or cannot process the tokens.
        """
        model = load_encoder(verified(pretrained), pretrained.get("revision"))
        fit_dataset(model, tokens, name)
        takes = takes_of(model)
        length = takes.limit if tokens["max_length"] is None else tokens["max_length"]
        self.name, self.tokens, self.accelerator = name, tokens | {"max_length": length}, accelerator
        self.flops, self.takes = counted_flops(model).forward, takes
        self.facts = parameter_counts(model, embedding_tables(model)) | device_facts(accelerator)
        self.model = model.to(accelerator.device)
        self.width = model.config.hidden_size
        self.cost = {"seconds": 0.0, "cpu_seconds": 0.0, "examples": 0, "flops": 0}
        self.truncated = 0

    def schema(self):
        """Return the Arrow schema of a file of features."""
        features = pa.list_(pa.from_numpy_dtype(self.dtype), self.width)
        return pa.schema([("row", pa.int64()), ("id", pa.int64()), ("label", pa.int32()), ("features", features)])

    def encode(self, path, rows):
        """Return a table with the features of `rows`, positions in a file of tokens; they are encoded in blocks.

        rows: sorted, whole blocks. Raises BadInput if a feature is not finite.
        """
        table = read_rows(path, rows)
        matrix = np.empty((len(rows), self.width), dtype=self.dtype)
        for start, end in block_bounds(rows):
            examples = examples_from_table(table.slice(start, end - start), self.tokens, types=self.takes.types)
            matrix[start:end] = self.features(examples)
        check_finite(matrix, self.name, self.tokens["split"])
        features = pa.FixedSizeListArray.from_arrays(pa.array(matrix.ravel()), self.width)
        return pa.table([pa.array(rows), table["id"], table["label"], features], schema=self.schema())

    def features(self, examples):
        """Return the features of Examples, (n, width) of `dtype`, and count what they cost."""
        started = clock()
        matrix, work = infer(
            self.model, examples, self.accelerator, self.pooled, tokens_per_batch=self.tokens_per_batch
        )
        seconds, computing = (clock() - started).tolist()
        self.cost["seconds"] += seconds
        self.cost["cpu_seconds"] += computing
        self.cost["examples"] += len(examples)
        self.cost["flops"] += work.flops(self.flops)
        self.truncated += examples.about["truncated"]
        with np.errstate(over="ignore"):  # what is too large becomes infinite, which `encode` refuses
            return matrix.astype(self.dtype, copy=False)

    def pooled(self, output, attention_mask):
        """Return the features of a batch, float32 (batch, width). output: of the model."""
        return mean_pooled(output, attention_mask)


def block_bounds(rows):
    """Return the bounds of the blocks in sorted `rows`, as pairs of positions (start, end)."""
    cuts = (np.flatnonzero(np.diff(rows // BLOCK)) + 1).tolist()
    return zip([0, *cuts], [*cuts, len(rows)], strict=True)


def check_finite(matrix, name, split):
    """Raise BadInput if a feature is NaN or infinite. matrix: (n, width). name, split: what they are of."""
    lost = int((~np.isfinite(matrix).all(axis=1)).sum())
    if lost:
        raise BadInput(
            f"model {name}: its features of {lost:,} {split} texts are not finite (NaN), so no probe can be fitted to "
            "them; check its weights, or leave out the arms that probe it"
        )


def extract_features(tokens, max_length, pretrained, name, threads, outputs):
    """Write columns row, id, label and features (fixed-size lists of float32) of all rows, in the order of the tokens.

    tokens, outputs: split -> path. max_length: tokens to which texts are cut, None for as many as the model can read.
    pretrained, name: see `FrozenEncoder`. The metadata hold the cost of the features. Raises BadInput as
    `FrozenEncoder` does, or if features are not finite.
    """
    torch.set_num_threads(threads)
    accelerator = InferenceDevice("auto")
    for split, path in tokens.items():
        write_features(path, max_length, all_rows(path), None, pretrained, name, accelerator, outputs[split])


def extract_training_features(tokens, max_length, subsets, pretrained, weights, name, threads, code, output):
    """Write the features of the rows of the training split that `subsets` use; those in `output` already are kept.

    tokens: path of the training tokens. subsets: paths of the training subsets; if there is none, all rows are used.
    code: digest of the code. weights: file of a model that is made here, whose path says nothing, or None. The other
    arguments and the columns: see `extract_features`. Rows of other subsets, which were encoded before, stay.
    """
    torch.set_num_threads(threads)
    accelerator = InferenceDevice("auto")
    device = device_facts(accelerator)
    made_of = {
        "tokens": sha256_of(tokens),
        "max_length": max_length,
        "pretrained": pretrained,
        "weights": weights and sha256_of(weights),
        "code": code,
        "block": BLOCK,
    }
    made_of |= {key: device[key] for key in ("device", "precision")}
    kept = output if Path(output).exists() and read_metadata(output).get("made_of") == made_of else None
    total = all_rows(tokens)
    new = np.zeros(-(-len(total) // BLOCK), dtype=bool)  # of each block, whether it is to be encoded
    if not subsets:
        new[:] = True
    for subset in subsets:
        new[read_column(subset, "row") // BLOCK] = True
    if kept:
        new[read_column(kept, "row") // BLOCK] = False
    rows = total[new[total // BLOCK]]
    log.info("%d of %d training texts are to be encoded", len(rows), len(total))
    if kept and not len(rows):
        os.utime(output)  # newer than its inputs
        return
    names = sorted({*map(subset_name, subsets), *(read_metadata(kept)["subsets"] if kept else ())})
    write_features(
        tokens, max_length, rows, kept, pretrained, name, accelerator, output, made_of=made_of, subsets=names
    )


def write_features(path, max_length, rows, kept, pretrained, name, accelerator, output, **about):
    """Write the features of `rows`, positions in the file of tokens at `path`, after those in the file `kept`, if any.

    max_length: see `extract_features`. about: entries for the metadata.
    """
    tokens = read_metadata(path) | {"max_length": max_length}
    encoder = FrozenEncoder(pretrained, name, tokens, accelerator)
    about |= {key: encoder.tokens[key] for key in ABOUT_TOKENS} | {"encoder": name}
    about |= {"versions": versions("torch", "transformers")}
    later: dict = {}
    with table_writer(output, encoder.schema(), later, **about) as writer:
        if kept:
            known = read_metadata(kept)
            encoder.cost = {key: known["inference"][key] for key in encoder.cost}
            encoder.truncated = known["truncated"]
            with open_parquet(kept) as file:
                for group in range(file.num_row_groups):
                    writer.write_table(file.read_row_groups([group]).cast(encoder.schema()))
        before = dict(encoder.cost)
        for start in range(0, len(rows), PART):
            writer.write_table(encoder.encode(path, rows[start : start + PART]))
        later |= {"inference": encoder.cost | encoder.facts, "truncated": encoder.truncated}
    done, seconds = (encoder.cost[key] - before[key] for key in ("examples", "seconds"))
    log.info("%s: %d texts, %d features each, %.0f texts/s", tokens["split"], done, encoder.width, done / seconds)


def all_rows(path):
    """Return the positions of all rows of a Parquet file, int64 (n,)."""
    with open_parquet(path) as file:
        return np.arange(file.metadata.num_rows)


def read_column(path, name):
    """Return a column of integers of a Parquet file as a NumPy array."""
    with open_parquet(path) as file:
        return to_numpy(file.read(columns=[name])[name])
