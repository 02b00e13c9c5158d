"""Run a graph of ONNX like the network that it was written from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from scipy.special import softmax

from pretrain_or_not.compute.inference import TOKENS_PER_BATCH, probabilities, tensors
from pretrain_or_not.compute.onnx_graph import OUTPUT
from pretrain_or_not.data.batches import ordered_batches
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.paths import PathLike

TOLERANCE = 1e-4  # largest difference of a probability; those seen are below 1e-6

BATCHES = ((1, 1), (1, 8), (5, 3), (32, 24))  # (texts, longest) of the batches that a graph is checked on

# A function of a batch, a dict of int64 arrays (batch, length) by name of the input. It returns class probabilities,
# float32 (batch, classes).
Run = Callable[[dict], np.ndarray]


def onnx_run(path: PathLike, threads: int = 0) -> Run:
    """Return a function that runs an ONNX file on a CPU. threads: 0 for one per core."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4  # an error is raised too
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda batch: softmax(session.run([OUTPUT], batch)[0], axis=1)


def torch_run(network: torch.nn.Module, precision: str) -> Run:
    """Return a function that runs a network on a CPU. precision: fp32 or bf16."""
    network = network.cpu().eval()

    @torch.inference_mode()
    def run(batch):
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            output = network(**tensors(batch, torch.device("cpu")))
        return probabilities(output, None).numpy()

    return run


def inputs(examples, rows):
    """Return the examples at positions `rows` as a batch for a `Run`."""
    batch = examples.padded(rows)
    batch.pop("labels")
    return batch


def run_all(run: Run, examples) -> np.ndarray:
    """Return the class probabilities of all examples, in their order, float32 (n, classes)."""
    batches = ordered_batches(examples.lengths, TOKENS_PER_BATCH)
    found = np.concatenate([run(inputs(examples, rows)) for rows in batches])
    return found[np.argsort(np.concatenate(batches))]


def check_same(expected: Run, found: Run, vocabulary: int, padding_id: int, longest: int, types: bool) -> float:
    """Return the largest difference of probabilities on random tokens; raise BadInput if it is above TOLERANCE.

    vocabulary: the largest token id + 1. longest: the most tokens of a text that the network can read. types: whether
    it reads token_type_ids.
    """
    random, largest = np.random.default_rng(0), 0.0
    for texts, length in (*BATCHES, (2, longest)):
        batch = random_batch(random, texts, min(length, longest), vocabulary, padding_id, types)
        wanted = expected(batch)
        if not np.isfinite(wanted).all():
            raise BadInput("its probabilities are not finite: training has failed; choose another run")
        try:
            difference = float(np.abs(found(batch) - wanted).max())
            problem = "" if difference <= TOLERANCE else f"a probability differs by {difference:.2g}"
        except Exception as error:  # of onnxruntime, of several kinds
            problem = str(error).strip().partition("\n")[0]
        if problem:
            shape = f"{texts} x {min(length, longest)} tokens"
            raise BadInput(f"onnxruntime does not predict as torch does ({shape}: {problem}); nothing is written")
        largest = max(largest, difference)
    return largest


def random_batch(random, texts, longest, vocabulary, padding_id, types):
    """Return a batch of random tokens for a `Run`. The first text has the longest length, the others up to it."""
    lengths = random.integers(1, longest + 1, texts)
    lengths[0] = longest
    places = np.arange(longest)
    mask = places < lengths[:, None]
    ids = random.integers(0, vocabulary - 1, mask.shape)
    ids += ids >= padding_id
    batch = {"input_ids": np.where(mask, ids, padding_id), "attention_mask": mask.astype(np.int64)}
    if types:
        batch["token_type_ids"] = (mask & (places >= lengths[:, None] // 2)).astype(np.int64)
    return batch
