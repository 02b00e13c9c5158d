"""Warm-up, decay, and when to validate."""

import pytest
import torch

from pretrain_or_not.training.schedule import multiplier, planned_steps, validation_steps


@pytest.mark.parametrize(("steps", "warmup"), [(100, 0.1), (7, 0.3), (40, 0.0), (1, 0.0)])
def test_linear_schedule_against_the_formula(steps, warmup):
    rising = round(steps * warmup)
    for step in range(steps):
        if step < rising:
            expected = (step + 1) / (rising + 1)
        else:
            expected = 1 - (step - rising) / (steps - rising)
        assert multiplier(step, steps, warmup, "linear") == pytest.approx(expected)
    assert multiplier(steps, steps, warmup, "linear") == 0
    assert max(multiplier(step, steps, warmup, "linear") for step in range(steps)) == 1


def test_cosine_schedule_against_that_of_transformers():
    from torch.optim import SGD
    from transformers import get_cosine_schedule_with_warmup

    optimizer = SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = get_cosine_schedule_with_warmup(optimizer, 0, 50)
    for step in range(50):
        assert multiplier(step, 50, 0.0, "cosine") == pytest.approx(theirs.get_last_lr()[0])
        optimizer.step()
        theirs.step()
    rising = [multiplier(step, 50, 0.2, "cosine") for step in range(51)]
    assert rising[9] == pytest.approx(10 / 11) and rising[10] == 1 and rising[50] == pytest.approx(0)
    assert rising[30] == pytest.approx(0.5)  # half-way


def test_constant_schedule_stays_after_warm_up():
    assert [multiplier(step, 10, 0.2, "constant") for step in range(10)] == pytest.approx([1 / 3, 2 / 3] + [1] * 8)


@pytest.mark.parametrize(
    ("examples", "batch", "epochs", "least", "steps"),
    [(100, 32, 3, 0, 12), (100, 32, 3, 50, 50), (64, 32, 0.5, 0, 1), (1, 32, 0.1, 0, 1)],
)
def test_planned_steps(examples, batch, epochs, least, steps):
    assert planned_steps(examples, batch, epochs, least) == steps


@pytest.mark.parametrize(("steps", "times"), [(100, 4), (3, 10), (7, 3), (1, 1)])
def test_validations_are_evenly_spaced_up_to_the_last_step(steps, times):
    after = validation_steps(steps, times)
    assert after[-1] == steps and after[0] >= 1 and len(after) == min(steps, times)
    distances = [b - a for a, b in zip([0, *after], after, strict=False)]
    assert max(distances) - min(distances) <= 1
