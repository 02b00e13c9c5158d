"""Classifying texts of mixed lengths: the workflow's tokenizer and `infer` against transformers.pipeline.

The model is MiniLM, fine-tuned on some of the texts, to show how much accuracy less precise arithmetic costs.
"""

import json
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from fine_tuning import BATCH as TRAINING_BATCH
from fine_tuning import RATE, RECIPE, builder
from harness import MODEL, apart, in_turn, precisions, row, token_files, trained

TRAINING, TEXTS, MAX_LENGTH, BATCH = 3_200, 768, 256, 32


def ours(folder, texts, threads, precision, seed):
    """Classify texts, from raw text to probabilities, with a new tokenizer; return (texts/s, class of each text)."""
    from pretrain_or_not.compute.devices import build_accelerator
    from pretrain_or_not.compute.inference import infer, probabilities
    from pretrain_or_not.compute.transformer import load_fine_tuned
    from pretrain_or_not.data.examples import Examples
    from pretrain_or_not.data.tokenizer import load_tokenizer

    torch.set_num_threads(threads)
    accelerator = build_accelerator(precision)
    model, texts = load_fine_tuned(folder).to(accelerator.device), json.loads(Path(texts).read_text())
    tokenizer = load_tokenizer(folder)
    started = time.perf_counter()
    encode, _ = tokenizer.encoder(MAX_LENGTH, np.uint16)
    ids, lengths = encode(pa.array(texts))
    offsets, empty = np.concatenate([[0], np.cumsum(lengths)]), np.zeros(len(texts), dtype=np.int64)
    examples = Examples(empty, empty, ids, offsets, {"padding_id": tokenizer.padding_id})
    found, _ = infer(model, examples, accelerator, probabilities)
    return len(texts) / (time.perf_counter() - started), found.argmax(axis=1).tolist()


def pipeline(folder, texts, threads, seed):
    """Classify texts with transformers.pipeline, `BATCH` texts per batch; return the same as `ours`."""
    import transformers

    torch.set_num_threads(threads)
    texts = json.loads(Path(texts).read_text())
    device = "cuda" if torch.cuda.is_available() else "cpu"
    classify = transformers.pipeline("text-classification", model=folder, device=device)
    started = time.perf_counter()
    results = classify(texts, batch_size=BATCH, truncation=True, max_length=MAX_LENGTH)
    rate = len(texts) / (time.perf_counter() - started)
    return rate, [classify.model.config.label2id[result["label"]] for result in results]


def held_out(text):
    """Return the first texts of the validation split and their classes: two lists."""
    rows = pq.read_table(text.examples, columns=["text", "label"], filters=[("split", "=", "validation")])
    return rows["text"][: TEXTS // 2].to_pylist(), rows["label"][: TEXTS // 2].to_pylist()


def measure(arguments):
    """Return one row per precision of ours; short and long texts alternate."""
    from transformers import AutoTokenizer

    from pretrain_or_not.files.pretrained import locate

    short = next(iter(arguments.texts.values()))
    folder, path = short.examples.parent / "classifier", short.examples.parent / "texts.json"
    data = token_files(short, arguments.threads, train=TRAINING, validation=TEXTS)
    recipe = RECIPE | {"batch_size": TRAINING_BATCH, "precision": "auto"}
    model, *_ = trained(builder(MODEL), data, 0, recipe, RATE)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(locate(MODEL)).save_pretrained(folder)
    texts, labels = (
        [value for pair in zip(*kinds, strict=True) for value in pair]
        for kinds in zip(*map(held_out, arguments.texts.values()), strict=True)
    )
    path.write_text(json.dumps(texts))
    task = {"folder": str(folder), "texts": str(path), "threads": arguments.threads}
    peer = "transformers.pipeline, batched"
    sides = {precision: apart(ours, precision=precision, **task) for precision in precisions()}
    results = in_turn(sides | {peer: apart(pipeline, **task)}, arguments.rounds)
    found = {side: np.array(rounds[0][1]) for side, rounds in results.items()}
    right = {side: f"{100 * (classes == labels).mean():.1f} %" for side, classes in found.items()}
    same = {side: f"{100 * (classes == found[peer]).mean():.1f} %" for side, classes in found.items()}
    return [
        row("classification", f"MiniLM, mixed lengths, {name}", "examples/s",
            [rate for rate, _ in results[name]], [rate for rate, _ in results[peer]], peer, arguments, target="≥ 3",
            note=f"accuracy {right[name]}, theirs {right[peer]}; same class for {same[name]}")
        for name in sides
    ]  # fmt: skip
