"""Tune an encoder so that texts of one class become similar: SetFit's first step (Tunstall et al. 2022).

Importing this module takes seconds, so it is not imported to classify texts.
"""

from __future__ import annotations

import tempfile
import time

import numpy as np
import torch
from accelerate import Accelerator
from datasets import Dataset
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.sentence_transformer.data_collator import SentenceTransformerDataCollator
from sentence_transformers.sentence_transformer.losses import CosineSimilarityLoss
from transformers import PrinterCallback, TrainerCallback

from pretrain_or_not.compute.flops import Work
from pretrain_or_not.compute.pooling import mean_pooled
from pretrain_or_not.data.examples import Examples
from pretrain_or_not.job import log

SECONDS_BETWEEN_LINES = 10
STEPS_BETWEEN_LOSSES = 10


def sample_pairs(
    labels: np.ndarray,  # (n,) with at least two classes
    count: int,
    seed: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return `count` pairs of examples: positions of the first and of the second, and whether the class is the same.

    Half of them are of one class. Each example comes first equally often, give or take one. The second is drawn
    uniformly from the others that fit; the only example of a class is paired with itself.
    """
    random = np.random.default_rng(seed)
    order = np.argsort(labels, kind="stable")
    starts, counts = np.searchsorted(labels[order], labels), np.bincount(labels)[labels]  # of each example's class
    place = np.argsort(order)  # of each example in `order`
    rounds = -(-count // len(labels))
    first = np.concatenate([random.permutation(len(labels)) for _ in range(rounds)])[:count]
    same = random.permutation(np.arange(count) % 2 == 0)
    start, size = starts[first], counts[first]
    inside = random.integers(0, np.maximum(size - 1, 1)) + (size > 1)
    of_same = start + (place[first] - start + inside) % size
    outside = random.integers(0, len(labels) - size)
    of_other = outside + size * (outside >= start)
    return first, order[np.where(same, of_same, of_other)], same


class PooledEncoder(torch.nn.Module):
    """An encoder with mean pooling, as a module of sentence-transformers."""

    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, features):
        """Return {"sentence_embedding": float32 (batch, width)}. features: the inputs of the encoder, by name."""
        return {"sentence_embedding": mean_pooled(self.encoder(**features), features["attention_mask"])}


class PairBatches(SentenceTransformerDataCollator):
    """Makes a batch for sentence-transformers of rows with `first`, `second` and `label`, and counts its tokens."""

    def __init__(self, examples):
        super().__init__(preprocess_fn=None)
        self.examples, self.work = examples, Work()

    def __call__(self, rows):
        """Return label, float32 (batch,), and the encoder's inputs of both sides, int64 (batch, time)."""
        batch = {"label": torch.tensor([row["label"] for row in rows])}
        for side in ("first", "second"):
            padded = self.examples.padded(np.array([row[side] for row in rows]))
            self.work.add(*padded["input_ids"].shape)
            batch |= {f"{side}_{key}": torch.from_numpy(padded[key]) for key in padded if key != "labels"}
        return batch


class ProgressLines(TrainerCallback):
    """Logs a line on the steps done at most every few seconds."""

    def __init__(self):
        self.last = time.monotonic()

    def on_log(self, args, state, control, logs=None, **kwargs):
        """Log the mean loss of the last steps."""
        now = time.monotonic()
        if "loss" in logs and (now - self.last >= SECONDS_BETWEEN_LINES or state.global_step == state.max_steps):
            self.last = now
            log.info("step %d/%d | loss %.4f", state.global_step, state.max_steps, float(logs["loss"]))


class PairTrainer(SentenceTransformerTrainer):
    """The trainer of sentence-transformers, without a model card."""

    def add_model_card_callback(self, default_args_dict):
        """Do nothing: the callback would collect what a card needs, which takes time."""


def tune_on_pairs(
    encoder: torch.nn.Module,
    examples: Examples,
    pairs: tuple[np.ndarray, np.ndarray, np.ndarray],  # of `sample_pairs`
    recipe: dict,
    learning_rate: float,
    seed: int,
    accelerator: Accelerator,
) -> tuple[int, Work]:
    """Train `encoder` in place on each pair once; return the number of optimizer steps and the Work done.

    The loss is the squared distance of the cosine of the two mean-pooled embeddings from 1 (same class) or 0. recipe:
    batch_size, warmup. accelerator: its device and precision are used.
    """
    first, second, same = pairs
    table = Dataset.from_dict({"first": first, "second": second, "label": same.astype(np.float32)})
    model = SentenceTransformer(modules=[PooledEncoder(encoder)], device=str(accelerator.device))
    batches = PairBatches(examples)
    with tempfile.TemporaryDirectory() as folder:
        arguments = SentenceTransformerTrainingArguments(
            output_dir=folder,
            seed=seed,
            num_train_epochs=1,
            per_device_train_batch_size=recipe["batch_size"],
            learning_rate=learning_rate,
            warmup_steps=recipe["warmup"],  # a share of all steps, as it is below 1
            bf16=accelerator.mixed_precision == "bf16",
            use_cpu=accelerator.device.type == "cpu",
            save_strategy="no",
            logging_steps=STEPS_BETWEEN_LOSSES,
            report_to="none",
            disable_tqdm=True,
        )
        trainer = PairTrainer(
            model, arguments, table, loss=CosineSimilarityLoss(model), data_collator=batches,
            callbacks=[ProgressLines()],
        )  # fmt: skip
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return trainer.state.global_step, batches.work
