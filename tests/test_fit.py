"""The training loop against a plain one, and which weights it ends with."""

import numpy as np
import pytest
import torch

import fit as module
from batches import shuffled_batches
from fit import fit
from lstm import build_lstm
from schedule import multiplier
from test_models import RECIPE, no_checkpoints

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


@pytest.mark.parametrize("schedule", ["linear", "constant"])
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
        return accuracies[len(seen) - 1]

    monkeypatch.setattr(module, "validation_accuracy", scripted)
    recipe = RECIPE | {"validations": 4}
    model = build(examples, recipe)
    history, cost, _ = fit(model, examples, examples, recipe, RATE, SEED, no_checkpoints())
    assert [row["validation_accuracy"] for row in history] == accuracies
    assert cost["validation_accuracy"] == 0.9 and cost["best_step"] == history[1]["step"]
    for name, weights in model.state_dict().items():
        assert torch.equal(weights, seen[1][name])
    assert any(not torch.equal(seen[1][name], seen[3][name]) for name in seen[1])
