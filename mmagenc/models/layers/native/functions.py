"""The kernels with their gradients, as functions of autograd: axes as in :mod:`.calls`."""

from typing import Optional, Sequence, Tuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from . import calls


class GraphConvolution(torch.autograd.Function):
    """:func:`.calls.convolve_graphs` of ``x``, ``qk``, ``topology``, ``weight`` and ``scale``; returns ``x`` too, for who needs it next.

    Whoever takes it from here lets its gradient come this way, where it is added at no cost.
    """

    @staticmethod
    def forward(ctx, x: Tensor, qk: Tensor, topology: Tensor, weight: Tensor, scale: float) -> Tuple[Tensor, Tensor]:
        x, qk, topology, weight = x.contiguous(), qk.contiguous(), topology.contiguous(), weight.contiguous()
        out, kept = calls.convolve_graphs(x, qk, topology, scale, weight, keep=any(ctx.needs_input_grad))
        ctx.save_for_backward(x, qk, topology, weight, kept)
        ctx.scale = scale
        ctx.set_materialize_grads(False)
        return out, x

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Optional[Tensor], through: Optional[Tensor]):
        x, qk, topology, weight, kept = ctx.saved_tensors
        if grad is None:
            return through, None, None, None, None
        through = None if through is None else through.contiguous()
        return (*calls.convolve_graphs_backward(x, qk, topology, ctx.scale, weight, grad.contiguous(), kept, through), None)


class NormalizeParts(torch.autograd.Function):
    """:func:`.calls.normalize` of rows by their own mean and inverse deviation.

    Returns a tensor for each of ``widths``, and the residual, if there is one, as :class:`GraphConvolution` its input.
    """

    @staticmethod
    def forward(ctx, mean: Tensor, inverse: Tensor, weight: Tensor, bias: Tensor, residual: Optional[Tensor], inner: bool, outer: bool,
                widths: Sequence[int], *parts: Tensor) -> Tuple[Tensor, ...]:
        outs = calls.normalize(parts, residual, mean, inverse * weight, bias, inner=inner, outer=outer, widths=widths)
        ctx.save_for_backward(mean, inverse, weight, bias, *parts, *(outs if outer else ()))
        ctx.asked, ctx.count, ctx.widths = dict(inner=inner, outer=outer), len(parts), widths
        ctx.set_materialize_grads(False)
        return (*outs, *(() if residual is None else (residual, )))

    @staticmethod
    @once_differentiable
    def backward(ctx, *grads: Optional[Tensor]):
        mean, inverse, weight, bias, *tensors = ctx.saved_tensors
        parts, outs = tensors[:ctx.count], tensors[ctx.count:]
        grads, through = grads[:len(ctx.widths)], (*grads[len(ctx.widths):], None)[0]
        if all(grad is None for grad in grads):
            return (None, None, None, None, through, None, None, None, *[None] * ctx.count)
        rows, wanted = parts[0].shape[0], ctx.needs_input_grad[4]
        grads = [parts[0].new_zeros(rows, width) if grad is None else grad if grad.stride(1) == 1 else grad.contiguous()
                 for grad, width in zip(grads, ctx.widths)]
        if through is not None and through.stride(1) != 1:
            through = through.contiguous()
        grads_x, of_weight, of_bias, passed = calls.normalize_backward(
            parts, outs, grads, mean, inverse, weight, bias, **ctx.asked, passed=wanted, through=through if wanted else None)
        return None, None, of_weight, of_bias, passed, None, None, None, *grads_x


class Linear(torch.autograd.Function):
    """:func:`.calls.linear` of rows, a weight ``(C', C)`` and a bias; returns the rows too, as :class:`GraphConvolution` its input."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tuple[Tensor, Tensor]:
        x, weight = x.contiguous(), weight.contiguous()
        ctx.save_for_backward(x, weight)
        ctx.set_materialize_grads(False)
        return calls.linear(x, weight, bias), x

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Optional[Tensor], through: Optional[Tensor]):
        if grad is None:
            return through, None, None
        x, weight = ctx.saved_tensors
        needed, grad, grad_x = ctx.needs_input_grad, grad.contiguous(), None
        if needed[0]:
            grad_x = calls.linear_backward(grad, weight, None if through is None else through.contiguous())
        of_weight, of_bias = calls.transposed_product(grad, x, sums=needed[2]) if needed[1] or needed[2] else (None, None)
        return grad_x, of_weight, of_bias


class LayerNorm(torch.autograd.Function):
    """:func:`.calls.layer_norm` of rows, weight, bias and eps; returns the rows too, as :class:`GraphConvolution`."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tuple[Tensor, Tensor]:
        x = x.contiguous()
        out, mean, inverse = calls.layer_norm(x, weight, bias, eps)
        ctx.save_for_backward(x, weight, mean, inverse)
        ctx.set_materialize_grads(False)
        return out, x

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Optional[Tensor], through: Optional[Tensor]):
        if grad is None:
            return through, None, None, None
        through = None if through is None else through.contiguous()
        return (*calls.layer_norm_backward(*ctx.saved_tensors, grad.contiguous(), through), None)


class TemporalConvolution(torch.autograd.Function):
    """:func:`.calls.convolve` of ``x``, a weight ``(C', C, K)``, stride and dilation."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, stride: int, dilation: int) -> Tensor:
        x, taps = x.contiguous(), weight.permute(2, 1, 0).contiguous()
        ctx.save_for_backward(x, taps)
        ctx.asked = stride, dilation
        return calls.convolve(x, taps, stride, dilation)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):
        x, taps = ctx.saved_tensors
        grad_x, grad_taps = calls.convolve_backward(x, taps, *ctx.asked, grad.contiguous())
        return grad_x, grad_taps.permute(2, 1, 0), None, None


class Peak(torch.autograd.Function):
    """:func:`.calls.peak` of ``x`` and stride."""

    @staticmethod
    def forward(ctx, x: Tensor, stride: int) -> Tensor:
        x = x.contiguous()
        ctx.save_for_backward(x)
        ctx.stride = stride
        return calls.peak(x, stride)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):
        return calls.peak_backward(*ctx.saved_tensors, ctx.stride, grad.contiguous()), None
