"""Write what a frozen encoder makes of every text: the features that linear probes read."""

import time

import numpy as np
import pyarrow as pa
import torch

from artifacts import write_table
from batches import read_examples
from devices import build_accelerator, device_facts
from flops import counted_flops
from gpus import lease_gpus
from inference import infer
from pretrained import verified
from provenance import versions
from run_files import parameter_counts
from stage import log, stage
from transformer import embedding_tables, load_encoder


def mean_pooled(output, attention_mask):
    """Mean over an example's tokens of the last hidden states: (batch, time, width) -> (batch, width), float32.

    The pooling of Sentence-BERT (Reimers and Gurevych 2019), which beats the first token where nothing is fine-tuned.
    """
    mask = attention_mask.unsqueeze(-1).float()
    return (output.last_hidden_state.float() * mask).sum(dim=1) / mask.sum(dim=1)


def extract_features(tokens, pretrained, name, threads, outputs):
    """Write columns id, label and features (fixed-size lists of float32), in the order of the tokens.

    tokens, outputs: split -> path. pretrained: a model of the config, called `name` there. The metadata tell what an
    example's features cost.
    """
    torch.set_num_threads(threads)
    model = load_encoder(verified(pretrained), pretrained.get("revision"))
    flops, counts = counted_flops(model).forward, parameter_counts(model, embedding_tables(model))
    accelerator = build_accelerator("auto")
    model = model.to(accelerator.device)
    for split, path in tokens.items():
        examples = read_examples(path)
        started = time.perf_counter()
        matrix, work = infer(model, examples, accelerator, mean_pooled)
        seconds = time.perf_counter() - started
        column = pa.FixedSizeListArray.from_arrays(pa.array(matrix.ravel()), matrix.shape[1])
        cost = {"seconds": seconds, "examples": len(examples), "flops": work.flops(flops)}
        write_table(
            outputs[split],
            pa.table({"id": examples.ids, "label": examples.labels.astype(np.int32), "features": column}),
            **{key: examples.about[key] for key in ("dataset", "label_names", "tokenizer", "max_length", "split")},
            encoder=name,
            versions=versions("torch", "transformers"),
            inference=cost | counts | device_facts(accelerator),
        )
        log.info("%s: %d texts, %d features each, %.0f texts/s", split, *matrix.shape, len(examples) / seconds)


if __name__ == "__main__":
    with stage(snakemake), lease_gpus(1):
        extract_features(
            tokens=dict(snakemake.input.items()),
            pretrained=snakemake.params.pretrained,
            name=snakemake.wildcards.model,
            threads=snakemake.threads,
            outputs=dict(snakemake.output.items()),
        )
