"""Batch norm, residual sum and ReLU of channels that lie last, as one operation.

R rows (all that is normalized over: clips, frames, joints), C channels.
"""

from typing import Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from . import native
from .batch_norm import grouped_statistics, kernels_serve, normalize_parts, update_running_statistics
from .rows import as_image, as_rows, fuses


def norm_relu(norm: nn.modules.batchnorm._BatchNorm, x: Tensor, residual: Optional[Tensor] = None) -> Tensor:
    """``ReLU(norm(x) + residual)`` by the parameters of a batch norm, whose running statistics training updates.

    On the CPU the sum and the ReLU are done in place, and their mask is all that the backward pass needs of them.

    Args:
        norm: batch norm of C channels.
        x: ``(…, C)``.
        residual: as ``x``, or none.

    Returns:
        Tensor: as ``x``.
    """
    return _norm_relu(norm, x, residual)[0]


def norm_relu_with_residual(norm: nn.modules.batchnorm._BatchNorm, x: Tensor, residual: Tensor) -> Tuple[Tensor, Tensor]:
    """:func:`norm_relu`; and ``residual``, for whoever needs it after this: on the CPU its gradient is added on the way."""
    return _norm_relu(norm, x, residual)


def _norm_relu(norm: nn.modules.batchnorm._BatchNorm, x: Tensor, residual: Optional[Tensor]) -> Tuple[Tensor, Optional[Tensor]]:
    rows, beside = _rows(x), None if residual is None else _rows(residual)
    if kernels_serve(norm, rows, *(() if beside is None else (beside, ))):
        out, *passed = normalize_parts(norm, [rows], beside, inner=beside is None, outer=beside is not None)
        return out.view_as(x), passed[0].view_as(x) if passed else None
    if not (norm.training and fuses(x) and isinstance(norm, nn.BatchNorm2d)):  # a SyncBatchNorm knows more than these rows
        y = as_rows(norm(as_image(rows))).view_as(x)
        return F.relu(y if residual is None else y + residual), residual
    with torch.no_grad():
        mean, var = grouped_statistics(rows)
        update_running_statistics(norm, mean, var, len(rows))
    return _NormReLU.apply(rows, norm.weight, norm.bias, beside, mean, var, norm.eps).view_as(x), residual


def norm_relu_apart(norm: nn.modules.batchnorm._BatchNorm, x: Tensor, parts: int) -> Sequence[Tensor]:
    """``ReLU(norm(x))`` of ``(…, C)`` as several tensors ``(…, C / parts)``, one for each share of the channels."""
    rows, width = _rows(x), x.shape[-1] // parts
    if width % native.LANES or not kernels_serve(norm, rows):
        return norm_relu(norm, x).chunk(parts, dim=-1)
    return [part.view(*x.shape[:-1], width) for part in normalize_parts(norm, [rows], inner=True, widths=[width] * parts)]


def norm_relu_together(norm: nn.modules.batchnorm._BatchNorm, parts: Sequence[Tensor], residual: Tensor) -> Tensor:
    """``ReLU(ReLU(norm(x)) + residual)`` of the ``x (…, C)`` whose channels are those of the ``parts (…, C_i)``, one after the other."""
    rows, beside = [_rows(part) for part in parts], _rows(residual)
    if not kernels_serve(norm, *rows, beside):
        return (norm_relu(norm, torch.cat(parts, dim=-1)) + residual).relu_()
    return normalize_parts(norm, rows, beside, inner=True, outer=True)[0].view_as(residual)


def _rows(x: Tensor) -> Tensor:
    """``(…, C)`` as ``(R, C)``, channels side by side: a view where they are."""
    rows = x.reshape(-1, x.shape[-1])
    return rows if rows.stride(1) == 1 else rows.contiguous()


class _NormReLU(torch.autograd.Function):
    """``ReLU((x − mean) / √(var + eps) · weight + bias + residual)`` of rows, mean and variance being those of ``x``."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor, residual: Optional[Tensor], mean: Tensor, var: Tensor, eps: float) -> Tensor:
        output = as_rows(F.batch_norm(as_image(x), mean, var, weight, bias, training=False, eps=eps))
        if residual is not None:
            output.add_(residual)
        output.clamp_min_(0)
        ctx.save_for_backward(x, weight, mean, (var + eps).rsqrt(), output)
        ctx.eps = eps
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):
        x, weight, mean, scale, output = ctx.saved_tensors
        passed = torch.ops.aten.threshold_backward(grad.contiguous(), output, 0)
        grad_x, *grads = torch.ops.aten.native_batch_norm_backward(
            as_image(passed), as_image(x), weight, None, None, mean, scale, True, ctx.eps, [True] * 3)
        return (as_rows(grad_x), *grads, passed if ctx.needs_input_grad[3] else None, None, None, None)
