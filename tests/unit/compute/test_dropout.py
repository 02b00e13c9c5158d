"""Dropout with fast masks: the same distribution as torch's, from torch's random state; attention that uses it."""

import pytest
import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention

from pretrain_or_not.compute.dropout import Dropout, dropout, replace_dropouts


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_values_are_zeroed_with_probability_p_and_keep_their_mean(p, dtype):
    torch.manual_seed(0)
    x = torch.ones(401, 501, dtype=dtype)
    y = dropout(x, p)
    assert y.dtype == dtype and y.shape == x.shape
    n = x.numel()
    assert abs(float((y == 0).double().mean()) - p) < 5 * (p * (1 - p) / n) ** 0.5
    # p in steps of 1 / 65536
    assert y.unique().tolist() == pytest.approx([0.0, float(torch.tensor(1 / (1 - p)).to(dtype))], rel=1e-4)
    rows, columns = ((y == 0).double().mean(dim=d) for d in (0, 1))  # no stripes
    for share, size in ((rows, 401), (columns, 501)):
        assert (share - p).abs().max() < 6 * (p * (1 - p) / size) ** 0.5


def test_gradients_are_zeroed_where_values_are():
    x = torch.randn(50, 60, requires_grad=True)
    y = dropout(x, 0.3)
    y.sum().backward()
    torch.testing.assert_close(x.grad * x.detach(), y.detach())


def test_the_mask_follows_from_torchs_random_state():
    x = torch.ones(1000)
    torch.manual_seed(3)
    state, first, second = torch.get_rng_state(), dropout(x, 0.5), dropout(x, 0.5)
    assert not torch.equal(first, second)
    torch.set_rng_state(state)
    assert torch.equal(dropout(x, 0.5), first)


def test_dropout_does_nothing_in_evaluation_or_at_0_and_zeroes_all_at_1():
    x = torch.randn(9, 7)
    assert Dropout(0.5).eval()(x) is x
    assert torch.equal(dropout(x, 0.0), x)
    assert torch.equal(dropout(x, 1.0), torch.zeros_like(x))


def test_all_dropouts_of_a_model_are_replaced():
    model = nn.Sequential(nn.Linear(3, 3), nn.Sequential(nn.Dropout(0.5), nn.ReLU()))
    replace_dropouts(model)
    assert type(model[1][0]) is Dropout and model[1][0].p == 0.5


@pytest.mark.parametrize("masked", [False, True])
def test_attention_is_that_of_torch_on_average_over_dropout(masked):
    from pretrain_or_not.compute.transformer import attention

    torch.manual_seed(0)
    query, key, value = (torch.randn(2, 3, 5, 4) for _ in range(3))
    mask = torch.tensor([1, 1, 1, 0, 0]).bool().expand(2, 1, 5, 5) if masked else None
    expected = scaled_dot_product_attention(query, key, value, mask, scale=0.3).transpose(1, 2)
    module = nn.Identity()
    module.is_causal = False
    exact, _ = attention(module, query, key, value, mask, 0.0, 0.3)
    torch.testing.assert_close(exact, expected)
    dropped = torch.stack([attention(module, query, key, value, mask, 0.2, 0.3)[0] for _ in range(4000)])
    torch.testing.assert_close(dropped.mean(dim=0), expected, rtol=0, atol=0.06)
    weights = torch.eye(5).expand(2, 3, 5, 5)  # as values, they show what each token is attended with
    parts = torch.stack([attention(module, query, key, weights, mask, 0.2, 0.3)[0] for _ in range(400)])
    attended = slice(3 if masked else None)
    assert float((parts[..., attended] == 0).float().mean()) == pytest.approx(0.2, abs=0.02)


def test_padding_that_sees_no_token_does_not_spread():
    from pretrain_or_not.compute.transformer import attention

    torch.manual_seed(0)
    module = nn.Identity()
    module.is_causal = False
    query, key, value = (torch.randn(1, 2, 6, 4, requires_grad=True) for _ in range(3))
    # Two tokens, four of padding, and a window of one to either side: the last rows see nothing.
    near = (torch.arange(6)[:, None] - torch.arange(6)).abs() <= 1
    mask = (near & (torch.arange(6) < 2)).expand(1, 1, 6, 6)
    assert not mask[..., 4, :].any()
    attended, _ = attention(module, query, key, value, mask, 0.1, 0.5)
    attended.sum().backward()
    assert all(torch.isfinite(tensor).all() for tensor in (attended, query.grad, key.grad, value.grad))


def test_a_decoder_attends_to_no_later_token_whether_padded_or_not():
    from pretrain_or_not.compute.transformer import attention

    torch.manual_seed(0)
    module = nn.Identity()
    module.is_causal = True  # transformers gives no mask then, where nothing is padded
    query, key, value = (torch.randn(1, 2, 6, 4) for _ in range(3))
    later = value.clone()
    later[:, :, 3:] += 5

    def attended(value, **options):
        torch.manual_seed(1)
        return attention(module, query, key, value, None, 0.2, 0.5, **options)[0]

    torch.testing.assert_close(attended(value)[:, :3], attended(later)[:, :3])
    both_ways = attended(value, is_causal=False)[:, :3]
    assert not torch.allclose(both_ways, attended(later, is_causal=False)[:, :3])


def test_a_transformer_in_training_uses_the_fast_dropout(tiny_bert):
    from pretrain_or_not.compute.transformer import ATTENTION, load_for_classification

    model = load_for_classification(str(tiny_bert), ["a", "b"], 0.5)
    assert model.config._attn_implementation == ATTENTION
    assert {type(m) for m in model.modules() if isinstance(m, nn.Dropout)} == {Dropout}
    ids = torch.arange(4, 12).view(2, 4)
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]])
    model.eval()
    once = model(input_ids=ids, attention_mask=mask).logits
    padded = model(input_ids=ids[1:, :2], attention_mask=mask[1:, :2]).logits
    torch.testing.assert_close(once[1:], padded)  # padding is not attended to
    model.train()
    torch.manual_seed(0)
    a, b = (model(input_ids=ids, attention_mask=mask).logits for _ in range(2))
    assert not torch.equal(a, b)
