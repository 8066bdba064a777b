"""Blocks of InfoGCN in training on a CPU: forward and gradient in the package's kernels, as one function of autograd.

Layer by layer, Python and autograd cost as much as several of the kernels: each sum of two gradients is written anew, and what a step over
frames leaves out is filled with zeros; between two blocks, all that Python wants has left the processor's caches. What is computed, and in
which order, is the same.
"""

import math
import struct
from typing import Dict, List, Optional, Sequence, Tuple

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
SPACES = ('space 0', 'space 1', 'space 2', 'space 3')
ROOM = (*SPACES, 'grad', 'grad_x', 'grad_beside', 'grad_qk')
FORMAT = f'=11q d {"8q 2d " * len(NORMS)} {2 * len(WEIGHTS) + len(KEPT) + len(ROOM)}q'
"""C's ``Block`` (``infogcn.h``): numbers, batch norms, weights and their gradients, what is kept, working space; addresses of tensors."""


class TrainedBlocks(torch.autograd.Function):
    """``ReLU(ReLU(TCN(GCN(x))) + residual)`` by one :class:`~.infogcn.EncodingBlock` after the other, whose batch norms count the batch.

    Takes ``x (N, T, V, C)``, contiguous, the blocks, and their parameters' names and values; returns ``(N, T', V, C')``.
    """

    @staticmethod
    def forward(ctx, x: Tensor, blocks: Sequence[nn.Module], names: Sequence[Tuple[str, ...]], *parameters: Tensor) -> Tensor:
        each, given = [], iter(parameters)
        for block, keys in zip(blocks, names):
            each.append({key: parameter.contiguous() for key, parameter in zip(keys, given)} | _kept(block, x) | dict(x=x))
            x = each[-1]['out']
        room = _spaces(each, 1)  # by a name, as all that addresses are taken of: it must live until the kernels are done
        for values in [_packed(block, tensors | room) for block, tensors in zip(blocks, each)]:
            calls.infogcn_block(values, x.dtype)
        ctx.blocks, ctx.names, ctx.kept = blocks, names, [tuple(tensors) for tensors in each]
        ctx.save_for_backward(*(tensor for tensors in each for tensor in tensors.values()))
        return x

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):
        saved = iter(ctx.saved_tensors)
        each = [dict(zip(kept, saved)) for kept in ctx.kept]
        grads = [{name: torch.empty_like(tensors[name]) for name in names} for tensors, names in zip(each, ctx.names)]
        room = _spaces(each, len(SPACES)) | {name: _largest([tensors[of] for tensors in each])
                                             for name, of in (('grad_beside', 'x'), ('grad_qk', 'qk'))}
        between = [_largest([tensors['x'] for tensors in each]) for _ in range(min(2, len(each) - 1))]
        of_inputs = [torch.empty_like(each[0]['x']), *(between[number % 2] for number in range(len(each) - 1)), grad.contiguous()]
        packed = [_packed(block, tensors | room | dict(grad=of_out, grad_x=of_x), of_parameters)
                  for block, tensors, of_parameters, of_x, of_out in zip(ctx.blocks, each, grads, of_inputs, of_inputs[1:])]
        for values in reversed(packed):
            calls.infogcn_block(values, grad.dtype, backward=True)
        return (of_inputs[0], None, None, *(value for of_parameters in grads for value in of_parameters.values()))


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


def _spaces(each: List[Dict[str, Tensor]], count: int) -> Dict[str, Tensor]:
    """Room for the moment, which serves one block after the other."""
    rows = [tensors[name] for tensors in each for name in ('x', 'z')]
    return {name: _largest(rows) for name in SPACES[:count]}


def _largest(tensors: Sequence[Tensor]) -> Tensor:
    """Room for any of these."""
    return torch.empty(max(tensor.numel() for tensor in tensors), dtype=tensors[0].dtype)


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
