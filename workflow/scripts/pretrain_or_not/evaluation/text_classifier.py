"""Classify raw texts with a selected model, as its run classified the test data."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pretrain_or_not.compute.hits import NO_CLASS, predicted_classes
from pretrain_or_not.data.examples import form_of_tokens
from pretrain_or_not.data.features import Features
from pretrain_or_not.data.raw_batches import as_text
from pretrain_or_not.data.raw_batches import joined as joined_texts
from pretrain_or_not.data.saved_tokenizer import read_tokenizer
from pretrain_or_not.data.texts import Texts
from pretrain_or_not.data.tokenize import BatchEncoder
from pretrain_or_not.errors import BadInput
from pretrain_or_not.evaluation.predict import load_classifier
from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.files.parquet import to_numpy
from pretrain_or_not.files.paths import ABOUT, MODEL_FILES, PathLike
from pretrain_or_not.files.provenance import sha256_of
from pretrain_or_not.files.run_files import CHECKSUM

AT_ONCE = 10_000  # texts that are in memory as tokens or features


class Predicted(NamedTuple):
    """The predictions of texts, in their order.

    labels: names of the classes, None where a probability is not finite. probabilities: float32 (n, classes).
    truncated: how many texts were cut to the length that the model reads.
    """

    labels: list[str | None]
    probabilities: np.ndarray
    truncated: int


class TextClassifier:
    """A selected model. about: content of its classifier.json. classes: their names, in the order of probabilities."""

    def __init__(self, folder: Path, about: dict):
        """See `load`."""
        self.about, self.classes, self.pair = about, list(about["label_names"]), about["pair"]
        self.states = read_json(folder / MODEL_FILES[1]).get("states")  # of which layers, where not the usual ones
        self.classifier = load_classifier(about["family"], folder, about["precision"])
        self.encode: Any = None
        if about["tokenizer"]:
            length = about["max_length"]
            tokenizer = read_tokenizer(folder, about["tokenizer"])
            self.encode = BatchEncoder(tokenizer, self.pair, None if length is None else length + 1)
            keys = ("dataset", "label_names", "max_length")
            self.about_tokens = {key: about[key] for key in keys} | self.encode.about

    def predict(self, texts: Sequence) -> Predicted:
        """Return the predictions of a list of texts or, of a model that reads pairs, of pairs (first, second).

        Where the data set joins several columns, an item is a tuple of their texts, which are joined in the same way,
        or one text that is joined already. Raises BadInput for something that is no text.
        """
        return self.predict_table(self.table(texts))

    def table(self, texts):
        """Return a list as for `predict` as an Arrow table with the columns `text` and, of pairs, `second_text`."""
        if isinstance(texts, str):
            raise BadInput("predict takes a list of texts, not one text: put it in a list")
        parts = len(self.about["text"])
        counts = (2,) if self.pair else (1, parts)
        rows = [tuple(text) if parts > 1 and isinstance(text, list | tuple) else (text,) for text in texts]
        for i, row in enumerate(rows):
            if len(row) not in counts or not all(isinstance(text, str) for text in row):
                raise BadInput(f"item {i} is {texts[i]!r:.60}, not {self.item_words()}")
        if self.pair:
            return pa.table({key: as_text([row[i] for row in rows]) for i, key in enumerate(("text", "second_text"))})
        whole = as_text([row[0] for row in rows])
        if parts > 1:
            columns = [as_text([row[i] if len(row) > i else "" for row in rows]) for i in range(parts)]
            several = pa.array([len(row) > 1 for row in rows], pa.bool_())
            whole = pc.if_else(several, pc.fill_null(joined_texts(columns, self.about["separator"]), ""), whole)
        return pa.table({"text": whole})

    def item_words(self) -> str:
        """Return in words what an item of a list for `predict` is."""
        if self.pair:
            return "a pair of texts: (first, second)"
        names = self.about["text"]
        return "a text" if len(names) == 1 else f"a text, or a tuple of the texts that are joined: ({', '.join(names)})"

    def predict_table(self, table: pa.Table) -> Predicted:
        """Return the predictions of a table with a column `text` and, of pairs, `second_text`, without nulls."""
        found, truncated = [np.empty((0, len(self.classes)), np.float32)], 0
        for start in range(0, len(table), AT_ONCE):
            examples = self.examples(table.slice(start, AT_ONCE))
            found.append(self.classifier.predict(examples)[0])
            truncated += getattr(self.classifier, "truncated", examples.about.get("truncated", 0))
        probabilities = np.concatenate(found)
        predicted = predicted_classes(probabilities)
        labels = [None if i == NO_CLASS else self.classes[i] for i in predicted.tolist()]
        return Predicted(labels, probabilities, truncated)

    def examples(self, table: pa.Table):
        """Return rows of a table in the form that the model reads; labels are not known, and 0."""
        if self.encode is None:
            return Texts.from_table(joined(unknown_labels(table), table.column_names, table.columns), self.about)
        tokens = self.tokens(table)
        if self.about["reads"] == "features":
            return self.features(tokens)
        return form_of_tokens(self.about["max_length"], self.classifier.takes)(tokens, self.about_tokens)

    def tokens(self, table: pa.Table) -> pa.Table:
        """Return rows of a table as tokens, with the columns of a file of them."""
        batch = {name: table[name].combine_chunks() for name in table.column_names}
        names = [name for name, _ in self.encode.fields]
        return joined(unknown_labels(table), names, self.encode(batch).columns)

    def features(self, tokens: pa.Table) -> Features:
        """Return the features of tokens, in blocks as those of the test data, so that rounding is the same too."""
        from pretrain_or_not.compute.extract_features import BLOCK  # here, as most models need no encoder

        form = form_of_tokens(self.about["max_length"], self.frozen.takes)
        blocks = [form(tokens.slice(start, BLOCK), self.about_tokens) for start in range(0, len(tokens), BLOCK)]
        matrix = np.concatenate([self.frozen.features(block) for block in blocks])
        truncated = sum(block.about["truncated"] for block in blocks)
        return Features(to_numpy(tokens["id"]), to_numpy(tokens["label"]), matrix, {"truncated": truncated})

    @cached_property
    def frozen(self):
        """Return the frozen encoder that the model was fitted on; raise BadInput if it is missing or another one."""
        from pretrain_or_not.compute.devices import InferenceDevice  # here, as few models need torch
        from pretrain_or_not.compute.extract_features import FrozenEncoder
        from pretrain_or_not.compute.states import StatesEncoder

        given = self.about["encoder"], self.about["arm"], self.about_tokens, InferenceDevice(self.about["precision"])
        try:
            return StatesEncoder(self.states, *given) if self.states else FrozenEncoder(*given)
        except BadInput as error:
            raise BadInput(f"{ABOUT}: encoder: {error}; if it has moved, correct `encoder: path` there") from error


def unknown_labels(table):
    """Return the columns id and label of rows whose labels are not known."""
    return pa.table({"id": np.arange(len(table)), "label": np.zeros(len(table), np.int32)})


def joined(table, names, columns):
    """Return a table with further columns of these names."""
    for name, column in zip(names, columns, strict=True):
        table = table.append_column(name, column)
    return table


def load(folder: PathLike) -> TextClassifier:
    """Return the model in a folder `selected`, wherever it lies; raise BadInput if it is not complete as written."""
    folder = Path(folder)
    check_folder(folder)
    about = read_json(folder / ABOUT)
    if about["checksum"] != read_json(folder / MODEL_FILES[1]).get(CHECKSUM):
        raise BadInput(f"{folder}: {ABOUT} and {MODEL_FILES[0]} are not of the same model; run Snakemake again")
    for name, sha256 in (about["tokenizer"] or {"files": {}})["files"].items():
        if not (folder / name).is_file() or sha256_of(folder / name) != sha256:
            raise BadInput(f"{folder / name}: missing, or not as it was written; delete {folder / ABOUT} and run again")
    return TextClassifier(folder, about)


def limit_threads(model: TextClassifier, threads: int) -> None:
    """Let a model compute with so many threads; one that does not need torch has one in any case."""
    if model.about["reads"] == "features":
        import torch  # noqa: F401, as the encoder is loaded later
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)


def check_folder(folder):
    """Raise BadInput unless a folder holds the files of a selected model."""
    missing = [name for name in (*MODEL_FILES, ABOUT) if not (folder / name).is_file()]
    if not missing:
        return
    if not folder.is_dir():
        raise BadInput(f"{folder}: no such folder; give the folder `selected` of a cell")
    if (folder / "selected" / ABOUT).is_file():
        raise BadInput(f"{folder}: the model is in the folder inside; give {folder / 'selected'}")
    raise BadInput(
        f"{folder}: not a selected model, as it holds no {missing[0]}; give the folder `selected` of a cell, such as "
        "results/DATASET/runs/ARM/nSIZE/seedSEED/selected"
    )
