"""Training on a GPU: transformers of RoBERTa's sizes with `fit` against Trainer, LSTMs against the textbook loop.

    .venv/bin/python benchmarks/gpu.py                  # RoBERTa-base and -large, LSTM-4-512, -2-256, BERT-base
    .venv/bin/python benchmarks/gpu.py --models base --lengths 512 --texts reviews --shapes 2-256   # some minutes
    .venv/bin/python benchmarks/gpu.py --rehearse       # small models and few examples: on any machine, in minutes

Weights and tokens are random: they take the same time as real ones, and no download is needed. All examples have the
maximum length ("full"), or they have the lengths of reviews (log-normal, half of them more than 110 tokens), cut to the
maximum. A BERT as large as BERT-base is pretrained on masked words, against Trainer, on texts of random words.
The share of peak is relative to the rate at which the GPU multiplies large matrices, measured in the same run. For an
LSTM, whose products cuDNN computes in TF32, it is the rate in TF32. One GPU is used. Rows are written to
results/bench-gpu.parquet and .md, like those of `make bench`.
"""

import argparse
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pretraining
import pyarrow as pa
import torch
from fine_tuning import compare_with_trainer
from harness import FILES, ROOT, machine, precisions, token_files
from lstm_training import compare_shape
from random_reviews import reviews
from suite import write

from pretrain_or_not.compute.gpus import lease_gpus
from pretrain_or_not.files.parquet import write_table

VOCABULARY, PADDING, POSITIONS = 50_265, 1, 514
MODELS = {
    "base": {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072},
    "large": {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096},
    "small": {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64},
}
BATCH, TOKENS, VALIDATION = 32, 2**21, 256  # TOKENS: maximum number of tokens of an epoch
REVIEW = {"mean": np.log(110), "sigma": 0.8}  # of the logarithm of a review's length
SHAPES = ["4-512", "2-256"]  # layers and width of LSTMs
BERT = {"layers": 12, "hidden": 768, "heads": 12}
ROWS, PRETRAINED = 64, 20_000  # of a batch of pretraining; number of its texts


def make_model(size, folder):
    """Write a RoBERTa with random weights to `folder`, with a tokenizer that Trainer uses for padding."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformers import PreTrainedTokenizerFast, RobertaConfig, RobertaForSequenceClassification

    config = RobertaConfig(
        vocab_size=VOCABULARY, max_position_embeddings=POSITIONS, type_vocab_size=1, pad_token_id=PADDING,
        **MODELS[size],
    )  # fmt: skip
    RobertaForSequenceClassification(config).save_pretrained(folder)
    words = Tokenizer(WordLevel({"<s>": 0, "<pad>": PADDING}, "<s>"))
    PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>").save_pretrained(folder)


def make_tokens(folder, length, full, examples):
    """Write random tokens and classes for `token_files`: at most `length` tokens per example, or exactly, if `full`."""
    folder.mkdir()
    random, tokens = np.random.default_rng(0), {}
    for split, n in {"train": examples, "validation": VALIDATION}.items():
        drawn = np.full(n, length) if full else random.lognormal(size=n, **REVIEW).astype(int).clip(8, length)
        ids = random.integers(PADDING + 1, VOCABULARY, drawn.sum(), dtype=np.uint16)
        offsets = pa.array(np.concatenate([[0], np.cumsum(drawn)]), pa.int32())
        columns = {
            "id": np.arange(n),
            "label": random.integers(0, 2, n, dtype=np.int32),
            "input_ids": pa.ListArray.from_arrays(offsets, pa.array(ids)),
        }
        about = {"label_names": ["0", "1"], "vocabulary": VOCABULARY, "padding_id": PADDING, "max_length": length}
        tokens[split] = folder / f"{split}.parquet"
        write_table(tokens[split], pa.table(columns), **about)
    return SimpleNamespace(tokens=tokens)


def make_texts(folder, texts, threads):
    """Ingest `texts` reviews of random words, and return their examples, a Parquet file."""
    from pretrain_or_not.data.ingest import ingest

    folder.mkdir()
    pd.DataFrame({"text": [text for text, _ in reviews(texts)]}).to_parquet(folder / "texts.parquet")
    dataset = FILES | {"files": str(folder / "texts.parquet"), "label": None, "labels": None}
    ingest(dataset, "reviews", [], threads, folder / "examples.parquet", folder / "dataset.json")
    return folder / "examples.parquet"


def main():
    """Measure all cases of the command line; write rows after each case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="*", choices=MODELS, default=["base", "large"], help="transformers")
    parser.add_argument("--shapes", nargs="*", default=SHAPES, metavar="LAYERS-WIDTH", help="of LSTMs")
    parser.add_argument("--lengths", nargs="+", type=int, default=[128, 512])
    parser.add_argument("--texts", nargs="+", choices=["full", "reviews"], default=["full", "reviews"])
    parser.add_argument("--steps", type=int, default=200, help="of pretraining; 0: none")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=4, help="of the CPU")
    parser.add_argument("--rehearse", action="store_true", help="small models, few examples, one round")
    parser.add_argument("--output", type=Path, default=ROOT / "results" / "bench-gpu.parquet")
    arguments = parser.parse_args()
    tokens, bert, pretrained = TOKENS, BERT, PRETRAINED
    if arguments.rehearse:
        arguments.models, arguments.shapes, arguments.rounds, arguments.steps = ["small"], ["1-16"], 1, 5
        tokens, bert, pretrained = 2**14, {"layers": 1, "hidden": 16, "heads": 2}, 500
    elif not torch.cuda.is_available():
        parser.error("torch finds no GPU; --rehearse needs none")
    arguments.about, transformers, lstms = machine(arguments.threads), [], []
    print(arguments.about, flush=True)
    modes = precisions()[-1:]  # the faster one, of both sides
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for size in arguments.models:
            make_model(size, folder / size)
        for length in arguments.lengths:
            for kind in arguments.texts:
                case = f"{length} tokens each" if kind == "full" else f"reviews cut to {length} tokens"
                text = make_tokens(folder / case.replace(" ", "-"), length, kind == "full", tokens // length)
                data = token_files(text, arguments.threads, train=tokens // length, validation=VALIDATION)
                warm_up = {"data": data | {"train_examples": 4 * BATCH}}
                for size in arguments.models:
                    task = {"data": data, "folder": str(folder / size), "batch_size": BATCH}
                    name = f"RoBERTa-{size}, {case}"
                    transformers += compare_with_trainer(name, task, modes, arguments, {}, warm_up)
                    write(arguments.output, "fine_tuning", [row | arguments.about for row in transformers])
                for layers, hidden in (map(int, shape.split("-")) for shape in arguments.shapes):
                    name = f"LSTM-{layers}-{hidden}, {case}"
                    lstms += compare_shape(name, data, layers, hidden, ["fp32"], arguments, warm_up=warm_up)
                    write(arguments.output, "lstm_training", [row | arguments.about for row in lstms])
        if arguments.steps:
            examples = make_texts(folder / "texts", pretrained, arguments.threads)
            recipe = {"shape": bert, "steps": arguments.steps, "batch_size": ROWS}
            task = pretraining.make_rows(examples, folder / "texts", arguments.threads, **recipe)
            warm_up = {"task": task | {"recipe": task["recipe"] | {"steps": 4}}}
            rows = pretraining.compare_with_trainer("masked words, BERT-base", task, modes, arguments, warm_up)
            write(arguments.output, "pretraining", [row | arguments.about for row in rows])


if __name__ == "__main__":
    torch.backends.cuda.matmul.allow_tf32 = True  # like cuDNN for LSTMs: the rate in fp32 is then that of TF32
    with lease_gpus(1):  # Trainer would divide its batches among all visible GPUs
        main()
