"""Training an LSTM for one epoch: the workflow's `fit` against the textbook loop, both from random weights."""

import time

import torch
from harness import apart, as_lists, compare, epoch, precisions, read, token_files
from torch import nn

from pretrain_or_not.arms.lstm import build_lstm

SHAPES = ((1, 128), (2, 256))
BATCH, RATE, DROPOUT = 64, 2e-3, 0.3
# Examples of an epoch: enough that a round takes some seconds.
EXAMPLES = {64: {(1, 128): 20_000, (2, 256): 10_000}, 256: {(1, 128): 640, (2, 256): 128}}
RECIPE = {
    "class_weights": None,
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
    """Return a function that turns a list of (token ids, label) into padded tensors."""

    def batch(pairs):
        ids = [torch.from_numpy(tokens) for tokens, _ in pairs]
        lengths = torch.tensor([len(tokens) for tokens in ids])
        padded = nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=padding)
        return padded, lengths, torch.tensor([label for _, label in pairs])

    return batch


def textbook(data, layers, hidden, seed):
    """Return (examples/s of an epoch, validation accuracy) of the textbook loop."""
    train, validation = read(data)
    torch.manual_seed(seed)
    about, device = train.about, torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = Textbook(about["vocabulary"], about["padding_id"], layers, hidden, len(about["label_names"])).to(device)
    optimizer, pairs = torch.optim.Adam(model.parameters(), lr=RATE), collate(about["padding_id"])
    data = list(zip(as_lists(train), train.labels, strict=True))
    loader = torch.utils.data.DataLoader(data, BATCH, shuffle=True, collate_fn=pairs)
    started = time.perf_counter()
    for input_ids, lengths, labels in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(input_ids.to(device), lengths), labels.to(device)).backward()
        optimizer.step()
    if device.type == "cuda":
        torch.cuda.synchronize()
    rate = len(train) / (time.perf_counter() - started)
    model.eval()
    data = list(zip(as_lists(validation), validation.labels, strict=True))
    with torch.inference_mode():
        right = [
            (model(input_ids.to(device), lengths).argmax(dim=1).cpu() == labels).float()
            for input_ids, lengths, labels in torch.utils.data.DataLoader(data, 256, collate_fn=pairs)
        ]
    return rate, float(torch.cat(right).mean())


def ours(data, layers, hidden, seed, precision):
    """Return the result of `epoch` for the workflow's loop."""
    recipe = RECIPE | {"layers": layers, "hidden": hidden, "precision": precision}

    def build(about):
        model = build_lstm(recipe, about)
        return model, model.flops()

    return epoch(build, data, seed, recipe, RATE)


def measure(arguments):
    """Return rows for each shape and kind of text."""
    rows = []
    for name, text in arguments.texts.items():
        for layers, hidden in SHAPES:
            n = EXAMPLES[text.max_length][layers, hidden]
            data = token_files(text, arguments.threads, train=n, validation=min(2000, n))
            case = f"LSTM-{layers}-{hidden}, {name}"
            rows += compare_shape(case, data, layers, hidden, precisions(), arguments, target="≥ 3.5")
    return rows


def compare_shape(case, data, layers, hidden, modes, arguments, target=None, warm_up=None):
    """Return rows for one shape in each of `modes`, precisions; the textbook loop uses fp32.

    data: see `read`. warm_up: see `apart`.
    """
    shape, peer = {"data": data, "layers": layers, "hidden": hidden}, "textbook PyTorch loop"
    sides = {precision: apart(ours, warm_up, precision=precision, **shape) for precision in modes}
    sides[peer] = apart(textbook, warm_up, **shape)
    return compare(case, sides, [peer], arguments, "lstm_training", {peer: target})
