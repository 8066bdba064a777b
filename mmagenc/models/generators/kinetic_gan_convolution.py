"""Convolution over nodes and frames for Kinetic-GAN's critic, whose input gradient is differentiated again (gradient penalty).

The taps of the convolution are matrix products that add up in one result: nothing is padded, joined or copied. Its derivatives are again
such products, to any order.

P rows of parts and W outgoing nodes, B batch, T frames, C channels. Features are ``(nodes, B, T, C)``, so that each run of nodes is one
matrix of B·T rows.
"""

import contextlib
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Iterator, List, Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

from mmagenc.models.layers.products import add_matmul, transposed_matmul

_input_only: ContextVar[bool] = ContextVar('input_only', default=False)


@contextlib.contextmanager
def differentiate_by_input_only() -> Iterator[None]:
    """What :func:`graph_time_conv` and :func:`leaky_relu` compute inside has derivatives by their features only, not by their weights.

    The derivative by the features depends on the weights as ever. A gradient penalty needs no more, and autograd would compute the other
    derivatives too, since it cannot tell functions of Python's which of them are wanted.
    """
    token = _input_only.set(True)
    try:
        yield
    finally:
        _input_only.reset(token)


@dataclass(frozen=True)
class Part:
    """One summand of the convolution.

    Args:
        start: its first row of the parts.
        node: the outgoing node that this row adds to; the next row adds to the next node, and so on.
        count: how many rows.
        taps: 3 for the frame before, this one and the next, 1 for this one.
    """

    start: int
    node: int
    count: int
    taps: int


@dataclass(frozen=True)
class GraphTimeConv:
    """Which rows of the parts add to which outgoing nodes, and from which frames.

    A kernel is ``(taps·C, C')``, first the channels of the frame before. Frames outside the clip are zeros.

    Args:
        parts: the summands. The first has a row for each outgoing node, and three taps if any has.
        num_nodes: W.
        stride: 1, or 2 for every other frame, from the first; T is then even.
    """

    parts: Tuple[Part, ...]
    num_nodes: int
    stride: int = 1

    def apply(self, features: Tensor, kernels: Sequence[Tensor]) -> Tensor:
        """``(P, B, T, C)`` to ``(W, B, T / stride, C')``."""
        _, batch, frames, channels = features.shape
        out = features.new_empty(self.num_nodes, batch, frames // self.stride, kernels[0].shape[1])
        written = False
        three = [(part, kernel) for part, kernel in zip(self.parts, kernels) if part.taps == 3]
        for part, kernel in three:  # a matrix of all clips: the last frame of one goes to the first of the next …
            add_matmul(self._target(out, part)[1:], self._frame(features, part, -1)[:-1], kernel[:channels], begin=not written)
            written = True
        if written:
            out[:, :, 0].zero_()  # … which is undone before anything else is added
        for part, kernel in zip(self.parts, kernels):
            source, first = self._from_here_on(features, part), part.taps // 2 * channels
            add_matmul(self._target(out, part), source, kernel[first:first + source.shape[1]], begin=not written)
            written = True
        if self.stride == 1 and three:
            last = out[:, :, -1].clone()
            for part, kernel in three:
                add_matmul(self._target(out, part)[:-1], self._pairs(features, part)[1:], kernel[2 * channels:])
            out[:, :, -1] = last
        return out

    def apply_transposed(self, grad: Tensor, kernels: Sequence[Tensor]) -> Tensor:
        """Gradient by the parts, ``(P, B, T, C)``, of the outgoing features', ``(W, B, T / stride, C')``."""
        channels = kernels[0].shape[0] // self.parts[0].taps
        rows, batch, frames = sum(part.count for part in self.parts), grad.shape[1], grad.shape[2] * self.stride
        out = grad.new_empty(rows, batch, frames, channels)
        for part, kernel in zip(self.parts, kernels):
            source, taps = self._target(grad, part), [tap.T for tap in kernel.split(channels)]
            if part.taps == 1:
                add_matmul(self._frame(out, part, 0), source, taps[0], begin=True)
                self._pairs(out, part)[:, channels:].zero_()
            else:
                self._transpose_taps(source, taps, out, part)
        return out

    def _transpose_taps(self, source: Tensor, taps: Sequence[Tensor], out: Tensor, part: Part) -> None:
        """As in :meth:`apply`, what goes from one clip to the next is undone."""
        here, rows = self._frame(out, part, 0), out[part.start:part.start + part.count]
        add_matmul(self._frame(out, part, -1)[:-1], source[1:], taps[0], begin=True)
        rows[:, :, -1].zero_()
        add_matmul(here, source, taps[1], begin=self.stride != 1)
        if self.stride == 1:
            first = rows[:, :, 0].clone()
            add_matmul(here[1:], source[:-1], taps[2])
            rows[:, :, 0] = first
        else:
            add_matmul(self._frame(out, part, 1), source, taps[2])

    def kernel_gradients(self, features: Tensor, grad: Tensor) -> List[Tensor]:
        """Gradients by the kernels of parts ``(P, B, T, C)`` and the outgoing features' gradient ``(W, B, T / stride, C')``."""
        gradients = [transposed_matmul(self._from_here_on(features, part), self._target(grad, part)) for part in self.parts]
        three = [i for i, part in enumerate(self.parts) if part.taps == 3]
        if not three:
            return gradients
        later = F.pad(grad[:, :, 1:], (0, 0, 1, 0))  # without the first frames, which no frame of their clip comes before
        earlier = F.pad(grad[:, :, :-1], (0, 0, 0, 1)) if self.stride == 1 else None
        for i in three:
            part = self.parts[i]
            taps = [transposed_matmul(self._frame(features, part, -1)[:-1], self._target(later, part)[1:]), gradients[i]]
            if earlier is not None:
                taps.append(transposed_matmul(self._pairs(features, part)[1:], self._target(earlier, part)[:-1]))
            gradients[i] = torch.cat(taps)
        return gradients

    def _pairs(self, features: Tensor, part: Part) -> Tensor:
        """Rows of a part, ``(count·B·T / stride, stride·C)``: with a stride, a frame that remains and the next one beside each other."""
        return features[part.start:part.start + part.count].view(-1, self.stride * features.shape[-1])

    def _frame(self, features: Tensor, part: Part, index: int) -> Tensor:
        """Of each pair one frame."""
        return self._pairs(features, part).unflatten(1, (self.stride, -1))[:, index]

    def _from_here_on(self, features: Tensor, part: Part) -> Tensor:
        """Of each pair what one product covers: both frames, or the first where the part has one tap."""
        return self._frame(features, part, 0) if part.taps == 1 else self._pairs(features, part)

    def _target(self, features: Tensor, part: Part) -> Tensor:
        """Rows of a part's outgoing nodes, ``(count·B·T / stride, C')``."""
        return features[part.node:part.node + part.count].flatten(0, 2)


def graph_time_conv(conv: GraphTimeConv, features: Tensor, kernels: Sequence[Tensor]) -> Tensor:
    """``(P, B, T, C)`` to ``(W, B, T / stride, C')``, differentiable by the features and the kernels ``(taps·C, C')`` to any order."""
    return _Conv.apply(conv, _input_only.get(), features.contiguous(), *kernels)


def leaky_relu(x: Tensor, bias: Optional[Tensor], slope: float) -> Tensor:
    """LeakyReLU of ``x (…, C)`` plus ``bias (C,)``; twice differentiable where its derivative is taken to be constant, as it is almost
    everywhere (PyTorch's own hands zeros on, which are then multiplied through the whole network)."""
    return _LeakyReLU.apply(x, bias, slope, _input_only.get())


class _Conv(torch.autograd.Function):

    @staticmethod
    def forward(ctx, conv: GraphTimeConv, input_only: bool, features: Tensor, *kernels: Tensor) -> Tensor:
        ctx.conv, ctx.kernels_wanted = conv, not input_only and any(ctx.needs_input_grad[3:])
        ctx.save_for_backward(features if ctx.kernels_wanted else None, *kernels)
        return conv.apply(features, kernels)

    @staticmethod
    def backward(ctx, grad: Tensor):
        features, *kernels = ctx.saved_tensors
        grad = grad.contiguous()
        by_features = _ConvTransposed.apply(ctx.conv, grad, *kernels) if ctx.needs_input_grad[2] else None
        by_kernels = ctx.conv.kernel_gradients(features, grad) if ctx.kernels_wanted else [None] * len(kernels)
        return (None, None, by_features, *by_kernels)


class _ConvTransposed(torch.autograd.Function):

    @staticmethod
    def forward(ctx, conv: GraphTimeConv, grad: Tensor, *kernels: Tensor) -> Tensor:
        ctx.conv = conv
        ctx.save_for_backward(grad, *kernels)
        return conv.apply_transposed(grad, kernels)

    @staticmethod
    def backward(ctx, direction: Tensor):
        grad, *kernels = ctx.saved_tensors
        direction = direction.contiguous()
        by_grad = _Conv.apply(ctx.conv, False, direction, *kernels) if ctx.needs_input_grad[1] else None
        by_kernels = ctx.conv.kernel_gradients(direction, grad) if any(ctx.needs_input_grad[2:]) else [None] * len(kernels)
        return (None, by_grad, *by_kernels)


class _LeakyReLU(torch.autograd.Function):

    @staticmethod
    def forward(ctx, x: Tensor, bias: Optional[Tensor], slope: float, input_only: bool) -> Tensor:
        out = x.clone() if bias is None else x + bias
        F.leaky_relu_(out, slope)
        ctx.slope, ctx.bias_wanted = slope, bias is not None and not input_only and ctx.needs_input_grad[1]
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, grad: Tensor):
        out, = ctx.saved_tensors
        grad = _LeakyReLUGradient.apply(grad, out.detach(), ctx.slope)
        return grad, grad.flatten(0, -2).sum(dim=0) if ctx.bias_wanted else None, None, None


class _LeakyReLUGradient(torch.autograd.Function):

    @staticmethod
    def forward(ctx, grad: Tensor, out: Tensor, slope: float) -> Tensor:
        ctx.slope = slope
        ctx.save_for_backward(out)
        return torch.ops.aten.leaky_relu_backward(grad, out, slope, True)

    @staticmethod
    def backward(ctx, direction: Tensor):
        out, = ctx.saved_tensors
        return _LeakyReLUGradient.apply(direction, out, ctx.slope), None, None

