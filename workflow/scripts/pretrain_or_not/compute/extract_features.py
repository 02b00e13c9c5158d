"""Write the features that linear probes read: the mean last hidden state of a frozen encoder for each text."""

import time

import numpy as np
import pyarrow as pa
import torch

from pretrain_or_not.compute.devices import build_accelerator, device_facts
from pretrain_or_not.compute.flops import counted_flops
from pretrain_or_not.compute.inference import infer
from pretrain_or_not.compute.parameters import parameter_counts
from pretrain_or_not.compute.pooling import mean_pooled
from pretrain_or_not.compute.token_fit import fit_dataset
from pretrain_or_not.compute.transformer import embedding_tables, load_encoder
from pretrain_or_not.data.examples import examples_from_table
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.parquet import ROWS_PER_GROUP, open_parquet, read_metadata, read_rows, table_writer
from pretrain_or_not.files.pretrained import verified
from pretrain_or_not.files.provenance import versions
from pretrain_or_not.job import log

PART = ROWS_PER_GROUP  # rows that are in memory at once


def parts(path):
    """Yield the examples of a token file in parts of PART rows, so that neither they nor their features fill memory."""
    about = read_metadata(path)
    with open_parquet(path) as file:
        rows = np.arange(file.metadata.num_rows)
    for start in range(0, len(rows), PART):
        yield examples_from_table(read_rows(path, rows[start : start + PART]), about)


def check_finite(matrix, name, split):
    """Raise BadInput if a feature is NaN or infinite. matrix: (n, width). name, split: what they are of."""
    lost = int((~np.isfinite(matrix).all(axis=1)).sum())
    if lost:
        raise BadInput(
            f"model {name}: its features of {lost:,} {split} texts are not finite (NaN), so no probe can be fitted to "
            "them; check its weights, or leave out the arms that probe it"
        )


def extract_features(tokens, pretrained, name, threads, outputs):
    """Write columns id, label and features (fixed-size lists of float32), in the order of the tokens.

    tokens, outputs: split -> path. pretrained: a model of the config, called `name` there. The metadata hold the cost
    of the features. Raises BadInput if the model cannot be loaded, cannot process the tokens, or gives numbers that are
    not finite.
    """
    torch.set_num_threads(threads)
    model = load_encoder(verified(pretrained), pretrained.get("revision"))
    flops, counts = counted_flops(model).forward, parameter_counts(model, embedding_tables(model))
    accelerator = build_accelerator("auto")
    model = model.to(accelerator.device)
    width = model.config.hidden_size
    schema = pa.schema([("id", pa.int64()), ("label", pa.int32()), ("features", pa.list_(pa.float32(), width))])
    about = {"encoder": name, "versions": versions("torch", "transformers")}
    for split, path in tokens.items():
        facts = read_metadata(path)
        fit_dataset(model, facts, name)
        about |= {
            key: facts[key] for key in ("dataset", "label_names", "tokenizer", "max_length", "split", "unknown_tokens")
        }
        cost, later = {"seconds": 0.0, "examples": 0, "flops": 0}, {}
        with table_writer(outputs[split], schema, later, **about) as writer:
            for examples in parts(path):
                started = time.perf_counter()
                matrix, work = infer(model, examples, accelerator, mean_pooled)
                cost["seconds"] += time.perf_counter() - started
                check_finite(matrix, name, split)
                cost["examples"] += len(examples)
                cost["flops"] += work.flops(flops)
                column = pa.FixedSizeListArray.from_arrays(pa.array(matrix.ravel()), width)
                columns = [examples.ids, examples.labels.astype(np.int32), column]
                writer.write_table(pa.table(columns, schema=schema))
            later["inference"] = cost | counts | device_facts(accelerator)
        rate = cost["examples"] / cost["seconds"]
        log.info("%s: %d texts, %d features each, %.0f texts/s", split, cost["examples"], width, rate)
