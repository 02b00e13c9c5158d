"""Reversal and maximum over time: values and gradients as torch's own."""

import pytest
import torch

from pretrain_or_not.compute.time_axis import masked_max, reversal, reverse

LENGTHS = [7, 1, 3, 2, 7]
MASK = torch.tensor([[1] * k + [0] * (7 - k) for k in LENGTHS])


def with_gradient(function, states, weights):
    """Return `function` of `states`, and the gradient of its sum weighted by `weights`."""
    states = states.clone().requires_grad_()
    result = function(states)
    (result * weights).sum().backward()
    return result.detach(), states.grad


def test_each_example_is_reversed_within_its_length():
    torch.manual_seed(0)
    states, weights = torch.randn(2, 5, 7, 4)
    looped = torch.stack([torch.cat([s[:k].flip(0), s[k:]]) for s, k in zip(states, LENGTHS, strict=True)])
    positions = reversal(MASK)
    assert torch.equal(reverse(states, positions), looped)
    assert torch.equal(reverse(looped, positions), states)
    _, gradient = with_gradient(lambda x: reverse(x, positions), states, weights)
    assert torch.equal(gradient, reverse(weights, positions))


def test_masked_max_equals_a_loop():
    torch.manual_seed(0)
    states = torch.randn(5, 7, 3) - 10  # all negative: padding of 0 would win
    looped = torch.stack([states[i, :k].max(dim=0).values for i, k in enumerate(LENGTHS)])
    assert torch.equal(masked_max(states, MASK), looped)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_maximum_and_its_gradient_are_those_of_amax(dtype):
    """States are rounded to few values, so that many steps share the maximum."""
    torch.manual_seed(0)
    states = (torch.randn(5, 7, 30) * 2).round().to(dtype) - 10  # all negative: padding of 0 would win
    weights = torch.randn(5, 30).to(dtype)
    ours = with_gradient(lambda x: masked_max(x, MASK), states, weights)
    padding = MASK.unsqueeze(-1) == 0
    theirs = with_gradient(lambda x: x.masked_fill(padding, float("-inf")).amax(dim=1), states, weights)
    assert (theirs[1] != 0).sum() > 5 * 30  # some were shared
    assert torch.equal(ours[0], theirs[0])
    torch.testing.assert_close(ours[1], theirs[1])
