"""Classifying texts of mixed lengths: the workflow's tokenizer and `infer` against transformers.pipeline."""

import json
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from harness import MODEL, apart, in_turn, row

TEXTS, MAX_LENGTH, BATCH = 768, 256, 32


def ours(folder, texts, threads, precision, seed):
    """(texts/s, class of each text): from raw texts to probabilities, with a tokenizer that has met no text yet."""
    from batches import Examples
    from chunk_encoder import make_encoder
    from devices import build_accelerator
    from inference import infer, probabilities
    from tokenize_texts import load_tokenizer
    from transformer import load_for_classification

    torch.set_num_threads(threads)
    model, texts = load_for_classification(folder, ["a", "b"], 0.0), json.loads(Path(texts).read_text())
    tokenizer, padding = load_tokenizer(folder)
    accelerator = build_accelerator(precision)
    started = time.perf_counter()
    encode, _ = make_encoder(tokenizer, MAX_LENGTH, np.uint16)
    ids, lengths = encode(pa.array(texts))
    offsets, empty = np.concatenate([[0], np.cumsum(lengths)]), np.zeros(len(texts), dtype=np.int64)
    examples = Examples(empty, empty, ids, offsets, {"padding_id": padding})
    found, _ = infer(model, examples, accelerator, probabilities)
    return len(texts) / (time.perf_counter() - started), found.argmax(axis=1).tolist()


def pipeline(folder, texts, threads, seed):
    """The same of transformers.pipeline, `BATCH` texts a batch."""
    import transformers

    torch.set_num_threads(threads)
    texts = json.loads(Path(texts).read_text())
    classify = transformers.pipeline("text-classification", model=folder, device="cpu")
    started = time.perf_counter()
    results = classify(texts, batch_size=BATCH, truncation=True, max_length=MAX_LENGTH)
    rate = len(texts) / (time.perf_counter() - started)
    return rate, [classify.model.config.label2id[result["label"]] for result in results]


def measure(arguments):
    """A row for each precision of ours; half of the texts are short and half long, in turn."""
    from transformers import AutoTokenizer

    from pretrained import locate
    from transformer import load_for_classification

    columns = [
        pq.read_table(text.examples, columns=["text"])["text"][: TEXTS // 2].to_pylist()
        for text in arguments.texts.values()
    ]
    place = next(iter(arguments.texts.values())).examples.parent
    folder, texts = place / "classifier", place / "texts.json"
    texts.write_text(json.dumps([text for pair in zip(*columns, strict=True) for text in pair]))
    torch.manual_seed(0)
    load_for_classification(locate(MODEL), ["a", "b"], 0.0).save_pretrained(folder)
    AutoTokenizer.from_pretrained(locate(MODEL)).save_pretrained(folder)
    task = {"folder": str(folder), "texts": str(texts), "threads": arguments.threads}
    peer = "transformers.pipeline, batched"
    sides = {precision: apart(ours, precision=precision, **task) for precision in ("fp32", "bf16")}
    results = in_turn(sides | {peer: apart(pipeline, **task)}, arguments.rounds)
    theirs = np.array(results[peer][0][1])
    return [
        row("classification", f"MiniLM, mixed lengths, {name}", "examples/s",
            [rate for rate, _ in results[name]], [rate for rate, _ in results[peer]], peer, arguments, target="≥ 3",
            note=f"same class for {(np.array(results[name][0][1]) == theirs).mean():.1%}")
        for name in sides
    ]  # fmt: skip
