"""FCN, the fully convolutional baseline of time series, over all coordinates at once: for a few clips, and cheap.

N clips, M persons, T frames, V keypoints, C coordinates.
"""

from typing import Sequence

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmagenc.registry import MODELS


@MODELS.register_module()
class TemporalFCN(BaseModule):
    """Backbone of FCN (Wang, Yan and Oates, "Time Series Classification from Scratch with Deep Neural Networks: A Strong Baseline",
    IJCNN 2017): blocks of convolution, batch normalization and ReLU over time, nothing added around them.

    A frame's coordinates are its channels, as in :class:`~mmagenc.models.recognizers.TCN`. Here kernels are of odd length, so that frames
    stay centred (published: 8, 5 and 3), strides may thin out the frames (published: 1) and dropout may follow each block (published:
    none). With one head of MMAction2's ``GCNHead`` it makes an MMAction2 ``RecognizerGCN``.

    Args:
        num_keypoints: V.
        in_channels: C of a keypoint.
        channels: of each block.
        kernel_sizes: frames of each block's kernel, odd.
        strides: of each block.
        dropout: probability.
        init_cfg: as MMEngine's.

    Raises:
        ValueError: even kernels, blocks whose numbers disagree, or input of another width.
    """

    def __init__(self,
                 num_keypoints: int,
                 in_channels: int = 3,
                 channels: Sequence[int] = (128, 256, 128),
                 kernel_sizes: Sequence[int] = (7, 5, 3),
                 strides: Sequence[int] = (1, 1, 1),
                 dropout: float = 0.,
                 init_cfg=None) -> None:
        super().__init__(init_cfg)
        if not channels or not len(channels) == len(kernel_sizes) == len(strides) or any(size % 2 == 0 for size in kernel_sizes):
            raise ValueError('channels, kernel_sizes and strides say one number a block, kernels are odd; got '
                             f'{channels}, {kernel_sizes} and {strides}')
        self.num_keypoints, self.in_channels = num_keypoints, in_channels
        width = num_keypoints * in_channels
        self.data_bn = nn.BatchNorm1d(width)
        blocks = []
        for out_channels, kernel_size, stride in zip(channels, kernel_sizes, strides):
            conv = nn.Conv1d(width, out_channels, kernel_size, stride, kernel_size // 2, bias=False)
            blocks += [conv, nn.BatchNorm1d(out_channels), nn.ReLU(), nn.Dropout(dropout)]
            width = out_channels
        self.blocks = nn.Sequential(*blocks)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, M, T, V, C)`` to features ``(N, M, C', T', 1)``."""
        batch, persons, frames, keypoints, dims = x.shape
        if (keypoints, dims) != (self.num_keypoints, self.in_channels):
            raise ValueError(f'TemporalFCN(num_keypoints={self.num_keypoints}, in_channels={self.in_channels}) cannot read {keypoints} '
                             f'keypoints of {dims} coordinates')
        x = self.blocks(self.data_bn(x.reshape(batch * persons, frames, keypoints * dims).transpose(1, 2)))
        return x.view(batch, persons, *x.shape[1:], 1)
