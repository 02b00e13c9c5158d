"""Measure how long an arm's architecture takes to classify a batch of random tokens."""

import time
from contextlib import suppress

import numpy as np
import pyarrow as pa
import torch

from pretrain_or_not.arms import family_module
from pretrain_or_not.compute.memory import peak_memory_mb
from pretrain_or_not.compute.parameters import parameter_counts
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.parquet import write_table
from pretrain_or_not.files.provenance import versions
from pretrain_or_not.job import log

SEED = 0


def find_device(name):
    """Return the torch device that the config calls cpu or cuda; raise BadInput if there is none."""
    if name == "cuda" and not torch.cuda.is_available():
        raise BadInput(
            "timing.devices: torch finds no GPU for cuda; set timing: {devices: {cuda: []}} to time on CPU only"
        )
    return torch.device(name)


def device_name(device):
    """Return the name of a device: of the GPU, of the CPU as the system reports it, or just cpu."""
    if device.type == "cuda":
        return torch.cuda.get_device_name()
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return "cpu"


def random_batch(batch_size, length, vocabulary, padding, device):
    """Return a batch without padding: token ids drawn uniformly from all except the padding id.

    input_ids, attention_mask: int64 (batch_size, length).
    """
    ids = np.random.default_rng(SEED).integers(0, vocabulary - 1, (batch_size, length))
    ids += ids >= padding
    return {
        "input_ids": torch.from_numpy(ids).to(device),
        "attention_mask": torch.ones(batch_size, length, dtype=torch.int64, device=device),
    }


@torch.inference_mode()
def time_batches(model, batch, precision, warmup, repetitions):
    """Return the seconds of each of `repetitions` forward passes, after `warmup` passes that do not count.

    A pass is timed from token ids on the device to logits on the device, and includes all work of a GPU.
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
    """Write one row per repetition, as Parquet.

    arm: its name. recipe, pretrained, embeddings: see `build_untrained` of its family. setting: device, batch_size,
    length, threads, precision, warmup and repetitions.
    """
    torch.set_num_threads(setting["threads"])
    torch.manual_seed(SEED)
    device = find_device(setting["device"])
    model, tables, vocabulary, padding_id = family_module(recipe["family"]).build_untrained(
        arm, recipe, pretrained, embeddings, setting["length"]
    )
    batch = random_batch(setting["batch_size"], setting["length"], vocabulary, padding_id, device)
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
        "%s: %.2f ms per example (median of %d batches of %d x %d tokens, %s, %d threads)",
        arm, 1000 * float(np.median(seconds)) / setting["batch_size"], len(seconds), setting["batch_size"],
        setting["length"], facts["device_name"], setting["threads"],
    )  # fmt: skip
