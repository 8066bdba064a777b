"""Clips as positions.

B batch, T frames, V keypoints, C coordinates (2 or 3).
"""

from typing import Dict, Optional, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from mmagenc.registry import MODELS
from mmagenc.skeletons import get_skeleton
from mmagenc.structures import Motion


@MODELS.register_module()
class KeypointRepresentation(nn.Module):
    """Normalized coordinates of any skeleton.

    Each frame is centred on the root; where ``root_center`` is off, on the root's place in the first frame, which keeps the path. Then
    each coordinate of each keypoint is divided by its standard deviation after its mean is subtracted. The statistics are buffers: they
    travel in the checkpoint, so that :meth:`decode` gives metres or pixels back.

    Args:
        skeleton: layout name.
        num_dims: 3 (metres) or 2 (pixels).
        root_center: centre every frame on its root.
        min_std: smallest standard deviation that is divided by (a centred root has none), in units of the data.
    """

    def __init__(self, *, skeleton: str, num_dims: int = 3, root_center: bool = True, min_std: float = 1e-3) -> None:
        super().__init__()
        if num_dims not in (2, 3):
            raise ValueError(f'num_dims must be 2 or 3, got {num_dims}')
        self.keypoint_skeleton = skeleton
        self.skeleton = get_skeleton(skeleton)
        self.num_joints, self.num_channels = self.skeleton.num_joints, num_dims
        self.root_center, self.min_std = root_center, min_std
        self.register_buffer('mean', torch.zeros(self.num_joints, num_dims))
        self.register_buffer('std', torch.zeros(self.num_joints, num_dims))

    @property
    def fitted(self) -> bool:
        """Whether statistics are there."""
        return bool((self.std > 0).all())

    def fit(self, annotations: Sequence[Dict]) -> None:
        """Take the statistics of annotation dicts (all persons' first, all frames).

        Raises:
            ValueError: no clips, or clips of another layout.
        """
        if not annotations:
            raise ValueError('there are no clips to take statistics of')
        frames = np.concatenate([self._center(torch.from_numpy(clip['keypoint'][:1]))[0].numpy() for clip in annotations])
        self.mean.copy_(torch.from_numpy(frames.mean(axis=0)))
        self.std.copy_(torch.from_numpy(frames.std(axis=0)).clamp(min=self.min_std))

    def _center(self, keypoint: Tensor) -> Tensor:
        if keypoint.shape[-2:] != (self.num_joints, self.num_channels):
            raise ValueError(f'KeypointRepresentation(skeleton={self.keypoint_skeleton!r}, num_dims={self.num_channels}) needs '
                             f'(…, {self.num_joints}, {self.num_channels}) keypoints, got {tuple(keypoint.shape)}')
        root = keypoint[..., self.skeleton.root, :].unsqueeze(-2)
        return keypoint - (root if self.root_center else root[:, :1])

    def _require_statistics(self) -> None:
        if not self.fitted:
            raise ValueError('KeypointRepresentation has no statistics yet: call fit(annotations), put RepresentationStatsHook into '
                             'custom_hooks, or load a checkpoint')

    def encode(self, inputs: Dict[str, Tensor]) -> Tensor:
        """``keypoint (B, T, V, C)`` to normalized ``(B, T, V, C)``."""
        self._require_statistics()
        return (self._center(inputs['keypoint']) - self.mean) / self.std

    def joints(self, x: Tensor) -> Tensor:
        """Normalized ``(B, T, V, C)`` to root-centred positions in units of the data."""
        positions = x.float() * self.std + self.mean
        return positions - positions[..., self.skeleton.root, :].unsqueeze(-2)

    def decode(self, x: Tensor, *, label: Tensor, length: Tensor, latent: Optional[Tensor] = None) -> Motion:
        """Normalized ``(B, T, V, C)`` to a motion in units of the data."""
        self._require_statistics()
        return Motion(keypoint=x.float() * self.std + self.mean, label=label, length=length, latent=latent)
