"""Clips as positions.

B batch, T frames, V keypoints, C coordinates (2 or 3).
"""

import logging
from typing import Dict, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.logging import print_log
from torch import Tensor, nn

from mmagenc.registry import MODELS
from mmagenc.skeletons import get_skeleton, register_skeleton
from mmagenc.skeletons.library import SkeletonLike
from mmagenc.structures import Motion

NORMALIZATIONS = ('standard', 'min_max', 'centered_min_max')
USUAL_SHARE, GLITCH_FACTOR = 0.9999, 2
"""Extremes of more than so many times what this share of the numbers reach are reported."""


@MODELS.register_module()
class KeypointRepresentation(nn.Module):
    """Normalized coordinates of any skeleton.

    Each frame is centred on the root; where ``root_center`` is off, on the root's place in the first frame, which keeps the path. Then
    coordinates are shifted and divided. The statistics are buffers: they travel in the checkpoint, so that :meth:`decode` gives metres or
    pixels back.

    Args:
        skeleton: layout name, or the definition of one (see :mod:`mmagenc.skeletons.definition`), or the path of a YAML file.
        num_dims: 3 (metres) or 2 (pixels).
        root_center: centre every frame on its root.
        translation: append the root's path from its first frame as one more joint, so that centred clips keep it.
        min_std: smallest number that is divided by (the standard deviation of a centred root is 0), in units of the data.
        normalization: ``'standard'`` subtracts each coordinate's mean and divides by its standard deviation; ``'min_max'`` maps the
            smallest and largest of all coordinates to −1 and 1, as Kinetic-GAN does (which counts padding and second persons too);
            ``'centered_min_max'`` subtracts each coordinate's mean and divides by the largest distance from it that any coordinate has,
            which stays in −1 … 1 and leaves the pose's changes to be learnt, not the pose. A root path kept as a joint is scaled by itself.
        quantile: share of the numbers that −1 … 1 is to hold, for the two normalizations by extremes; those beyond are cut off there. One
            frame in which tracking failed is the extreme of a whole data set otherwise, and everything else is squeezed into little.

    Raises:
        ValueError: an unknown layout, other dimensions, an unknown normalization, a quantile out of range or with ``'standard'``, or
            ``translation`` for clips that are not centred.
    """

    def __init__(self,
                 *,
                 skeleton: SkeletonLike,
                 num_dims: int = 3,
                 root_center: bool = True,
                 translation: bool = False,
                 min_std: float = 1e-3,
                 normalization: str = 'standard',
                 quantile: float = 1.) -> None:
        super().__init__()
        if normalization not in NORMALIZATIONS:
            raise ValueError(f'normalization must be one of {", ".join(NORMALIZATIONS)}, got {normalization!r}')
        if not 0.5 < quantile <= 1 or (quantile < 1 and normalization == 'standard'):
            raise ValueError("quantile must lie in (0.5, 1], and be 1 with normalization='standard', which knows no extremes; got "
                             f'{quantile} with {normalization!r}')
        if num_dims not in (2, 3):
            raise ValueError(f'num_dims must be 2 or 3, got {num_dims}')
        if translation and not root_center:
            raise ValueError('translation=True needs root_center=True: otherwise the keypoints carry the path themselves')
        self.skeleton = register_skeleton(get_skeleton(skeleton))
        self.keypoint_skeleton = self.skeleton.name
        self.num_keypoints, self.num_channels = self.skeleton.num_joints, num_dims
        self.num_joints = self.num_keypoints + translation
        self.root_center, self.translation, self.min_std = root_center, translation, min_std
        self.normalization, self.quantile = normalization, quantile
        self.register_buffer('mean', torch.zeros(self.num_joints, num_dims))
        self.register_buffer('std', torch.zeros(self.num_joints, num_dims))
        self._known_to_be_fitted = False

    @property
    def fitted(self) -> bool:
        """Whether statistics are there."""
        return bool((self.std > 0).all())

    def fit(self, annotations: Sequence[Dict]) -> None:
        """Take the statistics of annotation dicts (the first person's, all frames).

        Raises:
            ValueError: no clips, or clips of another layout.
        """
        if not annotations:
            raise ValueError('there are no clips to take statistics of')
        clips = [torch.from_numpy(np.asarray(clip['keypoint'][:1], dtype=np.float64)) for clip in annotations]
        frames = torch.cat([self._center(clip)[0] for clip in clips])
        for part in (slice(self.num_keypoints), slice(self.num_keypoints, self.num_joints)):
            if len(self.mean[part]):
                mean, std = self._statistics(frames[:, part])
                self.mean[part] = mean
                self.std[part] = std.clamp(min=self.min_std)

    def _statistics(self, frames: Tensor) -> Tuple[Tensor, Tensor]:
        """What is subtracted from ``(frames, V, C)`` and what is divided by, ``(V, C)`` or one number for all."""
        mean = frames.mean(dim=0)
        if self.normalization == 'min_max':
            shares = [(1 + sign * share) / 2 for share in (self.quantile, USUAL_SHARE) for sign in (-1, 1)]
            low, high, usual_low, usual_high = np.quantile(frames.numpy(), shares)
            self._warn_of_glitches((high - low) / 2, (usual_high - usual_low) / 2)
            return torch.tensor((high + low) / 2), torch.tensor((high - low) / 2)
        if self.normalization == 'centered_min_max':
            largest, usual = np.quantile((frames - mean).abs_().numpy(), (self.quantile, USUAL_SHARE), overwrite_input=True)
            self._warn_of_glitches(largest, usual)
            return mean, torch.tensor(largest)
        return mean, frames.std(dim=0, unbiased=False)

    @staticmethod
    def _warn_of_glitches(largest: float, usual: float) -> None:
        if largest > GLITCH_FACTOR * usual:
            print_log(
                f'KeypointRepresentation: the training clips are divided by {largest:.4g}, but {USUAL_SHARE:.2%} of their coordinates need '
                f'only {usual:.4g}. Where the rest are failures of tracking, set quantile={USUAL_SHARE} or mend the clips: they make '
                'everything else small',
                logger='current',
                level=logging.WARNING)

    def _center(self, keypoint: Tensor) -> Tensor:
        """``(B, T, V, C)`` relative to the root, with the path as one more joint where it is kept."""
        if keypoint.shape[-2:] != (self.num_keypoints, self.num_channels):
            raise ValueError(f'KeypointRepresentation(skeleton={self.keypoint_skeleton!r}, num_dims={self.num_channels}) needs '
                             f'(…, {self.num_keypoints}, {self.num_channels}) keypoints, got {tuple(keypoint.shape)}')
        root = keypoint[:, :, self.skeleton.root, None]
        centered = keypoint - (root if self.root_center else root[:, :1])
        return torch.cat((centered, root - root[:, :1]), dim=2) if self.translation else centered

    def _require_statistics(self) -> None:
        if not self._known_to_be_fitted and not self.fitted:
            raise ValueError('KeypointRepresentation has no statistics yet: call fit(annotations), put RepresentationStatsHook into '
                             'custom_hooks, or load a checkpoint')
        self._known_to_be_fitted = True  # asked once: the answer lies on the GPU

    def encode(self, inputs: Dict[str, Tensor]) -> Tensor:
        """``keypoint (B, T, V, C)`` to normalized ``(B, T, J, C)``, J = V, or V + 1 with the path.

        Raises:
            ValueError: no statistics, no keypoints, or keypoints of another layout.
        """
        self._require_statistics()
        if 'keypoint' not in inputs:
            raise ValueError(f'KeypointRepresentation needs clips with `keypoint`, these have {", ".join(inputs)}')
        x = (self._center(inputs['keypoint']) - self.mean) / self.std
        return x if self.quantile == 1 else x.clamp(-1, 1)

    def joints(self, x: Tensor) -> Tensor:
        """Normalized ``(B, T, J, C)`` to root-centred positions ``(B, T, V, C)`` in units of the data."""
        positions = self._denormalize(x)[:, :, :self.num_keypoints]
        return positions - positions[:, :, self.skeleton.root, None]

    def decode(self, x: Tensor, *, label: Tensor, length: Tensor, latent: Optional[Tensor] = None) -> Motion:
        """Normalized ``(B, T, J, C)`` to a motion in units of the data, the path put back where it was kept."""
        self._require_statistics()
        positions = self._denormalize(x)
        keypoint, path = positions[:, :, :self.num_keypoints], positions[:, :, self.num_keypoints:]
        if self.translation:
            keypoint = keypoint - keypoint[:, :, self.skeleton.root, None] + path
        transl = path[:, :, 0] if self.translation and self.num_channels == 3 else None
        return Motion(keypoint=keypoint, transl=transl, label=label, length=length, latent=latent)

    def _denormalize(self, x: Tensor) -> Tensor:
        return x.float() * self.std + self.mean
