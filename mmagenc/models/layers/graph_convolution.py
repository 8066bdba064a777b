"""Graph convolution over a topology that attention between joints weighs.

B graphs (frames), V joints, H heads, D channels of a head's queries and keys, C channels.
"""

from typing import Tuple

import torch
from torch import Tensor

from . import native
from .rows import rows_linear


def joint_attention(qk: Tensor, scale: float) -> Tensor:
    """Attention between joints: ``(B, V, 2, H, D)`` to ``(B, H, V, V)``, each row summing to one."""
    query, key = qk.permute(2, 0, 3, 1, 4)
    with torch.autocast(qk.device.type, enabled=False):  # scores reach tens: half precision would blur them, and is no faster here
        return (query @ (key * scale).transpose(-2, -1)).softmax(dim=-1)


def graph_convolution(x: Tensor, qk: Tensor, topology: Tensor, weight: Tensor, scale: float) -> Tuple[Tensor, Tensor]:
    """``Σ_h Σ_u S[h, v, u] · topology[h, v, u] · x[u] · weight[h]``, ``S`` being the softmax over ``u`` of ``scale · q[h, v] · k[h, u]``.

    Args:
        x: ``(B, V, C)``.
        qk: queries and keys ``(B, V, 2, H, D)``.
        topology: ``(H, V, V)``.
        weight: ``(C', H · C)``.
        scale: of the scores.

    Returns:
        tuple: ``(B, V, C')``; and ``x``, for whoever needs it after this: on the CPU its gradient is added on the way.
    """
    served = native.serves(x) and native.multiplies(x) and native.parameters_serve(topology, weight)
    small = x.shape[1] <= native.MAX_JOINTS and len(topology) <= native.MAX_HEADS
    if served and x.dtype == qk.dtype and small and len(weight) % native.LANES == 0:
        return native.GraphConvolution.apply(x, qk, topology, weight, scale)
    graph = (joint_attention(qk.to(topology.dtype), scale) * topology).to(x.dtype).transpose(1, 2).flatten(1, 2)  # rows (V, H)
    return rows_linear(torch.bmm(graph, x).view(*x.shape[:2], -1), weight), x
