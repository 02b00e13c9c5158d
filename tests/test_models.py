"""The LSTM, the optimizer and the training loop."""

import numpy as np
import pytest
import torch
from torch import nn

from checkpoint import Checkpoints
from devices import build_accelerator
from fit import fit
from inference import infer, probabilities
from lstm import LSTMClassifier, build_lstm, masked_max

RECIPE = {
    "family": "lstm", "tokenizer": "tiny", "embeddings": None, "freeze_embeddings": True, "embedding_size": 12,
    "layers": 2, "hidden": 8, "dropout": 0.0, "batch_size": 8, "epochs": 2, "min_steps": 0, "validations": 3,
    "patience": None, "warmup": 0.1, "schedule": "linear", "weight_decay": 0.0, "clip": 1.0, "precision": "fp32",
}  # fmt: skip


NEVER = 1e9  # seconds between checkpoints


def no_checkpoints(folder="no-checkpoints"):
    return Checkpoints(folder, "", NEVER)


def as_tensors(batch):
    return torch.from_numpy(batch["input_ids"]), torch.from_numpy(batch["attention_mask"])


def test_masked_max_equals_a_loop():
    torch.manual_seed(0)
    states, lengths = torch.randn(5, 7, 3) - 10, [7, 1, 3, 2, 7]  # all negative: padding of 0 would win
    mask = torch.tensor([[1] * k + [0] * (7 - k) for k in lengths])
    looped = torch.stack([states[i, :k].max(dim=0).values for i, k in enumerate(lengths)])
    assert torch.equal(masked_max(states, mask), looped)


def test_an_example_scores_the_same_alone_and_in_a_padded_batch(make_examples):
    torch.manual_seed(0)
    examples = make_examples(9)
    model = build_lstm(RECIPE, examples.about).eval()
    with torch.no_grad():
        together = model(*as_tensors(examples.padded(np.arange(9)))).logits
        alone = torch.cat([model(*as_tensors(examples.padded(np.array([i])))).logits for i in range(9)])
    torch.testing.assert_close(together, alone)


def test_layers_equal_torch_packed_bidirectional_lstm(make_examples):
    torch.manual_seed(0)
    examples = make_examples(6)
    model = build_lstm(RECIPE | {"layers": 1}, examples.about).eval()
    peer = nn.LSTM(12, 8, batch_first=True, bidirectional=True)
    layer = model.layers[0]
    for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"):
        getattr(peer, name).data.copy_(getattr(layer.forwards, name))
        getattr(peer, f"{name}_reverse").data.copy_(getattr(layer.backwards, name))
    input_ids, mask = as_tensors(examples.padded(np.arange(6)))
    packed = nn.utils.rnn.pack_padded_sequence(
        model.embedding(input_ids), mask.sum(dim=1), batch_first=True, enforce_sorted=False
    )
    states, _ = nn.utils.rnn.pad_packed_sequence(peer(packed)[0], batch_first=True, padding_value=-1e9)
    torch.testing.assert_close(model(input_ids, mask).logits, model.classifier(states.amax(dim=1)))


@pytest.mark.parametrize("frozen", [True, False])
def test_gradients_reach_what_they_should(make_examples, frozen):
    examples = make_examples(20)
    embeddings = torch.randn(50, 12)
    model = build_lstm(RECIPE | {"embeddings": "tiny", "freeze_embeddings": frozen}, examples.about, embeddings)
    model(*as_tensors(examples.padded(np.arange(20)))).logits.logsumexp(dim=1).sum().backward()
    for name, parameter in model.named_parameters():
        reached = parameter.grad is not None and bool(parameter.grad.abs().sum() > 0)
        assert reached != (frozen and name == "embedding.weight"), name
    if not frozen:
        assert model.embedding.weight.grad[0].abs().sum() == 0  # padding gets none


def test_frozen_embeddings_stay_bit_identical_and_others_move(make_examples):
    examples, embeddings = make_examples(40), torch.randn(50, 12)
    trained = {}
    for frozen in (True, False):
        recipe = RECIPE | {"embeddings": "tiny", "freeze_embeddings": frozen, "weight_decay": 0.1}
        torch.manual_seed(0)
        model = build_lstm(recipe, examples.about, embeddings)
        fit(model, examples, examples, recipe, 1e-2, 0, no_checkpoints())
        trained[frozen] = model.embedding.weight.detach()
    assert torch.equal(trained[True], embeddings)
    assert not torch.equal(trained[False], embeddings)


def learnable(make_examples, n):
    """Examples whose label is told by one token."""
    examples = make_examples(n, classes=2)
    tokens = examples.tokens.copy()
    tokens[examples.offsets[:-1]] = np.where(examples.labels == 1, 48, 49)
    tokens[tokens >= 48] = np.where(
        np.isin(np.flatnonzero(tokens >= 48), examples.offsets[:-1]), tokens[tokens >= 48], 1
    )
    return type(examples)(examples.ids, examples.labels, tokens, examples.offsets, examples.about)


def train(examples, **changes):
    recipe = RECIPE | {"epochs": 5} | changes
    torch.manual_seed(1)
    model = build_lstm(recipe, examples.about)
    history, cost, _ = fit(model, examples, examples, recipe, 1e-2, 1, no_checkpoints())
    return model, history, cost


def test_fit_learns_and_reports_what_it_did(make_examples):
    examples = learnable(make_examples, 120)
    model, history, cost = train(examples)
    assert cost["validation_accuracy"] == max(row["validation_accuracy"] for row in history) > 0.95
    assert [row["step"] for row in history] == [25, 50, 75] and cost["steps"] == 75
    assert history[-1]["examples"] == cost["examples_seen"] == 5 * 120
    assert history[-1]["loss"] < history[0]["loss"]
    assert cost["tokens_seen"] >= 5 * examples.lengths.sum()
    predicted, _ = infer(model, examples, build_accelerator("fp32"), probabilities)
    np.testing.assert_allclose(predicted.sum(axis=1), 1, rtol=1e-5)
    assert (predicted.argmax(axis=1) == examples.labels).mean() == pytest.approx(cost["validation_accuracy"])


def test_same_seed_same_weights(make_examples):
    examples = learnable(make_examples, 60)
    first, second = (train(examples, dropout=0.3)[0].state_dict() for _ in range(2))
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_patience_stops_early(make_examples):
    _, history, cost = train(learnable(make_examples, 80), epochs=40, validations=40, patience=2)
    assert len(history) < 40
    best = max(row["validation_accuracy"] for row in history)
    assert [row["validation_accuracy"] for row in history].index(best) == len(history) - 3
    assert cost["best_step"] == history[-3]["step"]


def test_min_steps_repeats_a_tiny_subset(make_examples):
    _, _, cost = train(make_examples(10), epochs=1, min_steps=7)
    assert cost["steps"] == 7 and cost["examples_seen"] == 10 * 3 + 8


def test_a_saved_lstm_loads_as_it_was(make_examples, tmp_path):
    examples = make_examples(20)
    model = build_lstm(RECIPE, examples.about)
    model.save_pretrained(tmp_path)
    again = LSTMClassifier.from_folder(tmp_path)
    accelerator = build_accelerator("fp32")
    first, second = (infer(m, examples, accelerator, probabilities)[0] for m in (model, again))
    assert np.array_equal(first, second)
