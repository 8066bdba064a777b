"""Attention and feed-forward with the gradient written out, for training on a CPU.

Left to autograd, more than a quarter of such a step passes over memory and multiplies nothing: heads are copied together and apart, masks
are kept as floats and scaled by a pass of their own, biases' gradients are summed column by column. The functions below compute the same
on views, in place, and leave scales to the matrix products.

B batch, L tokens, D channels, H heads, F channels of the feed-forward's hidden layer.
"""

from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from .products import linear, matmul, transposed_matmul


def applies_to(x: Tensor) -> bool:
    """Whether these functions are of use for ``x``: gradients wanted, on a CPU, in the parameters' own type, and not while compiling."""
    return (torch.is_grad_enabled() and x.device.type == 'cpu' and not torch.is_autocast_enabled('cpu')
            and not torch.compiler.is_compiling())


class Attention(torch.autograd.Function):
    """Projection, and attention of all tokens to all: ``(B, L, D)`` to ``(B, L, D)``, the heads side by side.

    Arguments of ``apply``: ``x``; ``weight (3 D, D)`` and ``bias (3 D,)``, queries, keys and values; ``num_heads``; ``mask``, that
    broadcasts to ``(B, L, L)`` and is true where to attend, or ``None``; ``keep (B, H, L, L)`` of 0 and 1, or ``None``, and ``scale``, by
    which kept weights are multiplied.
    """

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor, num_heads: int, mask: Optional[Tensor], keep: Optional[Tensor],
                scale: float) -> Tensor:
        batch, length, dim = x.shape
        projected = linear(x, weight, bias)
        query, key, value = _heads(projected, 3, num_heads)
        weights = x.new_empty(num_heads, batch, length, length)
        for head in range(num_heads):
            _product(query[head], key[head].mT, (dim // num_heads)**-0.5, weights[head])
        if mask is not None:
            weights.masked_fill_(~mask, -torch.inf)
        weights = weights.softmax(dim=-1)
        if keep is not None:
            keep = keep.transpose(0, 1)
        kept = weights if keep is None else weights * keep
        ctx.save_for_backward(x, weight, projected, weights, kept, keep)
        ctx.scale = scale
        return torch.cat([_product(kept[head], value[head], scale) for head in range(num_heads)], dim=-1)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):
        x, weight, projected, weights, kept, keep = ctx.saved_tensors
        num_heads, dim = len(weights), x.shape[-1]
        query, key, value = _heads(projected, 3, num_heads)
        grads = _heads(grad, 1, num_heads)[0]
        grad_weights = torch.empty_like(weights)
        for head in range(num_heads):
            _product(grads[head], value[head].mT, ctx.scale, grad_weights[head])
        if keep is not None:
            grad_weights.mul_(keep)
        grad_score = torch._softmax_backward_data(grad_weights, weights, -1, weights.dtype)
        scale = (dim // num_heads)**-0.5
        grad_projected = torch.cat([
            *(_product(grad_score[head], key[head], scale) for head in range(num_heads)),
            *(_product(grad_score[head].mT, query[head], scale) for head in range(num_heads)),
            *(_product(kept[head].mT, grads[head], ctx.scale) for head in range(num_heads))
        ], dim=-1)
        return (*_linear_gradients(grad_projected, x, weight, ctx.needs_input_grad), None, None, None, None)


class FeedForward(torch.autograd.Function):
    """Linear, GELU, dropout, linear: ``(B, L, D)`` to ``(B, L, D)``.

    Arguments of ``apply``: ``x``; ``weight1 (F, D)`` and ``bias1``; ``weight2 (D, F)`` and ``bias2``; ``keep (B, L, F)`` of 0 and 1, or
    ``None``, and ``scale``, by which kept elements are multiplied.
    """

    @staticmethod
    def forward(ctx, x: Tensor, weight1: Tensor, bias1: Tensor, weight2: Tensor, bias2: Tensor, keep: Optional[Tensor],
                scale: float) -> Tensor:
        hidden = linear(x, weight1, bias1)
        active = F.gelu(hidden)
        if keep is not None:
            active.mul_(keep)
        out = linear(active, weight2 if keep is None else weight2 * scale, bias2)
        ctx.save_for_backward(x, weight1, weight2, hidden, active, keep)
        ctx.scale = scale
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):
        x, weight1, weight2, hidden, active, keep = ctx.saved_tensors
        scaled = grad if keep is None else grad * ctx.scale  # the narrow side of both products
        _, needs_weight2, needs_bias2 = ctx.needs_input_grad[2:5]
        _, grad_weight2, _ = _linear_gradients(scaled, active, weight2, (False, needs_weight2, False))
        _, _, grad_bias2 = _linear_gradients(grad, active, weight2, (False, False, needs_bias2))
        grad_hidden = matmul(scaled, weight2)
        if keep is not None:
            grad_hidden.mul_(keep)
        torch.ops.aten.gelu_backward.grad_input(grad_hidden, hidden, grad_input=grad_hidden)
        return (*_linear_gradients(grad_hidden, x, weight1, ctx.needs_input_grad), grad_weight2, grad_bias2, None, None)


def _heads(joined: Tensor, parts: int, num_heads: int) -> Tensor:
    """Views ``(parts, H, B, L, D / H)`` of ``(B, L, parts * D)``."""
    return joined.unflatten(-1, (parts, num_heads, -1)).permute(2, 3, 0, 1, 4)


def _product(a: Tensor, b: Tensor, scale: float, out: Optional[Tensor] = None) -> Tensor:
    """``scale · a @ b`` of ``(B, M, K)`` and ``(B, K, N)``."""
    out = a.new_empty(len(a), a.shape[1], b.shape[2]) if out is None else out
    return torch.baddbmm(out, a, b, beta=0, alpha=scale, out=out)


def _linear_gradients(grad: Tensor, x: Tensor, weight: Tensor, needed):
    """Gradients of a linear layer's input, weight and bias, ``None`` where not needed; the bias's as a product, which is fastest."""
    rows = grad.flatten(0, -2)
    return (matmul(grad, weight) if needed[0] else None, transposed_matmul(rows, x.flatten(0, -2)) if needed[1] else None,
            torch.mv(rows.t(), rows.new_ones(len(rows))) if needed[2] else None)
