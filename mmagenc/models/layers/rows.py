"""Linear layers of many rows on the CPU, by the faster of two libraries.

R rows (clips, frames, joints), C channels.
"""

from typing import Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from . import native, products

CONVOLVES = torch.backends.mkldnn.is_available() and hasattr(torch, 'mkldnn_convolution')
"""Whether this PyTorch has oneDNN's convolution, which is not a documented function."""
MANY_ROWS = 512
"""Rows from which on the convolution pays; with few rows and a wide weight it takes more than twice as long as the product."""
MANY_PRODUCTS = 2**20
"""Multiplications from which on a function of our own pays where products are oneDNN's."""

KERNEL_ROWS = 1024
"""Rows from which on kernels of our own pay, which turn the weight first."""


class RowsLinear(nn.Linear):
    """``Linear`` of many rows: on the CPU in full precision as a 1×1 convolution, whose kernels are up to 1.4 times as fast there.

    PyTorch hands matrix products to MKL and convolutions to oneDNN. For the shapes of a network of skeletons (thousands of rows, 64 to 768
    channels) oneDNN's convolution is the faster in the forward product and the input's gradient, MKL in the weights' gradient;
    where :mod:`~mmagenc.models.layers.products` says so, all three are kernels of our own, or without these oneDNN's linear layers. In
    bfloat16, under autocast, they are kernels of our own where these serve.
    """

    def forward(self, x: Tensor) -> Tensor:
        """``(…, C)`` to ``(…, C')``."""
        return rows_linear(x, self.weight, self.bias)

    def with_input(self, x: Tensor) -> Tuple[Tensor, Tensor]:
        """The layer's output; and ``x``, for whoever needs it after this: on the CPU its gradient is added on the way."""
        return _rows_linear(x, self.weight, self.bias)


def rows_linear(x: Tensor, weight: Tensor, bias: Optional[Tensor] = None) -> Tensor:
    """``F.linear`` of ``x (…, C)``, as :class:`RowsLinear`."""
    return _rows_linear(x, weight, bias)[0]


def _rows_linear(x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tuple[Tensor, Tensor]:
    if torch.compiler.is_compiling():  # before any look at sizes: an exported file would be of this size alone
        return F.linear(x, weight, bias), x
    least = MANY_PRODUCTS if products.FASTER else MANY_ROWS * weight.numel()
    if x.shape[:-1].numel() >= KERNEL_ROWS and len(weight) % native.LANES == 0 and multiplies_by_kernels(x, weight, bias):
        function = native.Linear
    elif x.numel() * len(weight) >= least and fuses(x) and x.dtype == torch.float32 and CONVOLVES:
        function = _RowsLinear
    else:
        return F.linear(x, weight, bias), x
    y, rows = function.apply(x.reshape(-1, x.shape[-1]), weight, bias)
    return y.view(*x.shape[:-1], -1), rows.view(x.shape)


def fuses(x: Tensor) -> bool:
    """Whether what the package computes by hand is for ``x``: on the CPU, in full precision; elsewhere it is PyTorch's kernels' work.

    It is the compiler's while compiling: exported files have no oneDNN, and nothing may stop a graph's tracing halfway.
    """
    return (not torch.compiler.is_compiling() and x.device.type == 'cpu' and x.dtype in (torch.float32, torch.float64)
            and not torch.is_autocast_enabled('cpu'))


def multiplies_by_kernels(x: Tensor, *parameters: Optional[Tensor]) -> bool:
    """Whether kernels of our own are for products of ``x``: in float32, or where autocast would have bfloat16 of a weight in float32."""
    autocast = torch.is_autocast_enabled('cpu')
    if x.dtype != (torch.get_autocast_dtype('cpu') if autocast else torch.float32) or not (products.FASTER or autocast):
        return False
    given = (parameter for parameter in parameters if parameter is not None)
    return native.serves(x) and native.multiplies(x) and native.parameters_serve(*given)


class _RowsLinear(torch.autograd.Function):

    @staticmethod
    def forward(ctx, rows: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tuple[Tensor, Tensor]:
        ctx.save_for_backward(rows, weight)
        ctx.set_materialize_grads(False)
        return products.linear(rows, weight, bias) if products.FASTER else _convolve(rows, weight, bias), rows

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Optional[Tensor], through: Optional[Tensor]):
        if grad is None:
            return through, None, None
        rows, weight = ctx.saved_tensors
        needed = ctx.needs_input_grad
        grad = grad.contiguous()
        by_rows = products.matmul if products.FASTER else lambda grad, weight: _convolve(grad, weight.t())
        grad_x = by_rows(grad, weight) if needed[0] else None
        if through is not None and needed[0]:
            grad_x = grad_x.add_(through)
        return (grad_x, products.transposed_matmul(grad, rows) if needed[1] else None,
                grad.sum(dim=0) if needed[2] else None)


def as_image(rows: Tensor) -> Tensor:
    """``(R, C)`` as an image ``(1, C, R, 1)`` whose channels lie last in memory: a view."""
    return rows[None, :, None].permute(0, 3, 1, 2)  # with the strides by which kernels know that channels lie last


def as_rows(image: Tensor) -> Tensor:
    """The reverse of :func:`as_image`: a view."""
    return image.permute(0, 2, 3, 1)[0, :, 0]


def _convolve(rows: Tensor, weight: Tensor, bias: Optional[Tensor] = None) -> Tensor:
    """``rows (R, C)`` times ``weight (C', C)``, by oneDNN even of an image or two, for which ``conv2d`` has a slow kernel of its own."""
    return as_rows(torch.mkldnn_convolution(as_image(rows), weight[:, :, None, None], bias, (0, 0), (1, 1), (1, 1), 1))
