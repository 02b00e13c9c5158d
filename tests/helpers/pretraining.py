"""Tiny models that are pretrained in seconds."""

import copy
from dataclasses import asdict, replace
from pathlib import Path

import pyarrow as pa
import torch

from helpers.texts import make_rows
from pretrain_or_not.config.defaults import fill
from pretrain_or_not.config.made_models import MADE
from pretrain_or_not.config.schema import schema
from pretrain_or_not.data.packing import pack_texts
from pretrain_or_not.data.tokenize import tokenize
from pretrain_or_not.data.train_tokenizer import train_tokenizer
from pretrain_or_not.files.parquet import write_table
from pretrain_or_not.pretraining.encoder import Start
from pretrain_or_not.pretraining.masked_words import MaskedModel, MaskedWords
from pretrain_or_not.pretraining.masking import Masker
from pretrain_or_not.pretraining.recipe import Pretraining
from pretrain_or_not.pretraining.replaced_tokens import Discriminator
from pretrain_or_not.pretraining.rows import read_packed
from pretrain_or_not.pretraining.stage import pretrain

SMALL = {"from": {"layers": 2, "hidden": 16, "heads": 2}, "tokenizer": "own", "texts": "texts", "steps": 12,
         "batch_size": 8, "length": 24, "learning_rate": 1e-2, "validations": 2, "precision": "fp32",
         "dropout": 0.1}  # fmt: skip
CLASSES = ("cooking", "sports", "travel")


def recipe(**keys):
    """Return a complete recipe of a small model. keys: those that differ."""
    found = {"pretrain": copy.deepcopy(SMALL | keys)}
    fill(found, schema()["$defs"]["model"])
    return found["pretrain"]


def write_examples(path, rows, train, labelled=True, folds=None):
    """Write an examples.parquet of (text, label) rows; the first `train` are training rows, the others test rows."""
    n = {"train": train, "validation": (len(rows) - train) // 2}
    n["test"] = len(rows) - sum(n.values())
    splits = [split for split, count in n.items() for _ in range(count)]
    labels = [CLASSES.index(label) for _, label in rows]
    table = pa.table({
        "id": pa.array(range(len(rows)), pa.int64()), "text": pa.array([text for text, _ in rows], pa.large_string()),
        "label": pa.array(labels, pa.int32()) if labelled else pa.nulls(len(rows), pa.int32()), "split": splits,
    })  # fmt: skip
    names = list(CLASSES) if labelled else []
    write_table(path, table, dataset=Path(path).stem, rows=n, folds=folds, label_names=names, pair=False, separator=" ")
    return path


class Workshop:
    """A folder with unlabelled texts, labelled ones, and a tokenizer, in which models are made."""

    def __init__(self, folder, rows=None, vocabulary=120):
        """rows: (text, label) of the unlabelled texts. vocabulary: tokens of the tokenizer."""
        self.folder, rows = folder, rows or make_rows(200, 1)
        self.texts = write_examples(folder / "texts.parquet", rows, len(rows), labelled=False)
        self.labelled = write_examples(folder / "labelled.parquet", make_rows(160, 2), 100)
        train_tokenizer(self.texts, vocabulary, "wordpiece", folder / "tokenizer" / "tokenizer.json")
        self.tokenizer = {"path": str(folder / "tokenizer"), "revision": None, "version": MADE}

    def run(self, name="made", base=None, threads=1, seconds=1e9, **keys):
        """Return a pretraining run whose inputs are made. base: folder of the model it starts from."""
        told, place = recipe(**keys), self.folder / name
        rows = place / "rows"
        if told["objective"] == "supervised":
            tokens = place / "tokens"
            outputs = {split: tokens / f"{split}.parquet" for split in ("train", "validation", "test")}
            tokenize(self.labelled, self.tokenizer["path"], "own", 24, outputs)
            inputs = {"train": [str(outputs["train"])], "held_out": [str(outputs["validation"])]}
        else:
            outputs = {split: rows / f"{split}.parquet" for split in ("train", "held_out")}
            pack_texts(self.texts, name, self.tokenizer, told, [], outputs)
            inputs = {split: [str(path)] for split, path in outputs.items()}
        files = {"model": "model.safetensors", "config": "config.json", "history": "history.parquet",
                 "cost": "run.json", "tokenizer": "about.json"}  # fmt: skip
        return Pretraining(
            name=name, recipe=told, tokenizer=self.tokenizer, inputs=inputs, threads=threads, code="c0de",
            base=None if base is None else {"path": str(base), "revision": None, "sha256": None, "version": MADE},
            outputs={key: str(place / file) for key, file in files.items()}, checkpoint_seconds=seconds,
        )  # fmt: skip

    def make(self, name="made", base=None, seconds=1e9, **keys):
        """Make a model in this process; return its folder. seconds: between checkpoints."""
        pretrain(self.run(name, base, seconds=seconds, **keys))
        return self.folder / name


def again(run, **changes):
    """Return a run with other fields, as JSON carries it."""
    return asdict(replace(run, **changes))


def task_of(workshop, kind, **keys):
    """Return a model and its task, without dropout."""
    run = workshop.run(f"{kind.__name__}-{len(keys)}", dropout=0.0, **keys)
    rows, held_out = (read_packed(run.inputs[split][0], run.name) for split in ("train", "held_out"))
    vocabulary = rows.about["vocabulary"]
    torch.manual_seed(0)
    start = Start(None, run.recipe, vocabulary, 0)
    masker = Masker(0.15, 4, [*rows.about["special"], 0], vocabulary, 0)
    task = kind(rows, held_out, masker, run.recipe, 100)
    if kind is MaskedWords:
        return MaskedModel(start.masked_language_model(), start.head()), task
    return Discriminator(start.plain_bert()), task


def validated(task, model, accelerator):
    """Return the loss of a task on what is held out."""
    return task.validate(model, accelerator, lambda: None)[0]
