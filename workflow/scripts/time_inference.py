"""Measure how long an arm's architecture takes to classify a batch of random tokens."""

import time
from contextlib import nullcontext, suppress

import numpy as np
import pyarrow as pa
import torch

from artifacts import write_table
from devices import peak_memory_mb
from gpus import lease_gpus
from pretrained import locate
from provenance import versions
from run_files import parameter_counts
from stage import BadInput, log, stage
from tokenize_texts import load_tokenizer, vocabulary_size

CLASSES = 5  # five stars, as in the published study; the last layer is too small for it to matter
SEED = 0


def build_model(recipe, pretrained, embeddings=None):
    """The classifier of an arm, untrained: a transformer has random weights, which take the same time.

    recipe: the arm's keys that shape it. pretrained: the model of the config that gives tokenizer and architecture.
    embeddings: path of the token embeddings an LSTM starts from, or None. Returns (model, embedding tables, (number of
    token ids, padding id)).
    """
    revision = pretrained.get("revision")
    tokenizer, padding = load_tokenizer(pretrained["path"], revision)
    vocabulary = vocabulary_size(tokenizer)
    names = [str(i) for i in range(CLASSES)]
    if recipe["family"] == "lstm":
        from lstm import build_lstm, read_embeddings

        table = read_embeddings(embeddings) if embeddings else None
        about = {"vocabulary": vocabulary, "padding_id": padding, "label_names": names}
        model = build_lstm(recipe | {"dropout": 0.0}, about, table)
        return model, [model.embedding.weight], (vocabulary, padding)
    from transformer import embedding_tables, load_for_classification

    model = load_for_classification(locate(pretrained["path"]), names, 0.0, False, revision)
    return model, embedding_tables(model), (vocabulary, padding)


def find_device(name):
    """The torch device that the config calls cpu or cuda. Raises BadInput where there is none."""
    if name == "cuda" and not torch.cuda.is_available():
        raise BadInput(
            "timing.devices: torch finds no GPU for cuda; set timing: {devices: {cuda: []}} to time on CPU only"
        )
    return torch.device(name)


def device_name(device):
    """What the device is called: the GPU's name, or the CPU's from the system, or just cpu."""
    if device.type == "cuda":
        return torch.cuda.get_device_name()
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return "cpu"


def random_batch(batch_size, length, vocabulary, padding, device):
    """A batch without padding: token ids drawn evenly among all but the padding id."""
    ids = np.random.default_rng(SEED).integers(0, vocabulary - 1, (batch_size, length))
    ids += ids >= padding
    return {
        "input_ids": torch.from_numpy(ids).to(device),
        "attention_mask": torch.ones(batch_size, length, dtype=torch.int64, device=device),
    }


@torch.inference_mode()
def time_batches(model, batch, precision, warmup, repetitions):
    """Seconds of each of `repetitions` forward passes, after `warmup` that do not count.

    From token ids on the device to logits on the device; a GPU has finished when the clock is read.
    """
    device = batch["input_ids"].device
    finish = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    autocast = torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")
    model.to(device).eval()
    seconds = []
    with autocast:
        for _ in range(warmup + repetitions):
            finish()
            started = time.perf_counter()
            model(**batch)
            finish()
            seconds.append(time.perf_counter() - started)
    return seconds[warmup:]


def time_inference(arm, recipe, pretrained, embeddings, setting, output):
    """Write one row a repetition.

    setting: device, batch_size, length, threads, precision, warmup and repetitions.
    """
    torch.set_num_threads(setting["threads"])
    torch.manual_seed(SEED)
    device = find_device(setting["device"])
    model, tables, ids = build_model(recipe, pretrained, embeddings)
    if recipe["family"] == "bert":
        from transformer import check_length

        check_length(model, setting["length"], "timing.lengths:", f"arm {arm!r}")
    batch = random_batch(setting["batch_size"], setting["length"], *ids, device)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    seconds = time_batches(model, batch, setting["precision"], setting["warmup"], setting["repetitions"])
    facts = {
        "arm": arm,
        "family": recipe["family"],
        "device": device.type,
        "device_name": device_name(device),
        "precision": setting["precision"],
        "batch_size": setting["batch_size"],
        "sequence_length": setting["length"],
        "threads": setting["threads"],
        "peak_memory_mb": peak_memory_mb(device),
        **parameter_counts(model, tables),
    }
    rows = [facts | {"repetition": i, "seconds": value} for i, value in enumerate(seconds)]
    write_table(output, pa.Table.from_pylist(rows), versions=versions("torch", "transformers"), setting=setting)
    log.info(
        "%s: %.2f ms an example (median of %d batches of %d x %d tokens, %s, %d threads)",
        arm, 1000 * float(np.median(seconds)) / setting["batch_size"], len(seconds), setting["batch_size"],
        setting["length"], facts["device_name"], setting["threads"],
    )  # fmt: skip


if __name__ == "__main__":
    with stage(snakemake), lease_gpus(1) if snakemake.wildcards.device == "cuda" else nullcontext():
        time_inference(
            arm=snakemake.wildcards.arm,
            recipe=snakemake.params.recipe,
            pretrained=snakemake.params.pretrained,
            embeddings=snakemake.input.get("embeddings"),
            setting={
                "device": snakemake.wildcards.device,
                "batch_size": int(snakemake.wildcards.batch_size),
                "length": int(snakemake.wildcards.length),
                **snakemake.params.how,
            },
            output=snakemake.output[0],
        )
