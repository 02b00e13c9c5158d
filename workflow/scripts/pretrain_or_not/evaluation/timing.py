"""Time how long a trained model takes to classify test texts."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from threadpoolctl import threadpool_limits

from pretrain_or_not.compute.clock import clock
from pretrain_or_not.compute.hits import predicted_classes
from pretrain_or_not.compute.memory import peak_memory_mb
from pretrain_or_not.data.examples import Examples, form_of_tokens, split_rows, subset_rows
from pretrain_or_not.data.features import Features
from pretrain_or_not.errors import BadInput
from pretrain_or_not.evaluation.repetitions import FEWEST, TEXT, TOKENS, median_interval
from pretrain_or_not.evaluation.text_classifier import TextClassifier, load
from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.files.parquet import read_metadata, read_rows, write_table
from pretrain_or_not.files.paths import PathLike
from pretrain_or_not.files.provenance import versions
from pretrain_or_not.job import log

TEXTS = 32  # in one repetition, in batches; more where a batch holds more

PRECISION = 0.05  # width of the interval of the median, as a share of it, at which a measurement ends

MOST = 10_000  # repetitions

NULLABLE = {"tokens": pa.float64(), "length": pa.int64(), "cpu_share": pa.float64()}


class TwoSteps:
    """A model whose steps can be timed apart: encode texts, classify what they are encoded as. A batch is one pass."""

    def __init__(self, model: TextClassifier):
        self.model = model
        self.has_features = model.about["reads"] == "features"
        for network in (model.classifier, *([model.frozen] if self.has_features else [])):
            network.tokens_per_batch = math.inf

    def check_length(self, length: int | None) -> None:
        """Raise BadInput if the model cannot process so many tokens."""
        limit = (self.model.frozen if self.has_features else self.model.classifier).takes.limit
        if length is not None and limit is not None and length > limit:
            reads = f"the {limit} tokens that arm {self.model.about['arm']!r} can process"
            raise BadInput(f"timing.length: {length} is more than {reads}; lower it")

    def encode(self, table: pa.Table):
        """Return texts as Examples or, for a model without a tokenizer, as Texts."""
        if not self.has_features:
            return self.model.examples(table)
        form = form_of_tokens(self.model.about["max_length"], self.model.frozen.takes)
        return form(self.model.tokens(table), self.model.about_tokens)

    def classify(self, examples) -> np.ndarray:
        """Return the predicted classes, int (n,). examples: what `encode` returned."""
        if self.has_features:
            matrix = self.model.frozen.features(examples)
            examples = Features(examples.ids, examples.labels, matrix, examples.about)
        return predicted_classes(self.model.classifier.predict(examples)[0])


def device_name(device: str) -> str:
    """Return the name of the device: of the GPU, of the CPU as the system reports it, or just cpu."""
    if device == "cuda":
        return torch.cuda.get_device_name()
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return "cpu"


def test_texts(path: PathLike, subset: PathLike) -> pa.Table:
    """Return the test examples, sorted by the length of their texts. path: of examples.parquet. subset: of a cell."""
    if read_metadata(subset).get("folds"):
        table = subset_rows(path, subset, "test")
    else:
        start, n = split_rows(path, read_metadata(path), "test")
        table = read_rows(path, np.arange(start, start + n))
    texts = [name for name in ("text", "second_text") if name in table.column_names]
    table = table.select(texts)
    lengths = np.sum([pc.binary_length(table[name]).to_numpy() for name in texts], axis=0)
    return table.take(np.argsort(lengths, kind="stable"))


def sample(table: pa.Table, batch_size: int) -> list[pa.Table]:
    """Return batches of texts that stand for all texts: every so many of those sorted by length, shuffled.

    The order is always the same. There are at least TEXTS, in full batches. If there are fewer texts, some are in
    several times. table: see `test_texts`.
    """
    count = batch_size * -(-TEXTS // batch_size)
    places = ((np.arange(count) + 0.5) * len(table) / count).astype(int)
    places = np.random.default_rng(0).permutation(places)
    return [table.take(part).combine_chunks() for part in places.reshape(-1, batch_size)]


def of_length(examples: Examples, length: int) -> Examples:
    """Return examples with so many tokens each: cut, or with their own tokens again and again; there is no padding."""
    parts = [examples.tokens[a:b] for a, b in zip(examples.offsets[:-1], examples.offsets[1:], strict=True)]
    tokens = np.concatenate([np.resize(part, length) for part in parts])
    offsets = np.arange(len(parts) + 1) * length
    return Examples(examples.ids, examples.labels, tokens, offsets, examples.about, examples.type_1)


def repeat(run: Callable, seconds: float) -> dict:
    """Return how long a function takes: `seconds` of each repetition, and the time that its thread computed in all.

    It is called once before that does not count. Repetitions end once the 95 % interval of their median, which assumes
    no distribution, is narrower than PRECISION of it, or after so many `seconds`, but not before there are FEWEST.
    """
    run()
    taken: list[float] = []
    started = clock()
    while len(taken) < MOST:
        before = time.perf_counter()
        run()
        now = time.perf_counter()
        taken.append(now - before)
        if len(taken) >= FEWEST and (now - started[0] >= seconds or is_narrow(taken)):
            break
    wall, cpu = (clock() - started).tolist()
    return {"seconds": taken, "wall": wall, "cpu": cpu}


def is_narrow(values: list[float]) -> bool:
    """Return whether the interval of the median is narrow. It is looked at seldom, because that takes time."""
    if len(values) < FEWEST or len(values) % max(1, len(values) // 10):
        return False
    low, high = median_interval(values)
    return high - low <= PRECISION * float(np.median(values))


def measure(model: TwoSteps, table: pa.Table, batch_size: int, length: int | None, seconds: float) -> list[dict]:
    """Return one dict per start, of `text` and `tokens`: `start`, `tokens` per text, and what `repeat` returns.

    With a `length`, all texts have so many tokens, and times begin with tokens only.
    """
    batches = sample(table, batch_size)
    encoded = [model.encode(batch) for batch in batches]
    reads_tokens = isinstance(encoded[0], Examples)
    if length is not None:
        encoded = [of_length(examples, length) for examples in encoded]
    tokens = float(np.mean([examples.lengths.mean() for examples in encoded])) if reads_tokens else None
    found = []
    if length is None:
        taken = repeat(lambda: [model.classify(model.encode(batch)) for batch in batches], seconds)
        found.append({"start": TEXT} | taken)
    if reads_tokens:
        taken = repeat(lambda: [model.classify(examples) for examples in encoded], seconds)
        found.append({"start": TOKENS} | taken)
    return [{"texts": len(batches) * batch_size, "tokens": tokens} | row for row in found]


def time_cell(device: str, inputs: dict, how: dict, output: PathLike) -> None:
    """Write how long the selected model of a cell takes: one row per repetition, as Parquet.

    device: cpu or cuda. inputs: paths of `selected` (selected.json, next to the folder of the model), `examples`
    (examples.parquet) and `subset`. how: `batch_sizes`, `length`, `seconds` and `threads` of the config's `timing`.
    Raises BadInput if there is no such device.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise BadInput(
            "timing.devices: torch finds no GPU for cuda; set timing: {devices: {cuda: []}} to time on CPU only"
        )
    run = read_json(inputs["selected"])["selected"]
    facts = {key: run[key] for key in ("dataset", "arm", "size", "n", "seed")} | {"family": run["recipe"]["family"]}
    facts |= {key: run[key] for key in ("precision", "parameters", "parameters_trained", "parameters_embedding")}
    facts |= {"device": device, "device_name": device_name(device), "threads": how["threads"], "length": how["length"]}
    torch.set_num_threads(how["threads"])
    rows = []
    with threadpool_limits(how["threads"]):
        model = TwoSteps(load(Path(inputs["selected"]).parent / "selected"))
        model.check_length(how["length"])
        table = test_texts(inputs["examples"], inputs["subset"])
        for batch_size in sorted(how["batch_sizes"]):
            for found in measure(model, table, batch_size, how["length"], how["seconds"]):
                log_words(found, batch_size)
                taken, wall, cpu = (found.pop(key) for key in ("seconds", "wall", "cpu"))
                found["cpu_share"] = cpu / wall if device == "cpu" else None  # while a GPU computes, the CPU waits
                found["peak_memory_mb"] = peak_memory_mb(torch.device(device))
                of_all = facts | found | {"batch_size": batch_size}
                rows += [of_all | {"repetition": i, "seconds": value} for i, value in enumerate(taken)]
    write_table(output, as_table(rows), versions=versions("torch", "transformers", "scikit-learn"))


def log_words(found: dict, batch_size: int) -> None:
    """Log what was measured. found: of `measure`."""
    taken, texts = found["seconds"], found["texts"]
    log.info(
        "from %s, batches of %d: %.4g ms per text (median of %d repetitions of %d texts); the CPU computed for %.0f %% "
        "of the time",
        found["start"], batch_size, 1000 * float(np.median(taken)) / texts, len(taken), texts,
        100 * found["cpu"] / found["wall"],
    )  # fmt: skip


def as_table(rows: list[dict]) -> pa.Table:
    """Return rows as an Arrow table, also where all values of a column are missing."""
    schema = pa.Table.from_pylist(rows).schema
    for name, kind in NULLABLE.items():
        schema = schema.set(schema.get_field_index(name), pa.field(name, kind))
    return pa.Table.from_pylist(rows, schema)
