"""Transformer layers that give nn.Transformer's numbers faster.

B batch, L tokens, D channels, H heads. Post-norm, GELU. Parameter names and initial values are those of ``nn.TransformerEncoderLayer`` and
``nn.TransformerDecoderLayer``, so that state dicts of either load into the other.
"""

import math
from typing import Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .dropout import Dropout


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
        attended = self._attend(*self._project(x, num_queries), None if mask is None else mask[:, None, None])
        return self.out_proj(attended.transpose(1, 2).flatten(2))

    def _project(self, x: Tensor, num_queries: Optional[int]) -> Tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values ``(B, H, L, D / H)``."""
        if num_queries is None:
            projected = F.linear(x, self.in_proj_weight, self.in_proj_bias)
            return projected.unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4).contiguous().unbind()
        dim = x.shape[-1]
        query = F.linear(x[:, :num_queries], self.in_proj_weight[:dim], self.in_proj_bias[:dim])
        projected = F.linear(x, self.in_proj_weight[dim:], self.in_proj_bias[dim:])
        key, value = projected.unflatten(-1, (2, self.num_heads, -1)).permute(2, 0, 3, 1, 4).unbind()
        return query.unflatten(-1, (self.num_heads, -1)).transpose(1, 2), key, value

    def _attend(self, query: Tensor, key: Tensor, value: Tensor, mask: Optional[Tensor]) -> Tensor:
        dropping = self.training and self.dropout.p > 0
        if query.device.type != 'cpu' or not (dropping or query.dtype == torch.bfloat16):
            return F.scaled_dot_product_attention(query, key, value, attn_mask=mask, dropout_p=self.dropout.p if dropping else 0.)
        # The CPU's fused kernel knows no dropout, and in bfloat16 it takes three times as long as the products themselves.
        score = (query * query.shape[-1]**-0.5) @ key.transpose(-2, -1)
        if mask is not None:
            score = score.masked_fill(~mask, -torch.inf)
        return self.dropout(score.softmax(dim=-1)) @ value


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
        self.linear1, self.linear2 = nn.Linear(dim, ff_dim), nn.Linear(ff_dim, dim)
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, mask: Optional[Tensor] = None, num_queries: Optional[int] = None) -> Tensor:
        """``(B, L, D)``, or only its first ``num_queries`` tokens; ``mask (B, L)`` is true on tokens to attend to."""
        x = self.norm1(x[:, :num_queries] + self.dropout(self.self_attn(x, mask, num_queries)))
        return self.norm2(x + self.dropout(self.linear2(self.dropout(F.gelu(self.linear1(x))))))


class OneTokenDecoderLayer(nn.Module):
    """Post-norm self-attention, attention to one memory token, feed-forward block."""

    def __init__(self, dim: int, num_heads: int, ff_dim: int, dropout: float) -> None:
        super().__init__()
        self.self_attn = SelfAttention(dim, num_heads, dropout)
        self.multihead_attn = OneTokenAttention(dim, num_heads, dropout)
        self.linear1, self.linear2 = nn.Linear(dim, ff_dim), nn.Linear(ff_dim, dim)
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(dim), nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, memory: Tensor, mask: Optional[Tensor] = None) -> Tensor:
        """``x (B, L, D)``, or ``(1, L, D)`` where all clips have the same tokens, and ``memory (B, D)`` to ``(B, L, D)``."""
        x = self.norm1(x + self.dropout(self.self_attn(x, mask)))
        x = self.norm2(x + self.dropout(self.multihead_attn(memory, x.shape[1])))
        return self.norm3(x + self.dropout(self.linear2(self.dropout(F.gelu(self.linear1(x))))))


def _make_projections(module: nn.Module, dim: int, num_heads: int) -> None:
    """Parameters of ``nn.MultiheadAttention``: same names, and drawn in the same order."""
    if dim % num_heads:
        raise ValueError(f'latent_dim={dim} is not divisible by num_heads={num_heads}')
    module.num_heads = num_heads
    module.in_proj_weight = nn.Parameter(torch.empty(3 * dim, dim))
    module.in_proj_bias = nn.Parameter(torch.zeros(3 * dim))
    module.out_proj = nn.Linear(dim, dim)
    nn.init.xavier_uniform_(module.in_proj_weight)
    nn.init.zeros_(module.out_proj.bias)


def sinusoidal_encoding(length: int, dim: int) -> Tensor:
    """``(L, D)``: sine on even and cosine on odd channels (Vaswani et al. 2017)."""
    position = torch.arange(length)[:, None]
    rate = torch.exp(torch.arange(0, dim, 2) * (-math.log(10000.0) / dim))
    encoding = torch.zeros(length, dim)
    encoding[:, 0::2], encoding[:, 1::2] = torch.sin(position * rate), torch.cos(position * rate)
    return encoding
