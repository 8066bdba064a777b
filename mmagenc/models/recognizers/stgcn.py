"""MMAction2's ST-GCN with the graph aggregation of all subsets as one matrix product.

N clips · persons, T frames, V and W joints before and after, K subsets of the graph, C channels.
"""

import torch
import torch.nn.functional as F
from mmaction.models.backbones.stgcn import STGCN
from mmaction.models.utils import unit_gcn
from torch import Tensor, nn

from mmagenc.models.layers import use_exact_statistics
from mmagenc.registry import MODELS


class OneProductGCN(unit_gcn):
    """MMAction2's ``unit_gcn``: same parameters, same function, channels-last.

    There ``einsum('nkctv,kvw->nctw')`` copies its operands to bring subsets and joints together. Channels-last the convolution's output is
    ``(N, T, V, K, C)`` in memory already: one batched product with ``(W, V · K)``, nothing moved.
    """

    def graph(self) -> Tensor:
        """``(K, V, W)`` with what training adapted of it."""
        if self.adaptive == 'offset':
            return self.A + self.PA
        return self.A * self.PA if self.adaptive == 'importance' else self.A

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, T, V)`` to ``(N, C', T, W)``."""
        residual = self.down(x) if self.with_res else 0
        x = x.contiguous(memory_format=torch.channels_last)
        graph = self.graph()
        if self.conv_pos == 'pre':
            x = aggregate(self.conv(x), graph)
        else:
            x = self.conv(spread(x, graph))
        return self.act(self.bn(x) + residual)


class EveryFrameConv2d(nn.Conv2d):
    """A ``Conv2d`` of one frame and joint that steps over frames: the frames first, then the convolution.

    On processors with AVX-512 oneDNN's own, of channels that lie last and are fewer than :data:`NARROW`, leaves its memory when it computes
    the weights' gradient (as of PyTorch 2.13): the process dies, or goes on with other memory changed.
    """

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, T, V)`` to ``(N, C', ⌈T / stride⌉, V')``."""
        return F.conv2d(x[:, :, ::self.stride[0], ::self.stride[1]], self.weight, self.bias)


NARROW = 16


def avoid_narrow_steps(network: nn.Module) -> None:
    """Let every narrow ``Conv2d`` of a network that steps and sees one frame and joint be an :class:`EveryFrameConv2d`."""
    for module in network.modules():
        steps = type(module) is nn.Conv2d and module.kernel_size == (1, 1) and module.stride != (1, 1)
        if steps and module.in_channels < NARROW and module.groups == 1 and module.padding == (0, 0):
            module.__class__ = EveryFrameConv2d


def aggregate(x: Tensor, graph: Tensor) -> Tensor:
    """Sum over subsets and joints: ``einsum('nkctv,kvw->nctw')``.

    Args:
        x: ``(N, K · C, T, V)``, channels-last in memory.
        graph: ``(K, V, W)``.

    Returns:
        Tensor: ``(N, C, T, W)``, channels-last in memory.
    """
    batch, channels, frames, joints = x.shape
    subsets, _, width = graph.shape
    rows = x.permute(0, 2, 3, 1).reshape(batch * frames, joints * subsets, channels // subsets)
    columns = graph.permute(2, 1, 0).reshape(1, width, joints * subsets).to(x.dtype)
    return torch.bmm(columns.expand(rows.shape[0], -1, -1), rows).view(batch, frames, width, -1).permute(0, 3, 1, 2)


def spread(x: Tensor, graph: Tensor) -> Tensor:
    """Each subset's sum over joints: ``einsum('nctv,kvw->nkctw')`` with K and C as one axis.

    Args:
        x: ``(N, C, T, V)``, channels-last in memory.
        graph: ``(K, V, W)``.

    Returns:
        Tensor: ``(N, K · C, T, W)``, channels-last in memory.
    """
    batch, channels, frames, joints = x.shape
    subsets, _, width = graph.shape
    rows = x.permute(0, 2, 3, 1).reshape(batch * frames, joints, channels)
    columns = graph.permute(2, 0, 1).reshape(1, width * subsets, joints).to(x.dtype)
    return torch.bmm(columns.expand(rows.shape[0], -1, -1), rows).view(batch, frames, width, -1).permute(0, 3, 1, 2)


@MODELS.register_module()
class FastSTGCN(STGCN):
    """MMAction2's ``STGCN`` (also as STGCN++: ``gcn_adaptive``, ``gcn_with_res``, ``tcn_type='mstcn'``), faster.

    Arguments, weights, state-dict keys and results are MMAction2's: put ``mmagenc.FastSTGCN`` in the place of ``STGCN`` in any config, with
    any checkpoint of it.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for block in self.gcn:
            block.gcn.__class__ = OneProductGCN  # holds the same parameters; only how it computes differs
        use_exact_statistics(self)
        avoid_narrow_steps(self)
