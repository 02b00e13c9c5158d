"""The row-wise optimizer of embedding tables: the same weights as plain AdamW, to rounding."""

import copy
import io

import numpy as np
import pytest
import torch
from torch import nn

import pretrain_or_not.training.rowwise_adamw as rowwise_adamw
from pretrain_or_not.training.rowwise_adamw import RowwiseAdamW

ROWS, WIDTH, STEPS = 400, 6, 900
# Gradients far above and far below AdamW's epsilon (1e-8), which limits how far a row moves.
SCALES = torch.tensor([1.0, 1e-2, 1e-5, 1e-7, 1e-8, 1e-10])


def rate(step):
    """A learning rate that warms up and falls to 0."""
    return 1e-2 * min(1, (step + 1) / 50) * (1 - step / STEPS)


def batches():
    """Token ids of each step, by Zipf's law: some rows come all the time, some once, some never."""
    rng = np.random.default_rng(0)
    weights = 1 / np.arange(1, ROWS + 1) ** 1.5
    return [torch.from_numpy(rng.choice(ROWS, (4, 5), p=weights / weights.sum())) for _ in range(STEPS)]


class Toy(nn.Module):
    """A table and a vector; gradients of the table do not depend on its weights, so that rounding stays rounding."""

    def __init__(self, padding=None):
        super().__init__()
        torch.manual_seed(0)
        self.table = nn.Embedding(ROWS, WIDTH, padding)
        self.vector = nn.Parameter(torch.zeros(3))

    def loss(self, ids, step):
        """A loss with gradients of SCALES, of random signs."""
        push = torch.randn(*ids.shape, WIDTH, generator=torch.Generator().manual_seed(step), dtype=torch.float64)
        pushed = (self.table(ids) * (push * SCALES).to(self.table.weight.dtype)).sum()
        return pushed + (self.vector - 1).square().sum().to(pushed.dtype)


def groups(model, decay):
    return [{"params": [model.table.weight], "weight_decay": decay}, {"params": [model.vector], "weight_decay": 0.0}]


def train(model, optimizer, steps=range(STEPS), look=None):
    """Train, looking at the weights in between; returns what was seen."""
    ids, seen = batches(), []
    for step in steps:
        model.train()
        for group in optimizer.param_groups:
            group["lr"] = rate(step)
        optimizer.zero_grad()
        model.loss(ids[step], step).backward()
        optimizer.step()
        if look and (step + 1) % look == 0:
            model.eval()
            with torch.inference_mode():
                model.table(ids[0])
            seen.append(model.table.weight.detach().clone())
    model.eval()
    with torch.no_grad():
        model.table(ids[0])
    return seen


def exact(decay, **options):
    """The weights of plain AdamW in double precision."""
    model = Toy(**options).double()
    train(model, torch.optim.AdamW(groups(model, decay)))
    return model


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_weights_are_those_of_plain_adamw_to_rounding(decay):
    truth, plain, rowwise = exact(decay), Toy(), Toy()
    train(plain, torch.optim.AdamW(groups(plain, decay), fused=True))
    train(rowwise, RowwiseAdamW(groups(rowwise, decay), rowwise.table))
    assert torch.equal(plain.vector, rowwise.vector)
    moved = (truth.table.weight - Toy().table.weight).abs()
    assert moved[0].min() > 1e-3 and moved.max() > 0.1
    wrong = [(m.table.weight - truth.table.weight).abs().max(dim=0).values for m in (plain, rowwise)]
    # Each column has its own size of gradients.
    assert (wrong[1] <= 1.5 * wrong[0] + 2e-7).all(), wrong


def test_looking_in_between_changes_nothing_but_rounding():
    often, once = Toy(), Toy()
    seen = train(often, RowwiseAdamW(groups(often, 0.01), often.table), look=37)
    train(once, RowwiseAdamW(groups(once, 0.01), once.table))
    torch.testing.assert_close(often.table.weight, once.table.weight, rtol=5e-6, atol=1e-6)
    plain = Toy()
    plain_seen = train(plain, torch.optim.AdamW(groups(plain, 0.01), fused=True), look=37)
    for ours, theirs in zip(seen, plain_seen, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=5e-6, atol=1e-6)


def test_a_saved_state_goes_on_to_the_same_bits():
    whole, first = Toy(), Toy()
    train(whole, RowwiseAdamW(groups(whole, 0.01), whole.table))
    ids, optimizer = batches(), RowwiseAdamW(groups(first, 0.01), first.table)
    for step in range(333):
        for group in optimizer.param_groups:
            group["lr"] = rate(step)
        optimizer.zero_grad()
        first.loss(ids[step], step).backward()
        optimizer.step()
    file = io.BytesIO()
    torch.save([first.state_dict(), optimizer.state_dict()], file)
    file.seek(0)
    weights, state = torch.load(file, weights_only=True)
    second = Toy()
    second.load_state_dict(weights)
    resumed = RowwiseAdamW(groups(second, 0.01), second.table)
    resumed.load_state_dict(state)
    train(second, resumed, range(333, STEPS))
    assert torch.equal(second.table.weight, whole.table.weight)


def test_the_row_of_padding_gets_no_gradient():
    model = Toy(padding=0)
    before = model.table.weight[0].clone()
    train(model, RowwiseAdamW(groups(model, 0.0), model.table))
    assert torch.equal(model.table.weight[0], before)


def test_clipping_sees_all_gradients():
    plain, rowwise = Toy(), Toy()
    optimizer = RowwiseAdamW(groups(rowwise, 0.0), rowwise.table)
    train(rowwise, optimizer)
    plain.load_state_dict(copy.deepcopy(rowwise.state_dict()))
    ids = batches()[0]
    for model in (plain, rowwise):
        model.train().zero_grad()
        optimizer.zero_grad()
        model.loss(ids, 0).backward()
    of_all = torch.nn.utils.get_total_norm([p.grad for p in plain.parameters()])
    torch.testing.assert_close(torch.nn.utils.get_total_norm([t.grad for t in optimizer.trained()]), of_all)
    assert optimizer.looked_up["weight"].shape[0] == len(ids.unique()) < ROWS  # a row a token, not the table


def test_rows_that_are_left_alone_are_not_visited(monkeypatch):
    model, visited = Toy(), []
    optimizer = RowwiseAdamW(groups(model, 0.0), model.table)
    catch_up = optimizer.catch_up
    monkeypatch.setattr(optimizer, "catch_up", lambda rows: visited.append(len(rows)) or catch_up(rows))
    for step, ids in enumerate(batches()):
        model.loss(ids, step).backward()
        optimizer.step()
        optimizer.zero_grad()
    assert len(visited) == STEPS - rowwise_adamw.PLAIN_STEPS and max(visited) <= 20


def test_a_table_that_is_used_otherwise_is_refused():
    model = Toy()
    optimizer = RowwiseAdamW(groups(model, 0.0), model.table)
    ids = batches()
    for step in range(rowwise_adamw.PLAIN_STEPS):
        model.loss(ids[step], step).backward()
        optimizer.step()
        optimizer.zero_grad()
    model.table(ids[0])
    with pytest.raises(RuntimeError, match="looked up twice"):
        model.table(ids[1])
    optimizer.zero_grad()
    (model.loss(ids[0], 0) + model.table.weight.sum()).backward()
    with pytest.raises(RuntimeError, match="past its own forward"):
        optimizer.step()
