"""Batch norm, residual sum and ReLU of channels that lie last, as one operation.

R rows (all that is normalized over: clips, frames, joints), C channels.
"""

from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from .batch_norm import grouped_statistics, update_running_statistics
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
    rows = x.reshape(-1, x.shape[-1])
    if not (norm.training and fuses(x) and isinstance(norm, nn.BatchNorm2d)):  # a SyncBatchNorm knows more than these rows
        y = as_rows(norm(as_image(rows))).view_as(x)
        return F.relu(y if residual is None else y + residual)
    with torch.no_grad():
        mean, var = grouped_statistics(rows)
        update_running_statistics(norm, mean, var, len(rows))
    residual = None if residual is None else residual.reshape(rows.shape)
    return _NormReLU.apply(rows, norm.weight, norm.bias, residual, mean, var, norm.eps).view_as(x)


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
