"""Attention and feed-forward with the gradient written out, against the same sums left to autograd."""

import pytest
import torch
import torch.nn.functional as F

from mmagenc.models.layers import EncoderLayer, OneTokenDecoderLayer, SelfAttention, fused

BATCH, LENGTH, DIM, HEADS, FF = 2, 3, 4, 2, 5


def draws(*shape):
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


def keep(*shape):
    """Some elements dropped, whatever the seed."""
    return (torch.arange(torch.Size(shape).numel()) % 3 > 0).view(shape).to(torch.int16)


@pytest.mark.parametrize('dropping', [False, True])
@pytest.mark.parametrize('masked', [False, True])
def test_attention(dropping, masked):
    r"""softmax(q kᵀ / √d + mask) ∘ keep · scale · v, head by head, and its gradients by finite differences."""
    x, weight, bias = draws(BATCH, LENGTH, DIM), draws(3 * DIM, DIM), draws(3 * DIM)
    mask = (torch.arange(LENGTH) < torch.tensor([[3], [2]]))[:, None] if masked else None
    kept, scale = (keep(BATCH, HEADS, LENGTH, LENGTH), 1.5) if dropping else (None, 1.)

    def ours(*tensors):
        return fused.Attention.apply(*tensors, HEADS, mask, kept, scale)

    query, key, value = F.linear(x, weight, bias).unflatten(-1, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
    score = query @ key.mT / (DIM // HEADS)**0.5
    weights = (score if mask is None else score.masked_fill(~mask[:, None], -torch.inf)).softmax(-1)
    weights = weights if kept is None else weights * kept * scale
    torch.testing.assert_close(ours(x, weight, bias), (weights @ value).transpose(1, 2).flatten(2))
    assert torch.autograd.gradcheck(ours, (x, weight, bias))


@pytest.mark.parametrize('dropping', [False, True])
def test_feed_forward(dropping):
    """W₂ (keep · scale · GELU(W₁ x + b₁)) + b₂, and its gradients by finite differences."""
    tensors = draws(BATCH, LENGTH, DIM), draws(FF, DIM), draws(FF), draws(DIM, FF), draws(DIM)
    kept, scale = (keep(BATCH, LENGTH, FF), 1.5) if dropping else (None, 1.)

    def ours(*tensors):
        return fused.FeedForward.apply(*tensors, kept, scale)

    x, weight1, bias1, weight2, bias2 = tensors
    factors = 1. if kept is None else kept * scale
    torch.testing.assert_close(ours(*tensors), F.linear(F.gelu(F.linear(x, weight1, bias1)) * factors, weight2, bias2))
    assert torch.autograd.gradcheck(ours, tensors)


def gradients(layer, arguments, target):
    """Output, and gradients of the input and all parameters, of one step from one seed."""
    x = arguments[0].detach().requires_grad_()
    layer.zero_grad()
    torch.manual_seed(7)
    out = layer(x, *arguments[1:])
    out.backward(target[:, :out.shape[1]])
    return [out.detach(), x.grad, *(value.grad.clone() for value in layer.parameters() if value.grad is not None)]


@pytest.mark.parametrize('dropout', [0., 0.3])
@pytest.mark.parametrize('layer', [EncoderLayer, OneTokenDecoderLayer])
def test_layers_draw_and_compute_as_without(layer, dropout, monkeypatch):
    """A seed gives the same masks, results and gradients whichever way a layer computes."""
    layer = layer(32, 4, 48, dropout)
    x, target = torch.randn(3, 10, 32), torch.randn(3, 10, 32)
    mask = torch.arange(10) < torch.tensor([[10], [4], [7]])
    arguments = (x, mask) if isinstance(layer, EncoderLayer) else (x, torch.randn(3, 32), mask)
    written_out = gradients(layer, arguments, target)
    monkeypatch.setattr(fused, 'applies_to', lambda x: False)
    for ours, expected in zip(written_out, gradients(layer, arguments, target), strict=True):
        torch.testing.assert_close(ours, expected, atol=2e-5, rtol=1e-4)


def test_few_queries_draw_and_compute_as_all(monkeypatch):
    """Attention from two tokens, without keys and values, is that from all: same numbers, same gradients, biases included."""
    attention, x, target = SelfAttention(32, 4, 0.), torch.randn(3, 10, 32), torch.randn(3, 2, 32)
    torch.nn.init.normal_(attention.in_proj_bias)
    mask = torch.arange(10) < torch.tensor([[10], [4], [7]])
    few = gradients(attention, (x, mask, 2), target)
    whole = gradients(attention, (x, mask), torch.cat((target, target.new_zeros(3, 8, 32)), dim=1))
    whole[0] = whole[0][:, :2]
    for ours, expected in zip(few, whole, strict=True):
        torch.testing.assert_close(ours, expected, atol=2e-5, rtol=1e-4)


def test_few_queries_have_the_moments_of_attention_with_dropout():
    attention, plain = SelfAttention(8, 2, 0.3), torch.nn.MultiheadAttention(8, 2, dropout=0.3, batch_first=True)
    torch.nn.init.normal_(attention.in_proj_bias)
    plain.load_state_dict(attention.state_dict())
    x = torch.randn(1, 5, 8).expand(20_000, -1, -1)
    with torch.no_grad():
        ours, theirs = attention(x, num_queries=2), plain(x[:, :2], x, x, need_weights=False)[0]
    torch.testing.assert_close(ours.mean(0), theirs.mean(0), atol=0.02, rtol=0.05)
    torch.testing.assert_close(ours.std(0), theirs.std(0), atol=0.02, rtol=0.05)


def test_frozen_parameters_cost_and_get_no_gradient():
    layer = EncoderLayer(32, 4, 48, 0.1)
    for name, value in layer.named_parameters():
        value.requires_grad_('linear2' in name)
    layer(torch.randn(2, 6, 32)).sum().backward()
    assert {name for name, value in layer.named_parameters() if value.grad is not None} == {'linear2.weight', 'linear2.bias'}


@pytest.mark.parametrize(('why', 'expected'), [('plain', True), ('no gradient', False), ('autocast', False)])
def test_where_it_is_of_use(why, expected):
    with torch.set_grad_enabled(why != 'no gradient'), torch.autocast('cpu', torch.bfloat16, enabled=why == 'autocast'):
        assert fused.applies_to(torch.randn(2)) is expected
