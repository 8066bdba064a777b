"""A block of InfoGCN in training on a CPU: forward and gradient in the package's kernels, as one function of autograd.

Layer by layer, Python and autograd cost as much as several of the kernels: each sum of two gradients is written anew, and what a step over
frames leaves out is filled with zeros. What is computed, and in which order, is the same.
"""

import math
import struct
from typing import Dict, Optional, Sequence

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from mmagenc.models.layers.native import calls

NORMS = ('gcn.bn', 'tcn.expand_bn', 'tcn.bn', 'gcn.down.1', 'residual.1')
WEIGHTS = ('gcn.norm.weight', 'gcn.norm.bias', 'gcn.to_qk.weight', 'gcn.to_qk.bias', 'gcn.topology', 'gcn.transform.weight',
           'tcn.expand.weight', 'tcn.convs.0.weight', 'tcn.convs.1.weight', 'tcn.pointwise.weight', 'gcn.down.0.weight',
           'residual.0.weight')
KEPT = ('x', 'out', 'qk', 'y', 'z', 'expanded', 'parts', 'down', 'seen', 'branches', 'beside', 'residual', 'means', 'inverses',
        'attention')
ROOM = ('space 0', 'space 1', 'space 2', 'space 3', 'grad', 'grad_x', 'grad_beside', 'grad_qk')
FORMAT = f'=11q d {"8q 2d " * len(NORMS)} {2 * len(WEIGHTS) + len(KEPT) + len(ROOM)}q'
"""C's ``Block`` (``infogcn.h``): numbers, batch norms, weights and their gradients, what is kept, working space; addresses of tensors."""


class TrainedBlock(torch.autograd.Function):
    """``ReLU(ReLU(TCN(GCN(x))) + residual)`` by an :class:`~.infogcn.EncodingBlock`, whose batch norms count the batch.

    Takes ``x (N, T, V, C)``, contiguous, the block, and its parameters' names and values; returns ``(N, ⌈T / stride⌉, V, C')``.
    """

    @staticmethod
    def forward(ctx, x: Tensor, block: nn.Module, names: Sequence[str], *parameters: Tensor) -> Tensor:
        tensors = dict(zip(names, (parameter.contiguous() for parameter in parameters)), x=x) | _kept(block, x)
        room = _spaces(block, x, 1)  # by a name: it must live until the kernels are done
        calls.infogcn_block(_packed(block, tensors | room), x.dtype)
        ctx.block, ctx.names, ctx.kept = block, names, tuple(tensors)
        ctx.save_for_backward(*tensors.values())
        return tensors['out']

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):
        tensors, block = dict(zip(ctx.kept, ctx.saved_tensors)), ctx.block
        x, grads = tensors['x'], {name: torch.empty_like(tensors[name]) for name in ctx.names}
        tensors |= _spaces(block, x, 4)
        tensors |= dict(grad=grad.contiguous(), grad_x=torch.empty_like(x), grad_qk=torch.empty_like(tensors['qk']))
        if block.residual is not None:
            tensors['grad_beside'] = x.new_empty(*tensors['out'].shape[:3], x.shape[3])
        calls.infogcn_block(_packed(block, tensors, grads), x.dtype, backward=True)
        return (tensors['grad_x'], None, None, *grads.values())


def _kept(block: nn.Module, x: Tensor) -> Dict[str, Tensor]:
    """Room for the output and for what the gradient needs; axes as C's ``Block`` names them."""
    clips, frames, joints, channels = x.shape
    gcn, wide, width = block.gcn, block.gcn.transform.out_features, block.tcn.pointwise.out_features
    all_frames, kept = (clips, frames, joints), (clips, (frames - 1) // block.stride + 1, joints)
    shapes = dict(out=(*kept, wide), qk=(*all_frames, 2 * gcn.num_heads * gcn.head_dim), y=(*all_frames, wide),
                  z=(*all_frames, wide), expanded=(*all_frames, 3 * width), parts=(3, *all_frames, width), branches=(4, *kept, width),
                  attention=(*all_frames, calls.columns(joints, gcn.num_heads)))
    if gcn.down is not None:
        shapes['down'] = (*all_frames, wide)
    if block.residual is not None:
        shapes['residual'] = (*kept, wide)
    if block.stride > 1:
        shapes |= dict(seen=(*kept, wide), beside=(*kept, channels))
    numbers = dict(means=all_frames, inverses=all_frames)
    numbers |= {f'{name} found': (3, norm.num_features) for name, norm in _norms(block).items()}
    return ({name: x.new_empty(shape) for name, shape in shapes.items()}
            | {name: torch.empty(shape, dtype=torch.float32) for name, shape in numbers.items()})


def _spaces(block: nn.Module, x: Tensor, count: int) -> Dict[str, Tensor]:
    """Room for the moment."""
    wide = max(x.shape[3], block.gcn.transform.out_features)
    return {f'space {number}': x.new_empty(*x.shape[:3], wide) for number in range(count)}


def _norms(block: nn.Module) -> Dict[str, nn.Module]:
    """Batch norms by name; those that are there."""
    down, residual = (None if each is None else each[1] for each in (block.gcn.down, block.residual))
    norms = (block.gcn.bn, block.tcn.expand_bn, block.tcn.bn, down, residual)
    return {name: norm for name, norm in zip(NORMS, norms) if norm is not None}


def _packed(block: nn.Module, tensors: Dict[str, Tensor], grads: Optional[Dict[str, Tensor]] = None) -> bytes:
    """C's ``Block``."""
    address = {name: tensor.data_ptr() for name, tensor in tensors.items()}.get
    gradient = {name: tensor.data_ptr() for name, tensor in (grads or {}).items()}.get
    gcn, convs, norms, packed = block.gcn, block.tcn.convs, _norms(block), []
    for name in NORMS:
        norm = norms.get(name)
        weight, bias = f'{name}.weight', f'{name}.bias'
        if norm is None:
            packed += [0] * 8 + [0., 0.]
            continue
        running = [0] * 3
        if norm.track_running_stats:
            running = [buffer.data_ptr() for buffer in (norm.running_mean, norm.running_var, norm.num_batches_tracked)]
        packed += [address(weight), address(bias), gradient(weight, 0), gradient(bias, 0), *running, address(f'{name} found'), norm.eps,
                   math.nan if norm.momentum is None else norm.momentum]
    return struct.pack(
        FORMAT, *tensors['x'].shape, gcn.transform.out_features, gcn.num_heads, gcn.head_dim, block.stride, convs[0].kernel_size[0],
        convs[0].dilation[0], convs[1].dilation[0], gcn.norm.eps, *packed, *(address(name, 0) for name in WEIGHTS),
        *(gradient(name, 0) for name in WEIGHTS), *(address(name, 0) for name in (*KEPT, *ROOM)))
