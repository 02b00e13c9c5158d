"""Training an LSTM: the workflow's `fit` against the textbook loop, one epoch from the same kind of start."""

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from harness import apart, as_lists, in_turn, machine, read, row, token_files
from torch import nn

from checkpoint import Checkpoints
from fit import fit
from lstm import build_lstm

SHAPES = ((1, 128), (2, 256))
BATCH, RATE, DROPOUT = 64, 2e-3, 0.3
# Examples of an epoch: enough for a round to take some seconds.
EXAMPLES = {64: {(1, 128): 20_000, (2, 256): 10_000}, 256: {(1, 128): 640, (2, 256): 128}}
RECIPE = {
    "batch_size": BATCH, "epochs": 1, "min_steps": 1, "validations": 1, "patience": None, "warmup": 0.0, "clip": 1.0,
    "schedule": "constant", "weight_decay": 0.0, "dropout": DROPOUT, "embedding_size": 128, "freeze_embeddings": False,
}  # fmt: skip


class Textbook(nn.Module):
    """Embeddings, a packed bidirectional nn.LSTM, the maximum over time, a linear layer."""

    def __init__(self, vocabulary, padding, layers, hidden, classes):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, 128, padding)
        between = DROPOUT if layers > 1 else 0.0
        self.lstm = nn.LSTM(128, hidden, layers, batch_first=True, bidirectional=True, dropout=between)
        self.dropout, self.classifier = nn.Dropout(DROPOUT), nn.Linear(2 * hidden, classes)

    def forward(self, input_ids, lengths):
        embedded = self.dropout(self.embedding(input_ids))
        packed = nn.utils.rnn.pack_padded_sequence(embedded, lengths, batch_first=True, enforce_sorted=False)
        states, _ = self.lstm(packed)
        states, _ = nn.utils.rnn.pad_packed_sequence(states, batch_first=True, padding_value=float("-inf"))
        return self.classifier(self.dropout(states.amax(dim=1)))


def collate(padding):
    """Batches of (token ids, label) as padded tensors."""

    def batch(pairs):
        ids = [torch.from_numpy(tokens) for tokens, _ in pairs]
        lengths = torch.tensor([len(tokens) for tokens in ids])
        padded = nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=padding)
        return padded, lengths, torch.tensor([label for _, label in pairs])

    return batch


def textbook(data, layers, hidden, seed):
    """(examples/s of an epoch, validation accuracy) of the textbook loop."""
    train, validation = read(data)
    torch.manual_seed(seed)
    about = train.about
    model = Textbook(about["vocabulary"], about["padding_id"], layers, hidden, len(about["label_names"]))
    optimizer, pairs = torch.optim.Adam(model.parameters(), lr=RATE), collate(about["padding_id"])
    data = list(zip(as_lists(train), train.labels, strict=True))
    loader = torch.utils.data.DataLoader(data, BATCH, shuffle=True, collate_fn=pairs)
    started = time.perf_counter()
    for input_ids, lengths, labels in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(input_ids, lengths), labels).backward()
        optimizer.step()
    rate = len(train) / (time.perf_counter() - started)
    model.eval()
    data = list(zip(as_lists(validation), validation.labels, strict=True))
    with torch.inference_mode():
        right = [
            (model(input_ids, lengths).argmax(dim=1) == labels).float()
            for input_ids, lengths, labels in torch.utils.data.DataLoader(data, 256, collate_fn=pairs)
        ]
    return rate, float(torch.cat(right).mean())


def ours(data, layers, hidden, seed, precision):
    """(examples/s of an epoch, validation accuracy, GFLOP/s) of the workflow's loop."""
    train, validation = read(data)
    torch.manual_seed(seed)
    recipe = RECIPE | {"layers": layers, "hidden": hidden, "precision": precision}
    model = build_lstm(recipe, train.about)
    flops = model.flops().training
    with tempfile.TemporaryDirectory() as folder:
        checkpoints = Checkpoints(Path(folder) / "checkpoint", {}, seconds=3600)
        _, cost, work = fit(model, train, validation, recipe, RATE, seed, checkpoints)
    return cost["examples_per_second"], cost["validation_accuracy"], work.flops(flops) / cost["seconds"] / 1e9


def compare(case, sides, peer, arguments, peaks, benchmark, targets):
    """Rows of each of our sides (named by precision) against each peer; peer: their names. See `in_turn`."""
    results = in_turn(sides, arguments.rounds)
    rows = []
    for name in (n for n in sides if n not in peer):
        for other in peer:
            mine, theirs = (np.array([result[:2] for result in results[n]]) for n in (name, other))
            speed = statistics.median(result[2] for result in results[name])
            said = [f"{100 * side[:, 1].mean():.1f} ± {100 * np.ptp(side[:, 1]) / 2:.1f} %" for side in (mine, theirs)]
            rows.append(
                row(benchmark, f"{case}, {name}", "examples/s", mine[:, 0], theirs[:, 0], other, arguments,
                    target=targets.get(other), share_of_peak=speed / peaks[f"peak_{name}"],
                    note=f"validation accuracy {said[0]}, theirs {said[1]}")
            )  # fmt: skip
    return rows


def measure(arguments):
    """Rows for each shape and kind of text, in fp32 and bf16; the textbook computes in fp32."""
    peaks, rows = machine(arguments.threads), []
    for name, text in arguments.texts.items():
        for layers, hidden in SHAPES:
            n = EXAMPLES[text.max_length][layers, hidden]
            data = token_files(text, arguments.threads, train=n, validation=min(2000, n))
            shape = {"data": data, "layers": layers, "hidden": hidden}
            sides = {
                "fp32": apart(ours, precision="fp32", **shape),
                "textbook PyTorch loop": apart(textbook, **shape),
                "bf16": apart(ours, precision="bf16", **shape),
            }
            case = f"LSTM-{layers}-{hidden}, {name}"
            peer = ["textbook PyTorch loop"]
            rows += compare(case, sides, peer, arguments, peaks, "lstm_training", {peer[0]: "≥ 3.5"})
    return rows
