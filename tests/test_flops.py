"""Counted operations against formulas, and formulas against torch's own counter."""

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from flops import Work, counted_flops
from lstm import LSTMClassifier
from transformer import load_for_classification


def lstm(frozen=False, layers=2):
    config = {"vocabulary": 100, "padding_id": 0, "embedding_size": 24, "layers": layers, "hidden": 16, "dropout": 0.1,
              "classes": 3}  # fmt: skip
    return LSTMClassifier(config, torch.randn(100, 24), freeze_embeddings=frozen)


def torch_counts(model, length, backward):
    inputs = torch.ones(1, length, dtype=torch.long)
    # As one oneDNN operation an LSTM layer would not be counted.
    with torch.backends.mkldnn.flags(enabled=False), FlopCounterMode(display=False) as counter:
        logits = model(inputs, inputs).logits
        if backward:
            logits.sum().backward()
    return counter.get_total_flops()


@pytest.mark.filterwarnings("ignore:TF32")
@pytest.mark.parametrize("frozen", [True, False])
@pytest.mark.parametrize("layers", [1, 3])
def test_lstm_formula_against_torch(frozen, layers):
    model = lstm(frozen, layers)
    work = Work()
    work.add(1, 40)
    assert work.flops(model.flops().forward) == torch_counts(model, 40, backward=False)
    # The first step has no state before it whose gradient would be wanted: torch leaves that one product out.
    assert work.flops(model.flops().training) == pytest.approx(torch_counts(model, 40, backward=True), rel=0.02)


def test_transformer_count_against_formula(tiny_bert):
    model = load_for_classification(tiny_bert, ["a", "b", "c"], 0.1)
    width, layers, length, classes = 16, 2, 50, 3
    matrices = layers * (4 * width * width + 2 * width * 32)
    once = width * width + width * classes  # pooler and classifier see one state an example
    forward = 2 * matrices * length + layers * 4 * width * length**2 + 2 * once
    work = Work()
    work.add(1, length)
    assert work.flops(counted_flops(model).forward) == forward
    assert work.flops(counted_flops(model).training) == 3 * forward
    assert all(parameter.grad is None for parameter in model.parameters())


def test_work_adds_up_over_batches():
    work = Work()
    for examples, width in ((4, 10), (2, 7)):
        work.add(examples, width)
    assert (work.examples, work.tokens, work.pairs) == (6, 54, 4 * 100 + 2 * 49)
    assert work.flops((5, 3, 2)) == np.dot([5, 3, 2], [6, 54, 498])
