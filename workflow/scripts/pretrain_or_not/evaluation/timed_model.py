"""A trained model that classifies texts in two steps, which can be timed apart: encode and classify."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pretrain_or_not.compute.devices import build_accelerator
from pretrain_or_not.compute.extract_features import FrozenEncoder
from pretrain_or_not.compute.hits import predicted_classes
from pretrain_or_not.compute.inference import infer
from pretrain_or_not.compute.pooling import mean_pooled
from pretrain_or_not.compute.token_fit import takes_of
from pretrain_or_not.data.examples import form_of_tokens
from pretrain_or_not.data.features import Features
from pretrain_or_not.data.saved_tokenizer import read_tokenizer, saved_files
from pretrain_or_not.data.texts import Texts
from pretrain_or_not.data.tokenize import BatchEncoder
from pretrain_or_not.evaluation.predict import load_classifier
from pretrain_or_not.files.paths import PathLike


class TimedModel:
    """A trained model. device: the name of the device that it computes on, as in run.json."""

    def __init__(
        self, run: dict, reads: str, folder: Path, about: dict, tokenizer: PathLike | None, pretrained: dict | None
    ):
        """run: its run.json. reads: see `data.forms`. folder: of its weights. about: metadata of examples.parquet.

        tokenizer: the list of files of its tokenizer, None if it reads texts. pretrained: the frozen encoder of its
        features, None if it reads none.
        """
        self.tokenize, self.encoder = None, None
        self.classifier: Any = load_classifier(run["recipe"]["family"], folder, run["precision"])
        self.classifier.tokens_per_batch = math.inf  # a batch is one forward pass
        self.device = self.classifier.device
        if reads == "texts":
            self.build = partial(Texts.from_table, about=about)
            return
        facts, length = saved_files(tokenizer), run["recipe"]["max_length"]
        takes = self.classifier.takes
        if reads == "features":
            known = {"dataset": run["dataset"], "max_length": length} | facts
            self.encoder = FrozenEncoder(pretrained, run["recipe"]["model"], known, build_accelerator("auto"))
            self.device, takes = self.encoder.facts["device"], takes_of(self.encoder.model)
        length = takes.limit if length is None else length
        stored = None if length is None else length + 1  # one more shows that a text is cut
        self.tokenize = BatchEncoder(read_tokenizer(Path(tokenizer).parent, facts), bool(about.get("pair")), stored)
        known = {"label_names": about["label_names"], "max_length": length} | self.tokenize.about
        self.build = partial(form_of_tokens(length, takes), about=known)

    def encode(self, batch: pa.Table) -> Any:
        """Return a batch of texts as the model reads it: Texts, or Examples. batch: rows of examples.parquet."""
        if self.tokenize is None:
            return self.build(batch)
        columns = dict(
            zip(
                [name for name, _ in self.tokenize.fields],
                self.tokenize(batch.combine_chunks().to_batches()[0]).columns,
                strict=True,
            )
        )
        return self.build(pa.table({"id": batch["id"], "label": batch["label"], **columns}))

    def classify(self, examples: Any) -> np.ndarray:
        """Return the predicted classes of a batch, int (n,). examples: what `encode` returned."""
        if self.encoder is not None:
            matrix, _ = infer(
                self.encoder.model, examples, self.encoder.accelerator, mean_pooled, tokens_per_batch=math.inf
            )
            examples = Features(examples.ids, examples.labels, matrix, examples.about)
        return predicted_classes(self.classifier.predict(examples)[0])
