"""Fine-tuning MiniLM: the workflow's `fit` against Hugging Face's Trainer, one epoch."""

import tempfile

import torch
from harness import MODEL, apart, as_lists, compare, epoch, precisions, read, token_files

from pretrain_or_not.compute.flops import counted_flops
from pretrain_or_not.compute.transformer import load_for_classification
from pretrain_or_not.files.pretrained import locate

RATE, DROPOUT = 1e-4, 0.1
# Number of examples by the length that texts are cut to: an epoch takes half a minute or more.
BATCH, EXAMPLES, VALIDATION = 16, {64: 3_200, 256: 256}, {64: 1_000, 256: 200}
RECIPE = {
    "class_weights": None,
    "epochs": 1, "min_steps": 1, "validations": 1, "patience": None, "warmup": 0.1, "clip": 1.0, "schedule": "linear",
    "weight_decay": 0.0, "dropout": DROPOUT,
}  # fmt: skip

PEERS = {"Trainer, default": {}, "Trainer, grouped by length": {"train_sampling_strategy": "group_by_length"}}


def builder(folder):
    """Return a function that makes the model in `folder` a classifier: see `trained`."""

    def build(about):
        model = load_for_classification(locate(folder), about["label_names"], DROPOUT)
        return model, counted_flops(model)

    return build


def ours(data, seed, precision, batch_size=BATCH, folder=MODEL):
    """Return the result of `epoch` for the workflow's loop. folder: of a model, as in the config."""
    return epoch(builder(folder), data, seed, RECIPE | {"batch_size": batch_size, "precision": precision}, RATE)


def trainer(data, seed, batch_size=BATCH, folder=MODEL, **options):
    """Return (examples/s of an epoch, validation accuracy) of Trainer with `options`.

    Batches are padded to their longest example. folder: of a model and its tokenizer, as in the config.
    """
    import datasets
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
    )
    from transformers.utils import logging

    logging.set_verbosity_error()
    datasets.disable_progress_bars()
    train, validation = read(data)
    torch.manual_seed(seed)
    folder = locate(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=len(train.about["label_names"]))
    sets = [datasets.Dataset.from_dict({"input_ids": as_lists(e), "labels": e.labels}) for e in (train, validation)]
    sets = [part.map(lambda row: {"attention_mask": [1] * len(row["input_ids"])}) for part in sets]
    with tempfile.TemporaryDirectory() as output:
        how = TrainingArguments(
            output, num_train_epochs=1, per_device_train_batch_size=batch_size, learning_rate=RATE, seed=seed,
            warmup_steps=0.1, save_strategy="no", report_to="none", use_cpu=not torch.cuda.is_available(),
            disable_tqdm=True, **options,
        )  # fmt: skip
        run = Trainer(model, how, DataCollatorWithPadding(AutoTokenizer.from_pretrained(folder)), sets[0], sets[1])
        rate = run.train().metrics["train_samples_per_second"]
        predicted = run.predict(sets[1])
    return rate, float((predicted.predictions.argmax(axis=1) == predicted.label_ids).mean())


def measure(arguments):
    """Return rows for each kind of text."""
    rows, targets = [], {"Trainer, default, fp32": "≥ 2.2", "Trainer, grouped by length, fp32": "≥ 1.2"}
    for name, text in arguments.texts.items():
        length = text.max_length
        data = token_files(text, arguments.threads, train=EXAMPLES[length], validation=VALIDATION[length])
        rows += compare_with_trainer(f"MiniLM, {name}", {"data": data}, precisions(), arguments, targets)
    return rows


def compare_with_trainer(case, task, modes, arguments, targets, warm_up=None):
    """Return rows for one model and kind of text; `precision: auto` uses bf16 if the processor supports it.

    task: more arguments of both `ours` and `trainer`. modes: precisions of both sides. targets: see `compare`.
    warm_up: see `apart`.
    """
    peers = {f"{name}, {p}": options | {"bf16": p == "bf16"} for p in modes for name, options in PEERS.items()}
    sides = {precision: apart(ours, warm_up, precision=precision, **task) for precision in modes}
    sides |= {peer: apart(trainer, warm_up, **options, **task) for peer, options in peers.items()}
    return compare(case, sides, list(peers), arguments, "fine_tuning", targets)
