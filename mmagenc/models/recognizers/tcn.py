"""Res-TCN: convolutions over time of all coordinates at once, a recognizer of a hundredth of ST-GCN's cost.

N clips, M persons, T frames, V keypoints, C coordinates.
"""

from typing import Sequence

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmagenc.registry import MODELS


class TemporalUnit(nn.Module):
    """A residual unit of Res-TCN: normalization, ReLU, dropout and a convolution over time, added to what came in.

    Args:
        in_channels, out_channels: where they differ, or the stride is not 1, a convolution of one frame brings the sum's other side over.
        kernel_size: frames.
        stride: over time.
        dropout: probability.
    """

    def __init__(self, in_channels: int, out_channels: int, *, kernel_size: int, stride: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(in_channels)
        self.dropout = nn.Dropout(dropout)
        self.conv = nn.Conv1d(in_channels, out_channels, kernel_size, stride, kernel_size // 2)
        same = in_channels == out_channels and stride == 1
        self.residual = nn.Identity() if same else nn.Conv1d(in_channels, out_channels, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, T)`` to ``(N, C', ceil(T / stride))``."""
        return self.conv(self.dropout(torch.relu(self.norm(x)))) + self.residual(x)


@MODELS.register_module()
class TCN(BaseModule):
    """Backbone of Res-TCN (Kim and Reiter, "Interpretable 3D Human Action Analysis with Temporal Convolutional Networks", CVPRW 2017).

    It knows no graph: a frame's coordinates are its channels. With one head of MMAction2's ``GCNHead`` it makes an MMAction2
    ``RecognizerGCN``. Kernels are of odd length here (published: 8 frames), so that frames stay centred.

    Args:
        num_keypoints: V.
        in_channels: C of a keypoint.
        channels: of each block; the first unit of every block but the first halves the frames.
        num_units: residual units of a block.
        kernel_size: frames, odd.
        dropout: probability.
        init_cfg: as MMEngine's.

    Raises:
        ValueError: an even kernel, no block, or input of another width.
    """

    def __init__(self,
                 num_keypoints: int,
                 in_channels: int = 3,
                 channels: Sequence[int] = (64, 128, 256),
                 num_units: int = 3,
                 kernel_size: int = 9,
                 dropout: float = 0.5,
                 init_cfg=None) -> None:
        super().__init__(init_cfg)
        if kernel_size % 2 == 0 or not channels or num_units < 1:
            raise ValueError(f'an odd kernel_size, channels and num_units are needed, got {kernel_size}, {channels} and {num_units}')
        self.num_keypoints, self.in_channels = num_keypoints, in_channels
        width = num_keypoints * in_channels
        self.data_bn = nn.BatchNorm1d(width)
        self.stem = nn.Conv1d(width, channels[0], kernel_size, padding=kernel_size // 2)
        units, width = [], channels[0]
        for block, out_channels in enumerate(channels):
            for unit in range(num_units):
                stride = 2 if block and not unit else 1
                units.append(TemporalUnit(width, out_channels, kernel_size=kernel_size, stride=stride, dropout=dropout))
                width = out_channels
        self.units = nn.Sequential(*units)
        self.norm = nn.BatchNorm1d(width)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, M, T, V, C)`` to features ``(N, M, C', T', 1)``."""
        batch, persons, frames, keypoints, dims = x.shape
        if (keypoints, dims) != (self.num_keypoints, self.in_channels):
            raise ValueError(f'TCN(num_keypoints={self.num_keypoints}, in_channels={self.in_channels}) cannot read {keypoints} keypoints '
                             f'of {dims} coordinates')
        x = self.data_bn(x.reshape(batch * persons, frames, keypoints * dims).transpose(1, 2))
        x = torch.relu(self.norm(self.units(self.stem(x))))
        return x.view(batch, persons, *x.shape[1:], 1)
