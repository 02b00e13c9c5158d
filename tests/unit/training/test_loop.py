"""The training loop against a plain one, when it stops, and which weights it ends with."""

import numpy as np
import pytest
import torch

import pretrain_or_not.training.classification as module
from helpers.training import RECIPE, no_checkpoints
from pretrain_or_not.arms.lstm import build_lstm
from pretrain_or_not.compute.devices import build_accelerator
from pretrain_or_not.compute.inference import infer, probabilities
from pretrain_or_not.data.batches import shuffled_batches
from pretrain_or_not.training.classification import fit
from pretrain_or_not.training.schedule import multiplier

RATE, SEED = 3e-2, 4


def build(examples, recipe):
    torch.manual_seed(0)
    return build_lstm(recipe, examples.about)


def textbook(model, examples, recipe, steps):
    """Plain AdamW over all weights at every step, decay on matrices only, gradients clipped, the rate set by hand."""
    weights = list(model.parameters())
    groups = [{"params": [p for p in weights if p.ndim >= 2], "weight_decay": recipe["weight_decay"]},
              {"params": [p for p in weights if p.ndim < 2], "weight_decay": 0.0}]  # fmt: skip
    optimizer, norms = torch.optim.AdamW(groups, lr=1.0), []
    epochs = (shuffled_batches(examples, recipe["batch_size"], SEED, epoch) for epoch in range(recipe["epochs"]))
    for step, rows in enumerate(rows for epoch in epochs for rows in epoch):
        batch = {key: torch.from_numpy(value) for key, value in examples.padded(rows).items()}
        labels = batch.pop("labels")
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(**batch).logits, labels).backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_(weights, recipe["clip"])))
        for group in optimizer.param_groups:
            group["lr"] = RATE * multiplier(step, steps, recipe["warmup"], recipe["schedule"])
        optimizer.step()
    return norms


@pytest.mark.parametrize("schedule", ["linear", "cosine", "constant"])
def test_fit_ends_in_the_weights_of_a_plain_loop(make_examples, schedule):
    examples = make_examples(120)
    recipe = RECIPE | {"epochs": 3, "validations": 1, "warmup": 0.3, "schedule": schedule, "weight_decay": 0.5,
                       "clip": 0.2}  # fmt: skip
    model, plain = build(examples, recipe), build(examples, recipe)
    _, cost, _ = fit(model, examples, examples, recipe, RATE, SEED, no_checkpoints())
    norms = textbook(plain, examples, recipe, cost["steps"])
    assert len(norms) == cost["steps"] == 45 and np.median(norms) > recipe["clip"]  # clipping matters
    start = build(examples, recipe).state_dict()
    for name, weights in plain.state_dict().items():
        moved = (weights - start[name]).abs().max()
        assert moved > 1e-2
        torch.testing.assert_close(model.state_dict()[name], weights, rtol=0, atol=float(moved) * 1e-3, msg=name)


def test_fit_ends_with_the_weights_of_the_best_validation(make_examples, monkeypatch):
    examples, seen, accuracies = make_examples(80), [], [0.5, 0.9, 0.1, 0.9]

    def scripted(model, *_):
        seen.append({name: weights.clone() for name, weights in model.state_dict().items()})
        return accuracies[len(seen) - 1], 2.0

    monkeypatch.setattr(module, "validation_score", scripted)
    recipe = RECIPE | {"validations": 4}
    model = build(examples, recipe)
    history, cost, _ = fit(model, examples, examples, recipe, RATE, SEED, no_checkpoints())
    assert [row["validation_score"] for row in history] == accuracies
    assert cost["validation_score"] == 0.9 and cost["best_step"] == history[1]["step"]
    for name, weights in model.state_dict().items():
        assert torch.equal(weights, seen[1][name])
    assert any(not torch.equal(seen[1][name], seen[3][name]) for name in seen[1])


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
    assert cost["validation_score"] == max(row["validation_score"] for row in history) > 0.95
    assert [row["step"] for row in history] == [25, 50, 75] and cost["steps"] == 75
    assert history[-1]["examples"] == cost["examples_seen"] == 5 * 120
    assert history[-1]["loss"] < history[0]["loss"]
    assert cost["tokens_seen"] >= 5 * examples.lengths.sum()
    predicted, _ = infer(model, examples, build_accelerator("fp32"), probabilities)
    np.testing.assert_allclose(predicted.sum(axis=1), 1, rtol=1e-5)
    assert (predicted.argmax(axis=1) == examples.labels).mean() == pytest.approx(cost["validation_score"])


def test_same_seed_same_weights(make_examples):
    examples = learnable(make_examples, 60)
    first, second = (train(examples, dropout=0.3)[0].state_dict() for _ in range(2))
    assert all(torch.equal(first[key], second[key]) for key in first)


@pytest.mark.parametrize("first", [0.7, None])
def test_a_run_that_diverges_keeps_what_was_finite(make_examples, monkeypatch, first):
    """Its last validation, of predictions that are not finite, stops it, and has no accuracy."""
    examples, accuracies = make_examples(80), [first, None, 0.9]
    monkeypatch.setattr(module, "validation_score", lambda *_: (accuracies.pop(0), 1.0))
    history, cost, _ = fit(build(examples, RECIPE), examples, examples, RECIPE, RATE, SEED, no_checkpoints())
    finite = first is not None
    assert [row["validation_score"] for row in history] == ([0.7, None] if finite else [None])
    assert cost["validation_score"] == first and cost["steps"] == history[-1]["step"] < 20
    assert cost["best_step"] == (history[0]["step"] if finite else None)


def test_a_rate_without_bounds_gives_a_run_without_accuracy(make_examples):
    examples = make_examples(80)
    model = build(examples, RECIPE)
    history, cost, _ = fit(model, examples, examples, RECIPE | {"clip": None}, 1e39, SEED, no_checkpoints())
    assert cost["validation_score"] is None and [row["validation_score"] for row in history] == [None]
    assert not np.isfinite(infer(model, examples, build_accelerator("fp32"), probabilities)[0]).all()


def test_patience_stops_early(make_examples):
    _, history, cost = train(learnable(make_examples, 80), epochs=40, validations=40, patience=2)
    assert len(history) < 40
    best = max(row["validation_score"] for row in history)
    assert [row["validation_score"] for row in history].index(best) == len(history) - 3
    assert cost["best_step"] == history[-3]["step"]


def test_min_steps_repeats_a_tiny_subset(make_examples):
    examples = make_examples(10)
    _, _, cost = train(examples, epochs=1, min_steps=7)
    first = shuffled_batches(examples, 8, SEED, 3)[0]  # of the fourth epoch, the short batch or the other one
    assert cost["steps"] == 7 and cost["examples_seen"] == 10 * 3 + len(first)
