"""Matrix products on the CPU, by the faster of two libraries.

PyTorch hands matrix products in float32 to MKL and convolutions to oneDNN. On a processor with AVX-512 that is not Intel's, oneDNN's
product of a linear layer is up to 2.3 times as fast: MKL uses AVX-512 on Intel's only, and elsewhere has half the machine. With AVX2 each
has its shapes (:mod:`~mmagenc.models.layers.rows`).

The functions here know no gradient: they are for :class:`torch.autograd.Function`\\ s. Where a gradient is asked for, in other types, for
few numbers, on other devices, and in a PyTorch without that (undocumented) operation they are PyTorch's own.
"""

import contextlib
import platform
from pathlib import Path
from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor

MIN_PRODUCTS = 2**18
"""Multiplications from which on it pays to ask oneDNN."""
LARGE_RESULT = 2**20
"""Numbers of a result from which on turning it takes longer than the slower way to multiply."""
LINEAR = getattr(torch.ops.mkldnn, '_linear_pointwise', None) if torch.backends.mkldnn.is_available() else None
"""oneDNN's linear layer, which is not a documented function."""
CPUINFO = Path('/proc/cpuinfo')


def vendor() -> str:
    """Who made the processor, in the words of the system: ``'AuthenticAMD'``, ``'GenuineIntel'``, or what Python knows."""
    with contextlib.suppress(OSError), CPUINFO.open(encoding='utf-8', errors='replace') as lines:
        for line in lines:  # the first core tells; asking all of a large machine takes its time
            if line.startswith('vendor_id'):
                return line.partition(':')[2].strip()
    return platform.processor()


FASTER = LINEAR is not None and torch.backends.cpu.get_cpu_capability() == 'AVX512' and 'Intel' not in vendor()
"""Whether it is the faster on this machine."""


def linear(x: Tensor, weight: Tensor, bias: Optional[Tensor] = None) -> Tensor:
    """``F.linear``: ``x (…, C)``, ``weight (C', C)`` and ``bias (C',)`` to ``(…, C')``."""
    if not _pays(x, weight):
        return F.linear(x, weight, bias)
    if not (weight.is_contiguous() or weight.t().is_contiguous()):
        weight = weight.contiguous()  # with gaps between its rows oneDNN takes its slowest way, a thousand times as long
    return LINEAR(x, weight, bias, 'none', [], '')


def matmul(left: Tensor, right: Tensor) -> Tensor:
    """``left (…, C) @ right (C, C')``."""
    return linear(left, right.t())


def transposed_matmul(left: Tensor, right: Tensor) -> Tensor:
    """``left.T @ right`` of ``left (R, C)`` and ``right (R, C')``: a weight's gradient.

    Its wider side is best taken for the weight, but then the result lies in memory by columns, and autograd copies such a gradient: below
    :data:`LARGE_RESULT` both together are the faster, above it is not.
    """
    if left.shape[1] > right.shape[1] and left.shape[1] * right.shape[1] < LARGE_RESULT:
        return linear(right.t(), left.t()).t()
    return linear(left.t(), right.t())


def add_matmul(out: Tensor, left: Tensor, right: Tensor, *, begin: bool = False) -> None:
    """``out += left @ right`` of matrices, or ``out = left @ right`` where the sum begins; ``out`` may be any view."""
    if _pays(left, right.t()):
        product = matmul(left, right)
        out.copy_(product) if begin else out.add_(product)
    elif begin:
        torch.mm(left, right, out=out)
    else:
        out.addmm_(left, right)


def _pays(x: Tensor, weight: Tensor) -> bool:
    if not FASTER or torch.compiler.is_compiling() or not (x.dtype == weight.dtype == torch.float32 and x.device.type == 'cpu'):
        return False
    wanted = torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad)
    return not wanted and not torch.is_autocast_enabled('cpu') and x.numel() * len(weight) >= MIN_PRODUCTS
