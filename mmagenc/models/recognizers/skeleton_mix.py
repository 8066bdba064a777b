"""Two recordings in one body: pair mixing of a batch, without learning.

N clips, M persons, T frames, V keypoints, C channels, K classes.
"""

from typing import List, Optional, Sequence, Tuple, Union

import torch
from mmaction.models.utils import BaseMiniBatchBlending
from torch import Tensor

from mmagenc.registry import MODELS
from mmagenc.skeletons import Skeleton, get_skeleton
from mmagenc.skeletons.library import SkeletonLike

LEGS = ('hip', 'knee', 'ankle', 'foot', 'toe', 'heel', 'leg')
LABELS = ('share', 'main')


@MODELS.register_module()
class SkeletonMix(BaseMiniBatchBlending):
    """The upper body of one clip of a batch on the lower body of another, or the other way round.

    The idea is that of SkeletonMix (ICASSP 2025): unlike mixup of coordinates it leaves two movements that people make. The part comes over
    with the place of its own hips moved to those of the other clip, frame by frame, so that the body holds together. It is a ``blending``
    of MMAction2's ``ActionDataPreprocessor``, which mixes training batches only:
    ``data_preprocessor=dict(type='mmaction.ActionDataPreprocessor', blending=dict(type='mmagenc.SkeletonMix', num_classes=10,
    skeleton='smpl24'))`` in a recognizer's model. MMAction2's heads with cross-entropy and
    :class:`~mmagenc.models.recognizers.InfoGCNHead` take the soft labels that come out; accuracy is not logged of them. Partners, and
    which part is whose, are drawn from torch's global random state.

    Args:
        num_classes: K.
        skeleton: layout of the inputs.
        probability: with which a clip is given a part of another one.
        label: ``'share'``: each of the two classes gets the share of the keypoints that are its clip's; ``'main'``: the class of the clip
            that has more of them gets all.
        dims: channels that are coordinates, and move with the hips: 3 or 2, or 0 for rotations and other inputs without a place.
        parts: parts of the body, of which one is drawn and taken from the other clip, each a list of keypoints by name or number;
            ``None`` takes the upper body (all but the legs) and the lower.

    Raises:
        ValueError: settings out of range, an unknown keypoint, or a layout without legs by name and no ``parts``.
    """

    def __init__(self,
                 num_classes: int,
                 skeleton: SkeletonLike,
                 *,
                 probability: float = 0.5,
                 label: str = 'share',
                 dims: int = 3,
                 parts: Optional[Sequence[Sequence[Union[str, int]]]] = None) -> None:
        super().__init__(num_classes)
        if not 0 <= probability <= 1:
            raise ValueError(f'probability must lie in [0, 1], got {probability}')
        if label not in LABELS:
            raise ValueError(f'label must be one of {", ".join(LABELS)}, got {label!r}')
        if dims < 0:
            raise ValueError(f'dims must not be negative, got {dims}')
        self.skeleton = get_skeleton(skeleton)
        self.probability, self.label, self.dims = probability, label, dims
        self.parts = torch.stack([_mask(self.skeleton, part) for part in (_halves(self.skeleton) if parts is None else parts)])

    def do_blending(self, imgs: Tensor, label: Tensor, **kwargs) -> Tuple[Tensor, Tensor]:
        """Mix inputs ``(N, …, M, T, V, C)`` and one-hot labels ``(N, K)``.

        Raises:
            ValueError: inputs of another layout, or fewer channels than ``dims``.
        """
        joints, channels = imgs.shape[-2:]
        if imgs.dim() < 5 or joints != self.skeleton.num_joints or channels < self.dims:
            raise ValueError(f'SkeletonMix(skeleton={self.skeleton.name!r}, dims={self.dims}) mixes (N, …, M, T, {self.skeleton.num_joints}, '
                             f'C) inputs of at least {self.dims} channels, got {tuple(imgs.shape)}')
        partner = torch.randperm(len(imgs)).to(imgs.device)
        taken = self.parts[torch.randint(len(self.parts), (len(imgs), ))] & (torch.rand(len(imgs), 1) < self.probability)
        taken = taken.to(imgs.device)
        mixed = self._mixed(imgs, imgs[partner], taken)
        share = taken.float().mean(dim=1, keepdim=True)
        if self.label == 'main':
            share = (share > 0.5).float()
        return mixed, (1 - share) * label + share * label[partner]

    def _mixed(self, own: Tensor, other: Tensor, taken: Tensor) -> Tensor:
        """Clips in which the ``taken (N, V)`` keypoints are the other clip's, of persons who are there in both."""
        there = [clip.ne(0).flatten(-3).any(dim=-1)[..., None, None, None] for clip in (own, other)]
        coordinates = other[..., :self.dims] + self._place(own) - self._place(other)
        other = torch.cat([coordinates, other[..., self.dims:]], dim=-1)
        where = taken.view(len(taken), *[1] * (own.dim() - 3), -1, 1) & there[0] & there[1]
        return torch.where(where, other, own)

    def _place(self, clip: Tensor) -> Tensor:
        """Coordinates of the middle of the hips, ``(…, T, 1, dims)``."""
        return clip[..., self.skeleton.middle, :self.dims].mean(dim=-2, keepdim=True)


def _halves(skeleton: Skeleton) -> List[List[int]]:
    """The upper body and the lower, by names."""
    legs = [joint for joint, name in enumerate(skeleton.joint_names) if any(word in name.lower() for word in LEGS)]
    if not legs or len(legs) == skeleton.num_joints:
        raise ValueError(f'SkeletonMix does not find the legs of {skeleton.name} by the names of its keypoints '
                         f'({", ".join(skeleton.joint_names)}): give parts=[[…], […]]')
    return [[joint for joint in range(skeleton.num_joints) if joint not in legs], legs]


def _mask(skeleton: Skeleton, part: Sequence[Union[str, int]]) -> Tensor:
    """``(V,)`` which keypoints belong to a part."""
    mask = torch.zeros(skeleton.num_joints, dtype=torch.bool)
    for joint in part:
        known = joint in skeleton.joint_names if isinstance(joint, str) else 0 <= joint < skeleton.num_joints
        if not known:
            raise ValueError(f'parts: {skeleton.name} has no keypoint {joint!r}; it has {", ".join(skeleton.joint_names)}')
        mask[skeleton.index(joint) if isinstance(joint, str) else joint] = True
    return mask
