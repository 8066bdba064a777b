"""Batch norm of channels that lie last in memory, with statistics that do not lose digits.

R rows (all that is normalized over: clips, frames, joints), C channels, G groups of rows.
"""

from functools import cache
from typing import Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from . import native

MAX_GROUPS = 64


class ChannelsLastBatchNorm2d(nn.BatchNorm2d):
    """``BatchNorm2d``, on the CPU with the accuracy that it has of channels that lie first, at the same speed.

    PyTorch's kernel for channels that lie last adds all rows one after the other in float32, that for channels that lie first in float64.
    Over the tens of thousands of rows of a batch of skeletons the mean loses a digit and a half; each layer takes that into the next, and
    gradients of a network of twenty such layers come out two to four times as far from those in float64. Here rows are added in groups
    first. Everything else is left to PyTorch: the backward pass (whose sums the gradient hardly depends on), evaluation, other types,
    GPUs, channels that lie first. Where kernels of our own serve (:mod:`~mmagenc.models.layers.native`) all is theirs, bfloat16 too.
    """

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, T, V)`` to the same shape and memory format."""
        last = x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()
        if not (last and self.training):
            return super().forward(x)
        rows = x.permute(0, 2, 3, 1)
        if kernels_serve(self, rows):
            return normalize_parts(self, [rows.view(-1, x.shape[1])])[0].view(rows.shape).permute(0, 3, 1, 2)
        return _normalize(self, x, rows.view(-1, x.shape[1])) if _on_cpu_in_float(x) else super().forward(x)


class RowsBatchNorm1d(nn.BatchNorm1d):
    """``BatchNorm1d`` of ``(R, C)``, as :class:`ChannelsLastBatchNorm2d`."""

    def forward(self, x: Tensor) -> Tensor:
        """``(R, C)`` to the same shape."""
        if not (x.ndim == 2 and x.is_contiguous() and self.training):
            return super().forward(x)
        if kernels_serve(self, x):
            return normalize_parts(self, [x])[0]
        return _normalize(self, x, x) if _on_cpu_in_float(x) else super().forward(x)


def kernels_serve(norm: nn.modules.batchnorm._BatchNorm, *tensors: Tensor) -> bool:
    """Whether :func:`normalize_parts` is for these: a batch norm in training, channels last."""
    return (norm.training and native.serves(*tensors) and tensors[0].shape[:-1].numel() > 1 and all(x.stride(-1) == 1 for x in tensors)
            and trains_by_kernels(norm))


def trains_by_kernels(norm: nn.modules.batchnorm._BatchNorm) -> bool:
    """Whether kernels do what a batch norm does in training."""
    if isinstance(norm, nn.SyncBatchNorm) or not (norm.training and norm.affine):
        return False  # a SyncBatchNorm knows more than these rows
    running = (norm.running_mean, norm.running_var) if norm.track_running_stats else ()
    return native.parameters_serve(norm.weight, norm.bias, *running)


def normalize_parts(norm: nn.modules.batchnorm._BatchNorm, parts: Sequence[Tensor], residual: Optional[Tensor] = None, *,
                    inner: bool = False, outer: bool = False, widths: Optional[Sequence[int]] = None) -> Tuple[Tensor, ...]:
    """Training's batch norm of rows whose channels lie in several tensors, where :func:`kernels_serve`.

    Args:
        norm: of C channels; its running statistics are updated.
        parts: ``(R, C_i)``, C channels together; rows may lie apart.
        residual: ``(R, C)``, added to what is normalized.
        inner, outer: whether a ReLU comes before it is added, and after.
        widths: channels of each tensor that is returned; one of all without.

    Returns:
        tuple: these tensors, and the residual, for whoever needs it after this: its gradient is added on the way.
    """
    running = (norm.running_mean, norm.running_var) if norm.track_running_stats else None
    mean, inverse = native.statistics(parts, norm.eps, _next_share(norm), running)
    return native.NormalizeParts.apply(mean, inverse, norm.weight, norm.bias, residual, inner, outer, widths or [len(mean)], *parts)


def use_exact_statistics(network: nn.Module) -> None:
    """Let every ``BatchNorm2d`` of a network compute as :class:`ChannelsLastBatchNorm2d`; parameters and keys stay."""
    for module in network.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = ChannelsLastBatchNorm2d


def grouped_statistics(rows: Tensor) -> Tuple[Tensor, Tensor]:
    """Mean and (biased) variance ``(C,)`` of ``rows (R, C)``: of each group of rows, then over groups."""
    groups = _num_groups(len(rows))
    grouped = rows.view(len(rows) // groups, -1)  # rows that follow each other are in different groups
    mean, var = (value.view(groups, -1) for value in torch.batch_norm_update_stats(grouped, None, None, 0.))
    total = mean.mean(dim=0)
    return total, var.mean(dim=0) + (mean - total).square().mean(dim=0)


def update_running_statistics(norm: nn.modules.batchnorm._BatchNorm, mean: Tensor, var: Tensor, num_rows: int) -> None:
    """Let a batch norm take the mean and (biased) variance of a batch into its running statistics, as PyTorch does in training."""
    if norm.track_running_stats:
        share = _next_share(norm)
        norm.running_mean.lerp_(mean, share)
        norm.running_var.lerp_(var * (num_rows / (num_rows - 1)), share)


def _next_share(norm: nn.modules.batchnorm._BatchNorm) -> float:
    """Count a batch, and say which share of the running statistics is its own."""
    if not norm.track_running_stats:
        return 0.
    norm.num_batches_tracked.add_(1)
    return 1 / float(norm.num_batches_tracked) if norm.momentum is None else norm.momentum


def _normalize(norm: nn.modules.batchnorm._BatchNorm, x: Tensor, rows: Tensor) -> Tensor:
    """Training's batch norm of ``x`` by the parameters of ``norm``, whose running statistics it updates."""
    with torch.no_grad():
        mean, var = grouped_statistics(rows)
        update_running_statistics(norm, mean, var, len(rows))
    return _Normalize.apply(x, norm.weight, norm.bias, mean, var, norm.eps)


class _Normalize(torch.autograd.Function):
    """``(x − mean) / √(var + eps) · weight + bias``, mean and variance being those of ``x``, of which the gradient takes account."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor, mean: Tensor, var: Tensor, eps: float) -> Tensor:
        ctx.save_for_backward(x, weight, mean, (var + eps).rsqrt())
        ctx.eps = eps
        return F.batch_norm(x, mean, var, weight, bias, training=False, eps=eps)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):
        x, weight, mean, scale = ctx.saved_tensors
        grads = torch.ops.aten.native_batch_norm_backward(
            grad, x, weight, None, None, mean, scale, True, ctx.eps, list(ctx.needs_input_grad[:3]))
        return (*grads, None, None, None)


@cache
def _num_groups(rows: int) -> int:
    """The largest number of equal groups up to :data:`MAX_GROUPS`, each of two rows at least."""
    return max(groups for groups in range(1, MAX_GROUPS + 1) if rows % groups == 0 and (groups == 1 or rows >= 2 * groups))


def _on_cpu_in_float(x: Tensor) -> bool:
    return not torch.compiler.is_compiling() and x.device.type == 'cpu' and x.dtype == torch.float32 and x.numel() > x.shape[1]
