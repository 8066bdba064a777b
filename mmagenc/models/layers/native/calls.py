"""The kernels as functions of tensors; they know no gradient.

B graphs (frames), V joints, H heads, D channels of a head's queries and keys, R rows (all that is normalized over), C channels, N clips, T
frames, K taps. Tensors are float32 or bfloat16, on the CPU, statistics and parameters float32.
"""

import ctypes
import logging
import math
import struct
from functools import cache
from typing import List, Optional, Sequence, Tuple

import torch
from mmengine.logging import print_log
from torch import Tensor

from .build import SWITCH, library

LANES = 16
"""Channels are a multiple of it: what the widest processor takes at once."""
MAX_JOINTS, MAX_HEADS, MAX_TAPS = 64, 16, 16
SUFFIX = {torch.float32: 'float32', torch.bfloat16: 'bfloat16'}
ROLES = ('x', 'residual', 'out', 'grad', 'grad_x', 'passed', 'through')
PART_NUMBERS = 2 * len(ROLES) + 2
"""Of C's ``Part``: addresses, steps from row to row, first channel and channels."""


_POINTER, _LONG, _FLOAT = ctypes.c_void_p, ctypes.c_long, ctypes.c_float
SIGNATURES = {
    'convolve_graphs': (_POINTER, _LONG, *[_POINTER] * 3, _FLOAT, *[_POINTER] * 3),
    'convolve_graphs_backward': (_POINTER, _LONG, *[_POINTER] * 3, _FLOAT, *[_POINTER] * 8),
    'statistics': (_LONG, _LONG, _POINTER, _LONG, _FLOAT, _FLOAT, *[_POINTER] * 4),
    'normalize': (_LONG, _POINTER, _LONG, *[_POINTER] * 3, _LONG),
    'normalize_backward': (_LONG, _LONG, _POINTER, _LONG, *[_POINTER] * 4, _LONG, *[_POINTER] * 2),
    'linear': (*[_LONG] * 3, *[_POINTER] * 2, _LONG, *[_POINTER] * 3),
    'transposed_product': (*[_LONG] * 3, *[_POINTER] * 4),
    'layer_norm': (_LONG, _LONG, *[_POINTER] * 3, _FLOAT, *[_POINTER] * 3),
    'layer_norm_backward': (_LONG, _LONG, *[_POINTER] * 9),
    'convolve': [_POINTER] * 4,
    'convolve_backward': [_POINTER] * 6,
    'peak': [_POINTER] * 3,
    'peak_backward': [_POINTER] * 4,
    'infogcn_block': [_POINTER],
    'infogcn_block_backward': [_POINTER],
}
"""Arguments of the kernels, the last of each, the number of threads, left out."""


def serves(*tensors: Tensor) -> bool:
    """Whether the kernels are for these tensors: on the CPU, of one type that they know, of channels (last) that they take; and built."""
    first = tensors[0]
    if first.dtype not in SUFFIX or torch.compiler.is_compiling() or torch.jit.is_tracing():
        return False
    same = all(x.is_cpu and x.dtype == first.dtype and x.layout == torch.strided and x.numel() for x in tensors)
    return same and all(x.shape[-1] % LANES == 0 for x in tensors) and _kernels() is not None


def multiplies(x: Tensor) -> bool:
    """Whether the kernels' products are for ``x``, as far as speed goes: where a processor has tiles for bfloat16, PyTorch's are faster."""
    return x.dtype != torch.bfloat16 or not _has_tiles()


@cache
def _has_tiles() -> bool:
    supported = getattr(torch.cpu, '_is_amx_tile_supported', None)
    return supported is not None and supported()


def parameters_serve(*parameters: Tensor) -> bool:
    """Whether the kernels take these parameters: of full precision; those of one axis as they lie, in one piece."""
    return all(parameter.dtype == torch.float32 and parameter.is_cpu and (parameter.ndim > 1 or parameter.is_contiguous())
               for parameter in parameters)


def convolve_graphs(x: Tensor, qk: Tensor, topology: Tensor, scale: float, weight: Tensor, *,
                    keep: bool) -> Tuple[Tensor, Optional[Tensor]]:
    """``Σ_h Σ_u softmax(scale · q kᵀ)[h, v, u] · topology[h, v, u] · x[u] · weight[h]``.

    Args:
        x: ``(B, V, C)``.
        qk: queries and keys ``(B, V, 2, H, D)``.
        topology: ``(H, V, V)``.
        scale: of the scores.
        weight: ``(C', H · C)``.
        keep: return the attention, which the gradient needs.

    Returns:
        tuple: ``(B, V, C')``, and the attention in the kernel's own form.
    """
    (batch, joints, _), heads = x.shape, qk.shape[3]
    out = x.new_empty(batch, joints, len(weight))
    kept = x.new_empty(batch, joints, columns(joints, heads)) if keep else None
    _call('convolve_graphs', x.dtype, _graphs(x, qk, weight), batch, x, qk, topology, scale, weight, out, kept)
    return out, kept


def convolve_graphs_backward(x: Tensor, qk: Tensor, topology: Tensor, scale: float, weight: Tensor, grad: Tensor, kept: Tensor,
                             through: Optional[Tensor]) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
    """Gradients of :func:`convolve_graphs`'s ``x`` (plus ``through``), ``qk``, ``topology`` and ``weight`` by that of its result."""
    grads = torch.empty_like(x), torch.empty_like(qk), torch.empty_like(topology), torch.empty_like(weight)
    _call('convolve_graphs_backward', x.dtype, _graphs(x, qk, weight), len(x), x, qk, topology, scale, weight, grad, kept, through, *grads)
    return grads


def statistics(parts: Sequence[Tensor],
               eps: float,
               share: float = 0.,
               running: Optional[Tuple[Tensor, Tensor]] = None) -> Tuple[Tensor, Tensor]:
    """Mean and inverse deviation ``(C,)`` of rows whose channels lie in one or several ``(R, C_i)``, C of them together.

    ``running`` mean and (unbiased) variance take a ``share`` of them.
    """
    channels = sum(x.shape[1] for x in parts)
    mean, inverse = torch.empty(channels, dtype=torch.float32), torch.empty(channels, dtype=torch.float32)
    rows, running = parts[0].shape[0], running or (None, None)
    _call('statistics', parts[0].dtype, rows, channels, *_together(x=parts), eps, share, *running, mean, inverse)
    return mean, inverse


def normalize(parts: Sequence[Tensor], residual: Optional[Tensor], mean: Tensor, scale: Tensor, shift: Tensor, *, inner: bool, outer: bool,
              widths: Sequence[int]) -> List[Tensor]:
    """``(x − mean) · scale + shift``, the ReLU of it if ``inner``, plus ``residual (R, C)``, and the ReLU of that if ``outer``.

    Args:
        parts: ``(R, C_i)`` that make ``x``.
        widths: channels of each tensor that is returned.
    """
    outs = [parts[0].new_empty(len(parts[0]), width) for width in widths]
    roles = dict(x=parts, out=outs) if residual is None else dict(x=parts, out=outs, residual=[residual])
    _call('normalize', parts[0].dtype, len(parts[0]), *_together(**roles), mean, scale, shift, inner + 2 * outer)
    return outs


def normalize_backward(parts: Sequence[Tensor], outs: Sequence[Tensor], grads: Sequence[Tensor], mean: Tensor, inverse: Tensor,
                       weight: Tensor, bias: Tensor, *, inner: bool, outer: bool, passed: bool,
                       through: Optional[Tensor] = None) -> Tuple[List[Tensor], Tensor, Tensor, Optional[Tensor]]:
    """Gradients of :func:`normalize`'s parts, of weight and bias, and of the residual (plus ``through``) if ``passed``.

    Mean and inverse deviation are those of ``x``; ``scale`` was ``inverse · weight``, ``shift`` the bias. ``outs`` are asked for if
    ``outer``.
    """
    rows, channels = len(parts[0]), len(mean)
    grads_x = [torch.empty_like(x, memory_format=torch.contiguous_format) for x in parts]
    on = parts[0].new_empty(rows, channels) if passed else None
    roles = dict(x=parts, grad=grads, grad_x=grads_x) | (dict(out=outs) if outer else {}) | (dict(passed=[on]) if passed else {})
    roles |= {} if through is None else dict(through=[through])
    of_weight, of_bias = torch.empty_like(mean), torch.empty_like(mean)
    _call('normalize_backward', parts[0].dtype, rows, channels, *_together(**roles), mean, inverse, weight, bias, inner + 2 * outer,
          of_weight, of_bias)
    return grads_x, of_weight, of_bias, on


def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tuple[Tensor, Tensor, Tensor]:
    """Layer norm of rows ``(R, C)``, and each row's mean and inverse deviation."""
    out, mean, inverse = torch.empty_like(x), *(torch.empty(len(x), dtype=torch.float32) for _ in range(2))
    _call('layer_norm', x.dtype, *x.shape, x, weight, bias, eps, out, mean, inverse)
    return out, mean, inverse


def layer_norm_backward(x: Tensor, weight: Tensor, mean: Tensor, inverse: Tensor, grad: Tensor,
                        through: Optional[Tensor]) -> Tuple[Tensor, Tensor, Tensor]:
    """Gradients of :func:`layer_norm`'s ``x`` (plus ``through``), weight and bias."""
    grads = torch.empty_like(x), torch.empty_like(weight), torch.empty_like(weight)
    _call('layer_norm_backward', x.dtype, *x.shape, x, weight, mean, inverse, grad, through, *grads)
    return grads


def linear(x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
    """``x (R, C)`` times the turned ``weight (N, C)``, which is float32, plus ``bias (N,)``."""
    out = x.new_empty(x.shape[0], weight.shape[0])
    _call('linear', x.dtype, *x.shape, weight.shape[0], x, weight, 1, bias, None, out)
    return out


def linear_backward(grad: Tensor, weight: Tensor, through: Optional[Tensor]) -> Tensor:
    """Gradient of :func:`linear`'s ``x``, plus ``through (R, C)``."""
    out = grad.new_empty(grad.shape[0], weight.shape[1])
    _call('linear', grad.dtype, *grad.shape, weight.shape[1], grad, weight, 0, None, through, out)
    return out


def transposed_product(left: Tensor, right: Tensor, *, sums: bool = False) -> Tuple[Tensor, Optional[Tensor]]:
    """``left.T @ right`` of ``(R, L)`` and ``(R, C)``, in float32; and, if asked, the sums of ``left``'s columns."""
    out = left.new_empty(left.shape[1], right.shape[1], dtype=torch.float32)
    found = left.new_empty(left.shape[1], dtype=torch.float32) if sums else None
    _call('transposed_product', left.dtype, *left.shape, right.shape[1], left, right, out, found)
    return out, found


def convolve(x: Tensor, weight: Tensor, stride: int, dilation: int) -> Tensor:
    """Convolution over frames, zeros outside: ``(N, T, V, C)`` by ``(K, C, C')``, K odd, to ``(N, ⌈T / stride⌉, V, C')``."""
    out = x.new_empty(len(x), (x.shape[1] - 1) // stride + 1, x.shape[2], weight.shape[2])
    _call('convolve', x.dtype, _frames(x, weight.shape[2], len(weight), stride, dilation), x, weight, out)
    return out


def convolve_backward(x: Tensor, weight: Tensor, stride: int, dilation: int, grad: Tensor) -> Tuple[Tensor, Tensor]:
    """Gradients of :func:`convolve`'s ``x`` and ``weight``."""
    grads = torch.empty_like(x), torch.empty_like(weight)
    frames = _frames(x, weight.shape[2], len(weight), stride, dilation)
    _call('convolve_backward', x.dtype, frames, x, weight.transpose(1, 2).contiguous(), grad, *grads)
    return grads


def peak(x: Tensor, stride: int) -> Tensor:
    """Maximum of each frame and its two neighbours, where there are: ``(N, T, V, C)`` to ``(N, ⌈T / stride⌉, V, C)``."""
    out = x.new_empty(len(x), (x.shape[1] - 1) // stride + 1, *x.shape[2:])
    _call('peak', x.dtype, _frames(x, x.shape[3], 3, stride, 1), x, out)
    return out


def peak_backward(x: Tensor, stride: int, grad: Tensor) -> Tensor:
    """Gradient of :func:`peak`'s ``x``: to the first of equals."""
    grad_x = torch.empty_like(x)
    _call('peak_backward', x.dtype, _frames(x, x.shape[3], 3, stride, 1), x, grad, grad_x)
    return grad_x


def infogcn_block(packed: bytes, dtype: torch.dtype, *, backward: bool = False) -> None:
    """A block of InfoGCN in training, or its gradients; ``packed`` is C's ``Block`` (``infogcn.h``), all addresses of tensors that live."""
    if len(packed) != _kernels().mmagenc_infogcn_block_size():
        raise ValueError(f'a block of {len(packed)} bytes, where {_kernels().mmagenc_infogcn_block_size()} are expected')
    _call('infogcn_block_backward' if backward else 'infogcn_block', dtype, packed)


def columns(joints: int, heads: int) -> int:
    """Columns of a frame's attention in the kernels' own form (``graphs.h``)."""
    lanes = _kernels().mmagenc_lanes()
    return math.ceil(heads * (joints + joints % 2) / lanes) * lanes


def _graphs(x: Tensor, qk: Tensor, weight: Tensor) -> bytes:
    """C's ``Graphs``."""
    return struct.pack('5l', x.shape[1], *qk.shape[3:], x.shape[2], weight.shape[0])


def _frames(x: Tensor, out_channels: int, taps: int, stride: int, dilation: int) -> bytes:
    """C's ``Frames``."""
    return struct.pack('8l', *x.shape, out_channels, taps, stride, dilation)


def _together(**roles: Sequence[Tensor]) -> Tuple[bytes, int]:
    """C's ``Part``s: pieces of the channels within which each role has one tensor; and their number."""
    pieces = _pieces(tuple(roles), tuple([tuple([x.shape[1] for x in tensors]) for tensors in roles.values()]))
    addresses = [[x.data_ptr() for x in tensors] for tensors in roles.values()]
    steps = [[x.stride(0) for x in tensors] for tensors in roles.values()]
    size, numbers = next(iter(roles.values()))[0].element_size(), []
    for first, channels, places in pieces:
        part = [0] * PART_NUMBERS
        for kind, role, tensor, offset in places:
            part[kind], part[len(ROLES) + kind] = addresses[role][tensor] + offset * size, steps[role][tensor]
        part[-2:] = first, channels
        numbers += part
    return struct.pack(f'{len(numbers)}q', *numbers), len(pieces)


@cache
def _pieces(roles: Tuple[str, ...], widths: Tuple[Tuple[int, ...], ...]) -> List[Tuple[int, int, List[Tuple[int, int, int, int]]]]:
    """First channel, channels, and of each role its place in C's ``Part``, its number, the tensor's, and the channel in that."""
    begins = [[sum(each[:number]) for number in range(len(each) + 1)] for each in widths]
    edges = sorted({edge for each in begins for edge in each})
    pieces = []
    for first, last in zip(edges, edges[1:]):
        tensors = [max(number for number, begin in enumerate(each[:-1]) if begin <= first) for each in begins]
        pieces.append((first, last - first, [
            (ROLES.index(name), role, tensor, first - begins[role][tensor]) for role, (name, tensor) in enumerate(zip(roles, tensors))]))
    return pieces


def _call(name: str, dtype: torch.dtype, *arguments) -> None:
    _run(_kernels(), name, dtype, *arguments)


def _run(kernels: ctypes.CDLL, name: str, dtype: torch.dtype, *arguments) -> None:
    function = getattr(kernels, f'mmagenc_{name}_{SUFFIX[dtype]}')
    if function.argtypes is None:
        function.argtypes = [*SIGNATURES[name], ctypes.c_int]
    passed = [argument.data_ptr() if isinstance(argument, Tensor) else argument for argument in arguments]
    if function(*passed, torch.get_num_threads()):
        raise MemoryError(f'no memory for the working space of {name}')


@cache
def _kernels() -> Optional[ctypes.CDLL]:
    """The kernels, if they are there and compute what PyTorch does: a compiler may be wrong, and a file damaged."""
    kernels = library()
    if kernels is None or _agree(kernels):
        return kernels
    print_log("kernels for the CPU: what was compiled computes something else than PyTorch; PyTorch's own operations are used. "
              f'Another compiler can be named by CXX; {SWITCH}=0 leaves it be', 'current', logging.WARNING)
    return None


@torch.no_grad()
def _agree(kernels: ctypes.CDLL) -> bool:
    """One small graph convolution and the statistics of a small batch by the kernels, in both types, beside PyTorch."""
    batch, joints, heads, dim, channels = 2, 5, 2, 3, 16
    for dtype, tolerance in ((torch.float32, 1e-5), (torch.bfloat16, 3e-2)):
        x, qk, topology, weight = (torch.arange(1., 1 + math.prod(shape)).sin().view(shape).to(kind) for shape, kind in (
            ((batch, joints, channels), dtype), ((batch, joints, 2, heads, dim), dtype), ((heads, joints, joints), torch.float32),
            ((channels, heads * channels), torch.float32)))
        out = torch.empty_like(x)
        _run(kernels, 'convolve_graphs', dtype, _graphs(x, qk, weight), batch, x, qk, topology, 0.5, weight, out, None)
        rows, mean, inverse = x.view(-1, channels), torch.empty(channels), torch.empty(channels)
        _run(kernels, 'statistics', dtype, *rows.shape, *_together(x=[rows]), 0., 0., None, None, mean, inverse)
        with torch.autocast('cpu', enabled=False):
            query, key = qk.double().permute(2, 0, 3, 1, 4)
            gathered = ((0.5 * query @ key.mT).softmax(dim=-1) * topology) @ x.double()[:, None]
            convolved = gathered.transpose(1, 2).flatten(2) @ weight.double().t()
        rows = rows.double()
        pairs = ((out, convolved), (mean, rows.mean(dim=0)), (inverse, 1 / rows.std(dim=0, unbiased=False)))
        if not all((value.double() - truth).abs().max() <= tolerance * truth.abs().max() for value, truth in pairs):
            return False
    return True
