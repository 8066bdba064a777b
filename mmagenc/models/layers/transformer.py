"""Transformer layers that give nn.Transformer's numbers faster.

B batch, L tokens, D channels, H heads. Post-norm, GELU. Parameter names and initial values are those of ``nn.TransformerEncoderLayer`` and
``nn.TransformerDecoderLayer``, so that state dicts of either load into the other.
"""

import math
from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SelfAttention(nn.Module):
    """Multi-head self-attention through ``scaled_dot_product_attention``."""

    def __init__(self, dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        if dim % num_heads:
            raise ValueError(f'latent_dim={dim} is not divisible by num_heads={num_heads}')
        self.num_heads, self.dropout = num_heads, dropout
        self.in_proj_weight = nn.Parameter(torch.empty(3 * dim, dim))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * dim))
        self.out_proj = nn.Linear(dim, dim)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, x: Tensor, mask: Optional[Tensor] = None) -> Tensor:
        """``(B, L, D)``; ``mask (B, L)`` is true on tokens to attend to, ``None`` attends to all."""
        batch, length, dim = x.shape
        query, key, value = F.linear(x, self.in_proj_weight, self.in_proj_bias).view(batch, length, 3, self.num_heads, -1).unbind(2)
        attended = F.scaled_dot_product_attention(
            query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2),
            attn_mask=None if mask is None else mask[:, None, None, :], dropout_p=self.dropout if self.training else 0.)
        return self.out_proj(attended.transpose(1, 2).reshape(batch, length, dim))


class OneTokenAttention(nn.Module):
    """Cross-attention to a single memory token, collapsed exactly."""

    def __init__(self, dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.num_heads, self.dropout = num_heads, dropout
        self.in_proj_weight = nn.Parameter(torch.empty(3 * dim, dim))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * dim))
        self.out_proj = nn.Linear(dim, dim)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, memory: Tensor, length: int) -> Tensor:
        batch, dim = memory.shape
        value = F.linear(memory, self.in_proj_weight[2 * dim:], self.in_proj_bias[2 * dim:])
        if not self.training or self.dropout == 0:
            return self.out_proj(value)[:, None]
        value = value.view(batch, 1, self.num_heads, -1)
        keep = F.dropout(value.new_ones(batch, length, self.num_heads, 1), self.dropout)
        return self.out_proj((keep * value).view(batch, length, dim))


class EncoderLayer(nn.Module):
    """Post-norm self-attention and feed-forward block."""

    def __init__(self, dim: int, num_heads: int, ff_dim: int, dropout: float) -> None:
        super().__init__()
        self.self_attn = SelfAttention(dim, num_heads, dropout)
        self.linear1, self.linear2 = nn.Linear(dim, ff_dim), nn.Linear(ff_dim, dim)
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Optional[Tensor] = None) -> Tensor:
        x = self.norm1(x + self.dropout(self.self_attn(x, mask)))
        return self.norm2(x + self.dropout(self.linear2(self.dropout(F.gelu(self.linear1(x))))))


class OneTokenDecoderLayer(nn.Module):
    """Post-norm self-attention, attention to one memory token, feed-forward block."""

    def __init__(self, dim: int, num_heads: int, ff_dim: int, dropout: float) -> None:
        super().__init__()
        self.self_attn = SelfAttention(dim, num_heads, dropout)
        self.multihead_attn = OneTokenAttention(dim, num_heads, dropout)
        self.linear1, self.linear2 = nn.Linear(dim, ff_dim), nn.Linear(ff_dim, dim)
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(dim), nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, memory: Tensor, mask: Optional[Tensor] = None) -> Tensor:
        x = self.norm1(x + self.dropout(self.self_attn(x, mask)))
        x = self.norm2(x + self.dropout(self.multihead_attn(memory, x.shape[1]).expand_as(x)))
        return self.norm3(x + self.dropout(self.linear2(self.dropout(F.gelu(self.linear1(x))))))


def sinusoidal_encoding(length: int, dim: int) -> Tensor:
    """``(L, D)``: sine on even and cosine on odd channels (Vaswani et al. 2017)."""
    position = torch.arange(length)[:, None]
    rate = torch.exp(torch.arange(0, dim, 2) * (-math.log(10000.0) / dim))
    encoding = torch.zeros(length, dim)
    encoding[:, 0::2], encoding[:, 1::2] = torch.sin(position * rate), torch.cos(position * rate)
    return encoding
