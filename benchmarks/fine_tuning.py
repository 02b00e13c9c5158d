"""Fine-tuning MiniLM: the workflow's `fit` against Hugging Face's Trainer, one epoch."""

import tempfile
from pathlib import Path

import torch
from harness import MODEL, as_lists, first, machine
from lstm_training import compare

from batches import read_examples
from checkpoint import Checkpoints
from fit import fit
from flops import counted_flops
from pretrained import locate
from transformer import load_for_classification

RATE, DROPOUT = 1e-4, 0.1
BATCH, EXAMPLES, VALIDATION = {64: 16, 256: 16}, {64: 2_400, 256: 96}, {64: 1_000, 256: 100}
RECIPE = {
    "epochs": 1, "min_steps": 1, "validations": 1, "patience": None, "warmup": 0.1, "clip": 1.0, "schedule": "linear",
    "weight_decay": 0.0, "dropout": DROPOUT,
}  # fmt: skip


def ours(train, validation, batch_size, seed, precision):
    """(examples/s of an epoch, validation accuracy, GFLOP/s) of the workflow's loop."""
    torch.manual_seed(seed)
    model = load_for_classification(locate(MODEL), train.about["label_names"], DROPOUT)
    flops = counted_flops(model).training
    recipe = RECIPE | {"batch_size": batch_size, "precision": precision}
    with tempfile.TemporaryDirectory() as folder:
        checkpoints = Checkpoints(Path(folder) / "checkpoint", {}, seconds=3600)
        _, cost, work = fit(model, train, validation, recipe, RATE, seed, checkpoints)
    return cost["examples_per_second"], cost["validation_accuracy"], work.flops(flops) / cost["seconds"] / 1e9


def trainer(train, validation, batch_size, seed, **options):
    """(examples/s of an epoch, validation accuracy) of Trainer with `options`, batches padded to their longest."""
    from datasets import Dataset
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
    )

    torch.manual_seed(seed)
    folder = locate(MODEL)
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=len(train.about["label_names"]))
    sets = [Dataset.from_dict({"input_ids": as_lists(e), "labels": e.labels}) for e in (train, validation)]
    sets = [data.map(lambda row: {"attention_mask": [1] * len(row["input_ids"])}) for data in sets]
    with tempfile.TemporaryDirectory() as output:
        how = TrainingArguments(
            output, num_train_epochs=1, per_device_train_batch_size=batch_size, learning_rate=RATE, seed=seed,
            warmup_steps=0.1, save_strategy="no", report_to="none", use_cpu=True, disable_tqdm=True, **options,
        )  # fmt: skip
        run = Trainer(model, how, DataCollatorWithPadding(AutoTokenizer.from_pretrained(folder)), sets[0], sets[1])
        rate = run.train().metrics["train_samples_per_second"]
        predicted = run.predict(sets[1])
    return rate, float((predicted.predictions.argmax(axis=1) == predicted.label_ids).mean())


def measure(arguments):
    """Rows for each kind of text; bf16 is what `precision: auto` takes where the processor has it."""
    import datasets
    from transformers.utils import logging

    logging.set_verbosity_error()
    datasets.disable_progress_bars()
    peaks, rows = machine(arguments.threads), []
    for name, text in arguments.texts.items():
        train, validation = (read_examples(text.tokens[split]) for split in ("train", "validation"))
        length = text.max_length
        data = (first(train, EXAMPLES[length]), first(validation, VALIDATION[length]), BATCH[length])
        peers = {
            "Trainer, default": {},
            "Trainer, grouped by length": {"train_sampling_strategy": "group_by_length"},
            "Trainer, default, bf16": {"bf16": True},
        }
        sides = {
            precision: lambda seed, data=data, precision=precision: ours(*data, seed, precision)
            for precision in ("fp32", "bf16")
        } | {
            peer: lambda seed, data=data, options=options: trainer(*data, seed, **options)
            for peer, options in peers.items()
        }
        targets = {"Trainer, default": "≥ 2.2", "Trainer, grouped by length": "≥ 1.2"}
        rows += compare(f"MiniLM, {name}", sides, list(peers), arguments, peaks, "fine_tuning", targets)
    return rows
