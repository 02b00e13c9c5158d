"""Classifying texts of mixed lengths: the workflow's tokenizer and `infer` against transformers.pipeline."""

import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from harness import MODEL, in_turn, row

TEXTS, MAX_LENGTH, BATCH = 512, 256, 32


def measure(arguments):
    """A row for each precision of ours; from raw texts to class probabilities, half of them short and half long."""
    from transformers import AutoTokenizer, pipeline

    from batches import Examples
    from chunk_encoder import make_encoder
    from devices import build_accelerator
    from inference import infer, probabilities
    from pretrained import locate
    from tokenize_texts import load_tokenizer
    from transformer import load_for_classification

    columns = [
        pq.read_table(text.examples, columns=["text"])["text"][: TEXTS // 2].to_pylist()
        for text in arguments.texts.values()
    ]
    texts = [text for pair in zip(*columns, strict=True) for text in pair]
    torch.manual_seed(0)
    torch.set_num_threads(arguments.threads)
    model = load_for_classification(locate(MODEL), ["a", "b"], 0.0).eval()
    tokenizer, padding = load_tokenizer(MODEL)
    slow = AutoTokenizer.from_pretrained(locate(MODEL))
    classify = pipeline("text-classification", model=model, tokenizer=slow, device="cpu")
    found = {}

    def ours(precision):
        started = time.perf_counter()
        encode, _ = make_encoder(tokenizer, MAX_LENGTH, np.uint16)  # that has met no text yet
        ids, lengths = encode(pa.array(texts))
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        empty = np.zeros(len(texts), dtype=np.int64)
        examples = Examples(empty, empty, ids, offsets, {"padding_id": padding})
        found[precision], _ = infer(model, examples, build_accelerator(precision), probabilities)
        return len(texts) / (time.perf_counter() - started)

    def theirs(_):
        started = time.perf_counter()
        with torch.inference_mode():
            results = classify(texts, batch_size=BATCH, truncation=True, max_length=MAX_LENGTH, top_k=None)
        seconds = time.perf_counter() - started
        found["pipeline"] = np.array([sorted((r["label"], r["score"]) for r in result) for result in results])
        return len(texts) / seconds

    peer = "transformers.pipeline, batched"
    results = in_turn({"fp32": lambda _: ours("fp32"), peer: theirs, "bf16": lambda _: ours("bf16")}, arguments.rounds)
    scores = found["pipeline"][:, :, 1].astype(float)
    note = "same class for {:.1%}"
    return [
        row("classification", f"MiniLM, mixed lengths, {name}", "examples/s", results[name], results[peer], peer,
            arguments, target="≥ 3", note=note.format((found[name].argmax(1) == scores.argmax(1)).mean()))
        for name in ("fp32", "bf16")
    ]  # fmt: skip
