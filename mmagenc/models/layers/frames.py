"""Operations over the frames of ``(N, T, V, C)``, channels last, and layer norm of the same.

N clips, T frames, V joints, C channels.
"""

from typing import Tuple

import torch.nn.functional as F
from torch import Tensor, nn

from . import native


class RowsLayerNorm(nn.LayerNorm):
    """``LayerNorm`` of the last axis, by a kernel of our own where there is one."""

    def forward(self, x: Tensor) -> Tensor:
        """``(…, C)`` to the same."""
        return self.with_input(x)[0]

    def with_input(self, x: Tensor) -> Tuple[Tensor, Tensor]:
        """The norm of ``x``; and ``x``, for whoever needs it after this: on the CPU its gradient is added on the way."""
        if not (native.serves(x) and norms_by_kernels(self)):
            return super().forward(x), x
        normed, rows = native.LayerNorm.apply(x.reshape(-1, x.shape[-1]), self.weight, self.bias, self.eps)
        return normed.view(x.shape), rows.view(x.shape)


def temporal_convolution(conv: nn.Conv2d, x: Tensor) -> Tensor:
    """A convolution ``(K, 1)`` over frames, without bias, padded so that T stays but for the stride.

    Args:
        conv: K odd; padded by ``K // 2`` times its dilation.
        x: ``(N, T, V, C)``.

    Returns:
        Tensor: ``(N, ⌈T / stride⌉, V, C')``.
    """
    if native.serves(x) and convolves_by_kernels(conv):
        return native.TemporalConvolution.apply(x, conv.weight.squeeze(3), conv.stride[0], conv.dilation[0])
    return conv(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


def convolves_by_kernels(conv: nn.Conv2d) -> bool:
    """Whether a kernel does what such a convolution does."""
    taps = conv.kernel_size[0]
    return (taps % 2 == 1 and taps <= native.MAX_TAPS and conv.padding == (taps // 2 * conv.dilation[0], 0) and conv.groups == 1
            and conv.bias is None and conv.out_channels % native.LANES == 0 and conv.padding_mode == 'zeros'
            and native.parameters_serve(conv.weight))


def norms_by_kernels(norm: nn.LayerNorm) -> bool:
    """Whether a kernel does what a layer norm does."""
    return (norm.elementwise_affine and norm.bias is not None and len(norm.normalized_shape) == 1
            and native.parameters_serve(norm.weight, norm.bias))


def frame_peaks(x: Tensor, stride: int = 1) -> Tensor:
    """Maximum of each frame and its two neighbours: ``(N, T, V, C)`` to ``(N, ⌈T / stride⌉, V, C)``."""
    if native.serves(x):
        return native.Peak.apply(x, stride)
    return F.max_pool2d(x.permute(0, 3, 1, 2), (3, 1), stride=(stride, 1), padding=(1, 0)).permute(0, 2, 3, 1)
