"""Compare a model with its ONNX graphs on labelled texts: size, accuracy, time per text."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch

from pretrain_or_not.compute.onnx_network import inputs, run_all
from pretrain_or_not.config.labels import shown
from pretrain_or_not.config.metric import ACCURACY
from pretrain_or_not.data.examples import read_split
from pretrain_or_not.data.left_out import kept_rows
from pretrain_or_not.data.sources import read_source
from pretrain_or_not.errors import BadInput
from pretrain_or_not.evaluation.metrics import paired_differences, paired_gap, unseen_variance
from pretrain_or_not.evaluation.timing import device_name
from pretrain_or_not.files.parquet import to_numpy

BATCH_SIZES = (1, 32)

TIMED = {1: 200, 32: 20}  # batches of each size

ROUNDS = 5  # in which the models take turns, so that another program on the machine slows down all of them


class Labelled(NamedTuple):
    """Labelled texts. table: with columns `text` and, of pairs, `second_text`. labels: class numbers. source: in words.

    left_out: how many rows have no text or label.
    """

    table: pa.Table
    labels: np.ndarray
    source: str
    left_out: int = 0


def read_labelled(path: str, column: str, about: dict) -> Labelled:
    """Read labelled texts from a file in any format of the source `files`, with the text columns of the data set.

    column: with the labels, which must be classes of the model. about: content of its classifier.json.
    """
    if not Path(path).is_file():
        raise BadInput(f"{path}: no such file")
    key = "pair" if about["pair"] else "text"
    dataset = {"source": "files", "files": path, key: about["text"], "label": column, "separator": about["separator"]}
    table = pa.Table.from_batches(read_source(dataset))
    kept, _ = kept_rows(table, [])
    numbers = pc.index_in(kept["label"], pa.array(about["label_names"]))
    if numbers.null_count:
        wrong = kept["label"].filter(pc.is_null(numbers))[0].as_py()
        raise BadInput(
            f"{path}: label {shown(wrong)} is none of the model's classes, {shown(about['label_names'])}; rename it, "
            "or leave out such rows"
        )
    if not len(kept):
        raise BadInput(f"{path}: no row has a text and a label")
    return Labelled(kept.select(texts_of(about)), to_numpy(numbers), path, len(table) - len(kept))


def read_test_split(folder: Path, about: dict) -> Labelled | None:
    """Return the test examples of a model in its folder of results, None if it lies elsewhere."""
    cell = folder.resolve().parent
    dataset = cell.parents[3] if len(cell.parents) > 3 else cell
    examples, subset = dataset / "examples.parquet", dataset / "subsets" / cell.parent.name / f"{cell.name}.parquet"
    if not (examples.is_file() and subset.is_file()):
        return None
    expected = {"dataset": about["dataset"], "label_names": about["label_names"]}
    table = read_split(examples, subset, "test", build=lambda rows, _: rows, **expected)
    return Labelled(table.select(texts_of(about)), to_numpy(table["label"]), f"the test split of {about['dataset']}")


def texts_of(about):
    """Return the names of the columns of texts that a model reads."""
    return ["text", "second_text"] if about["pair"] else ["text"]


def compare(model, labelled: Labelled, most: int, threads: int, variants: list) -> dict:
    """Return what forms of a model need and what they predict, a dict to be written as JSON.

    model: a TextClassifier. most: number of texts; of more, that many are drawn. variants: a list of
    `onnx_folder.Variant`, the original first. Times are those of one thread or `threads`, from tokens to probabilities.
    """
    torch.set_num_threads(threads)
    rows = np.random.default_rng(0).permutation(len(labelled.labels))[:most]
    labels = labelled.labels[rows]
    examples = model.examples(labelled.table.take(rows))
    predicted = [run_all(variant.run, examples).argmax(axis=1) for variant in variants]
    right = [(found == labels).astype(float) for found in predicted]
    times = time_in_turns([variant.run for variant in variants], examples)
    return {
        "source": labelled.source,
        "texts": len(rows),
        "tokens_per_text": float(examples.lengths.mean()),
        "left_out": labelled.left_out,
        "threads": threads,
        "device": device_name("cpu"),
        "variants": [
            {
                "name": variant.name,
                "precision": variant.precision,
                "bytes": sum(file.stat().st_size for file in variant.files),
                "accuracy": float(own.mean()),
                "points_behind_original": points_behind(right[0], own),
                "other_class_than_original": int((found != predicted[0]).sum()),
                "ms_per_text": {size: 1000 * wall for size, (wall, _) in seconds.items()},
                "cpu_ms_per_text": {size: 1000 * processor for size, (_, processor) in seconds.items()},
            }
            for variant, found, own, seconds in zip(variants, predicted, right, times, strict=True)
        ],
    }


def points_behind(reference: np.ndarray, own: np.ndarray) -> dict[str, float]:
    """Return how many points of accuracy a form of a model is behind another one, with its `standard_error`.

    Both: 1 or 0, whether each text is classified correctly, (n,).
    """
    gap, error = paired_gap(paired_differences(ACCURACY, reference, own))
    unseen = math.sqrt(unseen_variance(len(own), ACCURACY.points))
    return {"mean": gap, "standard_error": math.hypot(error, unseen) if len(own) > 1 else unseen}


def time_in_turns(runs, examples):
    """Return the median seconds per text of each run, by batch size: a list of {size: (wall, processor)}.

    Batches hold texts as they come, padded to the longest.
    """
    result: list[dict] = [{} for _ in runs]
    for size in BATCH_SIZES:
        order = np.resize(np.arange(len(examples)), TIMED[size] * size)
        batches = [inputs(examples, rows) for rows in np.split(order, TIMED[size])]
        taken: list[list] = [[] for _ in runs]
        for turn in range(ROUNDS):
            for run, seconds in zip(runs, taken, strict=True):
                run(batches[0])  # brings the weights back into the processor's caches
                seconds += [timed(run, batch) for batch in batches[turn::ROUNDS]]
        for found, seconds in zip(result, taken, strict=True):
            found[str(size)] = tuple(np.median(seconds, axis=0) / size)
    return result


def timed(run, batch):
    """Return the seconds that a batch takes: wall time, processor time."""
    started = time.perf_counter(), time.process_time()
    run(batch)
    return time.perf_counter() - started[0], time.process_time() - started[1]
