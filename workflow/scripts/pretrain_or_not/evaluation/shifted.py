"""The stage `evaluate_shift`: a cell's selected model on a further test set."""

from __future__ import annotations

import time
from pathlib import Path

from pretrain_or_not.errors import BadInput
from pretrain_or_not.evaluation.predictions import predictions_table
from pretrain_or_not.evaluation.text_classifier import limit_threads, load
from pretrain_or_not.files.parquet import open_parquet, read_metadata, to_numpy, write_table
from pretrain_or_not.files.paths import PathLike
from pretrain_or_not.job import log

OF_SHIFT = ("shift", "change", "rows", "changed", "seen")  # kept of the metadata of the test set


def evaluate_shift(about: PathLike, examples: PathLike, threads: int, output: PathLike) -> None:
    """Write the predictions of a further test set, in the form of those of the test split (`evaluate_cell`).

    All texts are classified at once, like the test split: a text that is no other has the same probabilities, bit for
    bit. about: path of the model's classifier.json. examples: see `data.shift`. Raises BadInput if the classes differ.
    """
    model, of_shift = load(Path(about).parent), read_metadata(examples)
    if model.classes != of_shift["label_names"] or model.about["dataset"] != of_shift["dataset"]:
        raise BadInput(f"{examples}: not of the dataset that the model was trained on; delete it and run again")
    limit_threads(model, threads)
    with open_parquet(examples) as file:
        table = file.read()
    texts = table.select([name for name in ("text", "second_text") if name in table.column_names])
    started = time.perf_counter()
    read = model.examples(texts)
    probabilities = model.classifier.predict(read)[0]
    seconds = time.perf_counter() - started
    ids, labels = to_numpy(table["id"]), to_numpy(table["label"])
    truncated = getattr(model.classifier, "truncated", read.about.get("truncated"))
    write_table(
        output, predictions_table(ids, labels, probabilities, model.classes), label_names=model.classes,
        truncated=truncated, run=model.about["run"],
        **{key: of_shift[key] for key in OF_SHIFT},
        **{key: model.about[key] for key in ("dataset", "arm", "size", "n", "seed", "setting", "selection")},
    )  # fmt: skip
    log.info("%d texts in %.1f s (%.0f texts/s)", len(table), seconds, len(table) / seconds)
    if truncated:
        log.info("%d are cut at the maximum length of the arm", truncated)
