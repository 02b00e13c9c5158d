"""Counted operations against formulas, and formulas against torch's own counter."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoConfig, AutoModelForSequenceClassification

from pretrain_or_not.arms.lstm import LSTMClassifier
from pretrain_or_not.compute.flops import Work, counted_flops
from pretrain_or_not.compute.transformer import load_for_classification


def lstm(frozen=False, layers=2):
    config = {"vocabulary": 100, "padding_id": 0, "embedding_size": 24, "layers": layers, "hidden": 16, "dropout": 0.1,
              "classes": 3}  # fmt: skip
    return LSTMClassifier(config, torch.randn(100, 24), freeze_embeddings=frozen)


def torch_counts(model, length, backward, examples=1):
    inputs = torch.ones(examples, length, dtype=torch.long)
    # As one oneDNN operation an LSTM layer would not be counted, nor would fused attention.
    plain = torch.backends.mkldnn.flags(enabled=False)
    with plain, sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        logits = model(input_ids=inputs, attention_mask=inputs).logits
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


SMALL = {"vocab_size": 60, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
         "intermediate_size": 32, "max_position_embeddings": 40, "pad_token_id": 0}  # fmt: skip
RELATIVE = {"relative_attention": True, "position_biased_input": False, "pos_att_type": ["p2c", "c2p"]}
BUCKETS = {"position_buckets": 8, "norm_rel_ebd": "layer_norm", "share_att_key": True}
SHARED = {
    # what is counted, and what all examples of a batch share: operations a batch, operations a token of its width
    "bert": ("bert", {}, (0, 0)),
    "deberta": ("deberta", RELATIVE, (0, 2 * 2 * 2 * 2 * 16 * 16)),  # both directions, two projections, two layers
    "deberta-v2": ("deberta-v2", RELATIVE, (2 * 2 * 80 * 2 * 16 * 16, 0)),  # of 2 * 40 distances, whatever the width
    "deberta-v2, buckets": ("deberta-v2", RELATIVE | BUCKETS, (2 * 2 * 16 * 2 * 16 * 16, 0)),
}


@pytest.mark.filterwarnings("ignore:TF32")
@pytest.mark.parametrize("name", SHARED)
def test_operations_shared_by_a_batch_are_counted_once(name):
    kind, settings, shared = SHARED[name]
    model = AutoModelForSequenceClassification.from_config(AutoConfig.for_model(kind, **SMALL, **settings)).eval()
    forward, training = counted_flops(model)
    assert forward[3:] == shared
    batches, work = [(1, 11), (3, 30), (7, 30)], Work()
    for batch in batches:
        work.add(*batch)
    for polynomial, backward in ((forward, False), (training, True)):
        assert work.flops(polynomial) == sum(torch_counts(model, n, backward, examples) for examples, n in batches)


def test_a_batch_shared_by_processes_counts_as_several():
    work = Work()
    work.add(6, 10, batches=3)
    assert work.flops((0, 0, 0, 7, 2)) == 3 * (7 + 2 * 10) and work.flops((1, 0, 0)) == 6


def test_work_adds_up_over_batches():
    work = Work()
    for examples, width in ((4, 10), (2, 7)):
        work.add(examples, width)
    assert (work.examples, work.tokens, work.pairs) == (6, 54, 4 * 100 + 2 * 49)
    assert work.flops((5, 3, 2)) == np.dot([5, 3, 2], [6, 54, 498])


def test_a_model_is_counted_on_its_device():
    class Small(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.table, self.head = torch.nn.Embedding(9, 4), torch.nn.Linear(4, 3)

        def forward(self, input_ids, attention_mask):
            return SimpleNamespace(logits=self.head(self.table(input_ids) * attention_mask[..., None]))

    assert counted_flops(Small().to("meta")) == counted_flops(Small())  # a tensor elsewhere would be an error
