"""Kernels of our own for a CPU, compiled where they run (:mod:`.build`), called (:mod:`.calls`), with their gradients (:mod:`.functions`).

PyTorch computes an attention of 20 joints and a batch norm in many passes over memory, and products of matrices as small as a skeleton's
graph at a fifth of the processor's speed. The kernels do each in one. Nothing needs them: where :func:`serves` says no,
PyTorch's own operations compute the same.
"""

from .calls import LANES, MAX_HEADS, MAX_JOINTS, MAX_TAPS, multiplies, parameters_serve, serves, statistics
from .functions import GraphConvolution, LayerNorm, Linear, NormalizeParts, Peak, TemporalConvolution

__all__ = [
    'GraphConvolution', 'LANES', 'LayerNorm', 'Linear', 'MAX_HEADS', 'MAX_JOINTS', 'MAX_TAPS', 'NormalizeParts', 'Peak',
    'TemporalConvolution', 'multiplies', 'parameters_serve', 'serves', 'statistics'
]
