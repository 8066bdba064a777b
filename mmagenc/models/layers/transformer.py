"""Transformer layers that give nn.Transformer's numbers faster.

B batch, L tokens, D channels, H heads. Post-norm, GELU. Parameter names and initial values are those of ``nn.TransformerEncoderLayer`` and
``nn.TransformerDecoderLayer``, so that state dicts of either load into the other.
"""

import math
from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import fused
from .dropout import Dropout
from .rows import RowsLinear, rows_linear


class SelfAttention(nn.Module):
    """Multi-head self-attention through ``scaled_dot_product_attention``.

    Raises:
        ValueError: channels that the heads do not divide.
    """

    def __init__(self, dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        _make_projections(self, dim, num_heads)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, mask: Optional[Tensor] = None, num_queries: Optional[int] = None) -> Tensor:
        """Attend from the first ``num_queries`` tokens (``None``: from all) to all of ``x (B, L, D)``.

        ``mask (B, L)`` is true on tokens to attend to, ``None`` attends to all. Returns ``(B, num_queries, D)``.
        """
        if num_queries is not None:
            return self.out_proj(self._attend_from_few(x, mask, num_queries))
        if self.training and fused.applies_to(x):  # in evaluation PyTorch's kernel spares the memory of the weights
            return self.out_proj(self._attend_fused(x, None if mask is None else mask[:, None]))
        return self.out_proj(self._attend(x, None if mask is None else mask[:, None, None]))

    def _attend_fused(self, x: Tensor, mask: Optional[Tensor]) -> Tensor:
        keep, scale = None, 1.
        if self.dropout.draws_for(x):
            keep, scale = self.dropout.keep((len(x), self.num_heads, x.shape[1], x.shape[1]))
        return fused.Attention.apply(x, self.in_proj_weight, self.in_proj_bias, self.num_heads, mask, keep, scale)

    def _attend(self, x: Tensor, mask: Optional[Tensor]) -> Tensor:
        projected = rows_linear(x, self.in_proj_weight, self.in_proj_bias).unflatten(-1, (3, self.num_heads, -1))
        query, key, value = projected.permute(2, 0, 3, 1, 4)  # (B, H, L, D / H)
        dropping = self.training and self.dropout.p > 0
        if x.device.type != 'cpu' or not (dropping or query.dtype == torch.bfloat16):
            attended = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, dropout_p=self.dropout.p if dropping else 0.)
        else:  # the CPU's fused kernel knows no dropout, and in bfloat16 it takes three times as long as the products themselves
            attended = self.dropout(_softmax(query * query.shape[-1]**-0.5 @ key.mT, mask)) @ value
        return attended.transpose(1, 2).flatten(2)

    def _attend_from_few(self, x: Tensor, mask: Optional[Tensor], num_queries: int) -> Tensor:
        r"""Without keys and values: with weights :math:`W` and biases b of one head's keys (k) and values (v),

        .. math:: q^T (W_k x + b_k) = (W_k^T q)^T x + q^T b_k, \qquad \sum_l p_l (W_v x_l + b_v) = W_v \sum_l p_l x_l + b_v \sum_l p_l
        """
        batch, length, dim = x.shape
        weights, biases = (value.unflatten(0, (3, self.num_heads, -1)).unbind() for value in (self.in_proj_weight, self.in_proj_bias))
        query = F.linear(x[:, :num_queries], self.in_proj_weight[:dim], self.in_proj_bias[:dim]).unflatten(-1, (self.num_heads, -1))
        query = query.permute(2, 0, 1, 3).flatten(1, 2) * query.shape[-1]**-0.5  # (H, B Q, D / H)
        turned = (query @ weights[1]).unflatten(1, (batch, -1)).transpose(0, 1)  # (B, H, Q, D)
        constant = (query @ biases[1][:, :, None]).unflatten(1, (batch, -1)).transpose(0, 1)
        score = (turned.flatten(1, 2) @ x.mT).view(batch, self.num_heads, num_queries, length) + constant
        weight = self.dropout(_softmax(score, None if mask is None else mask[:, None, None]))
        pooled = (weight.flatten(1, 2) @ x).view(batch, self.num_heads, num_queries, dim)
        pooled = pooled.transpose(0, 1).flatten(1, 2) @ weights[2].mT  # (H, B Q, D / H)
        pooled = pooled.unflatten(1, (batch, -1)).transpose(0, 1) + weight.sum(-1, keepdim=True) * biases[2][:, None]
        return pooled.transpose(1, 2).flatten(2)


class OneTokenAttention(nn.Module):
    r"""Cross-attention to a single memory token, collapsed exactly.

    The softmax over one key is 1, so attention returns the token's value whatever the query: queries, keys and scores are not computed
    (their parameters stay, so that published weights fit). In training, dropout acts on that 1, one draw for each query and head:
    with ``k ∈ {0, 1 / (1 − p)}`` and ``W_h`` the columns of the output projection that head h feeds,

    .. math:: y = b + \sum_h k_h \, W_h v_h

    and the ``W_h v_h`` are computed once for all queries.
    """

    def __init__(self, dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        _make_projections(self, dim, num_heads)
        self.dropout = Dropout(dropout)

    def forward(self, memory: Tensor, length: int) -> Tensor:
        """``memory (B, D)`` to ``(B, L, D)``, or to ``(B, 1, D)`` where all queries get the same (no dropout)."""
        batch, dim = memory.shape
        value = F.linear(memory, self.in_proj_weight[2 * dim:], self.in_proj_bias[2 * dim:])
        if not self.training or self.dropout.p == 0:
            return self.out_proj(value)[:, None]
        weight = self.out_proj.weight.view(dim, self.num_heads, -1)
        heads = torch.einsum('bhk,dhk->bhd', value.view(batch, self.num_heads, -1), weight)
        keep = self.dropout(heads.new_ones(batch, length, self.num_heads))
        return keep @ heads + self.out_proj.bias


class EncoderLayer(nn.Module):
    """Post-norm self-attention and feed-forward block."""

    def __init__(self, dim: int, num_heads: int, ff_dim: int, dropout: float) -> None:
        super().__init__()
        self.self_attn = SelfAttention(dim, num_heads, dropout)
        self.linear1, self.linear2 = RowsLinear(dim, ff_dim), RowsLinear(ff_dim, dim)
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, mask: Optional[Tensor] = None, num_queries: Optional[int] = None) -> Tensor:
        """``(B, L, D)``, or only its first ``num_queries`` tokens; ``mask (B, L)`` is true on tokens to attend to."""
        x = self.norm1(self.dropout.add(x[:, :num_queries], self.self_attn(x, mask, num_queries)))
        return self.norm2(self.dropout.add(x, _feed_forward(self, x)))


class OneTokenDecoderLayer(nn.Module):
    """Post-norm self-attention, attention to one memory token, feed-forward block."""

    def __init__(self, dim: int, num_heads: int, ff_dim: int, dropout: float) -> None:
        super().__init__()
        self.self_attn = SelfAttention(dim, num_heads, dropout)
        self.multihead_attn = OneTokenAttention(dim, num_heads, dropout)
        self.linear1, self.linear2 = RowsLinear(dim, ff_dim), RowsLinear(ff_dim, dim)
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(dim), nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, memory: Tensor, mask: Optional[Tensor] = None) -> Tensor:
        """``x (B, L, D)``, or ``(1, L, D)`` where all clips have the same tokens, and ``memory (B, D)`` to ``(B, L, D)``."""
        x = self.norm1(self.dropout.add(x, self.self_attn(x, mask)))
        x = self.norm2(self.dropout.add(x, self.multihead_attn(memory, x.shape[1])))
        return self.norm3(self.dropout.add(x, _feed_forward(self, x)))


def _feed_forward(layer: nn.Module, x: Tensor) -> Tensor:
    """``linear2(dropout(gelu(linear1(x))))``."""
    linear1, linear2, dropout = layer.linear1, layer.linear2, layer.dropout
    if not fused.applies_to(x):
        return linear2(dropout(F.gelu(linear1(x))))
    keep, scale = dropout.keep((*x.shape[:-1], linear1.out_features)) if dropout.draws_for(x) else (None, 1.)
    return fused.FeedForward.apply(x, linear1.weight, linear1.bias, linear2.weight, linear2.bias, keep, scale)


def _softmax(score: Tensor, mask: Optional[Tensor]) -> Tensor:
    return (score if mask is None else score.masked_fill(~mask, -torch.inf)).softmax(dim=-1)


def _make_projections(module: nn.Module, dim: int, num_heads: int) -> None:
    """Parameters of ``nn.MultiheadAttention``: same names, and drawn in the same order."""
    if dim % num_heads:
        raise ValueError(f'latent_dim={dim} is not divisible by num_heads={num_heads}')
    module.num_heads = num_heads
    module.in_proj_weight = nn.Parameter(torch.empty(3 * dim, dim))
    module.in_proj_bias = nn.Parameter(torch.zeros(3 * dim))
    module.out_proj = RowsLinear(dim, dim)
    nn.init.xavier_uniform_(module.in_proj_weight)
    nn.init.zeros_(module.out_proj.bias)


def sinusoidal_encoding(length: int, dim: int) -> Tensor:
    """``(L, D)``: sine on even and cosine on odd channels (Vaswani et al. 2017)."""
    position = torch.arange(length)[:, None]
    rate = torch.exp(torch.arange(0, dim, 2) * (-math.log(10000.0) / dim))
    encoding = torch.zeros(length, dim)
    encoding[:, 0::2], encoding[:, 1::2] = torch.sin(position * rate), torch.cos(position * rate)
    return encoding
