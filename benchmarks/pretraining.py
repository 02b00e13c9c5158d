"""Pretraining a small BERT on masked words: the workflow's stage against Hugging Face's Trainer.

The other side is what transformers' example `run_mlm.py` does. Both start from random weights of one shape and read the
same packed rows. The loss of both models on held-out rows is measured by the same function, with the same masks.
"""

import json
import tempfile
from pathlib import Path

import torch
from harness import apart, as_lists, in_turn, precisions, quality, row

from pretrain_or_not.config.defaults import fill
from pretrain_or_not.config.schema import schema
from pretrain_or_not.data.packing import pack_texts
from pretrain_or_not.data.tokenizer import load_tokenizer
from pretrain_or_not.data.train_tokenizer import train_tokenizer
from pretrain_or_not.pretraining.encoder import new_config
from pretrain_or_not.pretraining.masked_words import MaskedModel, MaskedWords
from pretrain_or_not.pretraining.recipe import Pretraining
from pretrain_or_not.pretraining.rows import read_packed
from pretrain_or_not.pretraining.stage import masker_of, pretrain

NAME, VOCABULARY, STEPS = "made", 8000, 30
SHAPE = {"layers": 4, "hidden": 256, "heads": 4}


def make_rows(examples, folder, threads, shape=None, vocabulary=VOCABULARY, **keys):
    """Train a tokenizer on the texts of `examples` and pack them into rows, in `folder`.

    Returns the task of both sides, JSON-able: the fields of a Pretraining but for `outputs`. shape: of the BERT. keys:
    of its recipe.
    """
    recipe = {"from": shape or SHAPE, "tokenizer": {"train": vocabulary}, "texts": "texts", "steps": STEPS,
              "learning_rate": 1e-3, "validations": 1, **keys}  # fmt: skip
    fill({"pretrain": recipe}, schema()["$defs"]["model"])
    tokenizer = {"path": str(folder / "tokenizer"), "revision": None, "version": "made"}
    train_tokenizer(examples, vocabulary, "wordpiece", Path(tokenizer["path"]) / "tokenizer.json")
    rows = {split: folder / f"{split}.parquet" for split in ("train", "held_out")}
    pack_texts(examples, NAME, tokenizer, recipe, [], rows)
    inputs = {split: [str(path)] for split, path in rows.items()}
    return {"name": NAME, "recipe": recipe, "base": None, "tokenizer": tokenizer, "inputs": inputs, "threads": threads}


def ours(task, seed, precision):
    """Return (rows/s, held-out loss) of the workflow's stage."""
    with tempfile.TemporaryDirectory() as folder:
        names = {"model": "model.safetensors", "config": "config.json", "history": "history.parquet",
                 "cost": "run.json", "tokenizer": "about.json"}  # fmt: skip
        recipe = task["recipe"] | {"seed": seed, "precision": precision}
        outputs = {key: str(Path(folder) / name) for key, name in names.items()}
        pretrain(Pretraining(**task | {"recipe": recipe, "outputs": outputs}))
        cost = json.loads(Path(outputs["cost"]).read_text())
    return cost["examples_per_second"], cost["validation_score"]


def trainer(task, seed, **options):
    """Return (rows/s, held-out loss) of Trainer with the collator that masks words, and `options`."""
    import datasets
    from accelerate import Accelerator
    from transformers import (
        BertForMaskedLM,
        DataCollatorForLanguageModeling,
        PreTrainedTokenizerFast,
        Trainer,
        TrainingArguments,
    )
    from transformers.utils import logging

    logging.set_verbosity_error()
    torch.set_num_threads(task["threads"])
    torch.manual_seed(seed)
    recipe, loaded = task["recipe"], load_tokenizer(task["tokenizer"]["path"], None)
    rows, held_out = (read_packed(task["inputs"][split][0], NAME) for split in ("train", "held_out"))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=loaded.fast, pad_token="[PAD]", mask_token="[MASK]", cls_token="[CLS]", sep_token="[SEP]"
    )
    model = BertForMaskedLM(new_config(recipe["from"], loaded.vocabulary, loaded.padding_id, recipe["dropout"]))
    with tempfile.TemporaryDirectory() as output:
        how = TrainingArguments(
            output, max_steps=recipe["steps"], per_device_train_batch_size=recipe["batch_size"], seed=seed,
            learning_rate=recipe["learning_rate"], weight_decay=recipe["weight_decay"], warmup_steps=recipe["warmup"],
            save_strategy="no", report_to="none", use_cpu=not torch.cuda.is_available(), disable_tqdm=True, **options,
        )  # fmt: skip
        collator = DataCollatorForLanguageModeling(tokenizer, mlm_probability=recipe["mask"])
        run = Trainer(model, how, collator, datasets.Dataset.from_dict({"input_ids": as_lists(rows)}))
        rate = run.train().metrics["train_samples_per_second"]
    measured = MaskedWords(rows, held_out, masker_of(held_out, loaded, recipe, NAME), recipe, recipe["steps"])
    loss, _ = measured.validate(MaskedModel(model, "cls"), Accelerator(cpu=how.use_cpu), lambda: None)
    return rate, loss


def measure(arguments):
    """Return rows for each precision, of long texts."""
    name, text = list(arguments.texts.items())[-1]
    with tempfile.TemporaryDirectory() as folder:
        task = make_rows(text.examples, Path(folder), arguments.threads)
        return compare_with_trainer(f"masked words, BERT-4-256, {name}", task, precisions(), arguments)


def compare_with_trainer(case, task, modes, arguments, warm_up=None):
    """Return one row for each of `modes`, precisions in which both sides train.

    task: made by `make_rows`. warm_up: see `apart`.
    """
    peers = {precision: f"Trainer, masked words, {precision}" for precision in modes}
    sides = {precision: apart(ours, warm_up, task=task, precision=precision) for precision in modes}
    sides |= {peers[precision]: apart(trainer, warm_up, task=task, bf16=precision == "bf16") for precision in modes}
    results, rows = in_turn(sides, arguments.rounds), []
    for precision, peer in peers.items():
        (mine, loss), (theirs, other) = (zip(*results[side], strict=True) for side in (precision, peer))
        same = quality("loss on held-out rows", loss, other, better=-1)
        rows.append(row("pretraining", f"{case}, {precision}", "rows/s", mine, theirs, peer, arguments, **same))
    return rows
