"""Layers against ``nn.Transformer``'s: same parameters, same numbers, same distribution under dropout."""

import pytest
import torch
from torch import nn

from mmagenc.models.layers import EncoderLayer, OneTokenAttention, OneTokenDecoderLayer, SelfAttention, sinusoidal_encoding

DIM, HEADS, FF, BATCH, LENGTH = 32, 4, 48, 3, 10
PLAIN = dict(d_model=DIM, nhead=HEADS, dim_feedforward=FF, activation='gelu', batch_first=True)


def pair(ours, plain, dropout=0.):
    """One layer of each kind with equal random parameters, biases and norms included."""
    ours, plain = ours(DIM, HEADS, FF, dropout), plain(**PLAIN, dropout=dropout)
    ours.load_state_dict({name: torch.randn_like(value) * 0.3 for name, value in plain.state_dict().items()})
    plain.load_state_dict(ours.state_dict())
    return ours, plain


@pytest.mark.parametrize('masked', [False, True])
@pytest.mark.parametrize('training', [False, True])
def test_encoder_layer(masked, training):
    ours, plain = (layer.train(training) for layer in pair(EncoderLayer, nn.TransformerEncoderLayer))
    x = torch.randn(BATCH, LENGTH, DIM)
    mask = torch.arange(LENGTH) < torch.tensor([[10], [4], [7]]) if masked else None
    expected = plain(x, src_key_padding_mask=None if mask is None else ~mask)
    valid = slice(None) if mask is None else mask
    torch.testing.assert_close(ours(x, mask)[valid], expected[valid], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(ours(x, mask, num_queries=2), expected[:, :2], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('masked', [False, True])
@pytest.mark.parametrize('training', [False, True])
def test_decoder_layer(masked, training):
    ours, plain = (layer.train(training) for layer in pair(OneTokenDecoderLayer, nn.TransformerDecoderLayer))
    x, memory = torch.randn(BATCH, LENGTH, DIM), torch.randn(BATCH, DIM)
    mask = torch.arange(LENGTH) < torch.tensor([[10], [4], [7]]) if masked else None
    expected = plain(x, memory[:, None], tgt_key_padding_mask=None if mask is None else ~mask)
    valid = slice(None) if mask is None else mask
    torch.testing.assert_close(ours(x, memory, mask)[valid], expected[valid], atol=1e-5, rtol=1e-5)


def test_decoder_layer_on_shared_tokens():
    layer = OneTokenDecoderLayer(DIM, HEADS, FF, 0.1).eval()
    x, memory = torch.randn(1, LENGTH, DIM), torch.randn(BATCH, DIM)
    torch.testing.assert_close(layer(x, memory), layer(x.expand(BATCH, -1, -1), memory))


LAYERS = [(EncoderLayer, nn.TransformerEncoderLayer), (OneTokenDecoderLayer, nn.TransformerDecoderLayer)]


@pytest.mark.parametrize(('ours', 'plain'), LAYERS)
def test_initial_values_are_nn_transformers(ours, plain):
    torch.manual_seed(5)
    ours = ours(DIM, HEADS, FF, 0.1).state_dict()
    torch.manual_seed(5)
    plain = plain(**PLAIN, dropout=0.1).state_dict()
    assert set(ours) == set(plain)
    for name, value in plain.items():
        assert torch.equal(ours[name], value), name


def test_one_token_attention_has_the_distribution_of_attention_with_dropout():
    r"""y = b + Σ_h k_h W_h v_h with one Bernoulli draw for each query and head: the moments of ``nn.MultiheadAttention`` agree."""
    plain = nn.MultiheadAttention(8, 2, dropout=0.4, batch_first=True)
    ours = OneTokenAttention(8, 2, 0.4)
    ours.load_state_dict(plain.state_dict())
    memory, count = torch.randn(1, 8), 40_000
    with torch.no_grad():
        mine = ours(memory, count)[0]
        theirs = plain(torch.randn(1, count, 8), memory[:, None], memory[:, None], need_weights=False)[0][0]
    torch.testing.assert_close(mine.mean(0), theirs.mean(0), atol=0.02, rtol=0.03)
    torch.testing.assert_close(torch.cov(mine.T), torch.cov(theirs.T), atol=0.02, rtol=0.03)
    assert len(mine.round(decimals=4).unique(dim=0)) == len(theirs.round(decimals=4).unique(dim=0)) == 4  # two heads: 2² outcomes


def test_self_attention_dropout_has_the_moments_of_attention_with_dropout():
    plain = nn.MultiheadAttention(8, 2, dropout=0.3, batch_first=True)
    ours = SelfAttention(8, 2, 0.3)
    ours.load_state_dict(plain.state_dict())
    x = torch.randn(1, 5, 8).expand(20_000, -1, -1)
    with torch.no_grad():
        mine, theirs = ours(x), plain(x, x, x, need_weights=False)[0]
    torch.testing.assert_close(mine.mean(0), theirs.mean(0), atol=0.02, rtol=0.05)
    torch.testing.assert_close(mine.std(0), theirs.std(0), atol=0.02, rtol=0.05)


def test_positions():
    """PE(t, 2i) = sin(t / 10000^(2i / D)), PE(t, 2i + 1) = cos of the same."""
    table = sinusoidal_encoding(50, 16)
    angle = torch.tensor(37 / 10000**(6 / 16))
    torch.testing.assert_close(table[37, 6:8], torch.stack((angle.sin(), angle.cos())))


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match='latent_dim=30 is not divisible by num_heads=4'):
        SelfAttention(30, 4, 0.)
