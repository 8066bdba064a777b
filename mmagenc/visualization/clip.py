"""What is drawn: one clip of one or several persons.

M persons, T frames, V keypoints, C coordinates.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Dict, List, Optional

import numpy as np
from scipy.ndimage import gaussian_filter1d

from mmagenc.skeletons import Skeleton, get_skeleton
from mmagenc.structures import Motion

STILL = 0.02
"""A root that moves by less than this share of the body's size does not move: generated positions around it scatter by as much."""


@dataclass(frozen=True)
class Clip:
    """One clip.

    Args:
        keypoint: ``(M, T, V, C)`` positions: y up (C = 3), or pixels with y down (C = 2).
        skeleton: layout of ``keypoint``.
        pose: ``(T, 24, 3)`` axis-angle rotations of the first person, for the body mesh; or ``None``.
        transl: ``(T, 3)`` root translation of the first person, or ``None``.
        score: ``(M, T, V)`` confidences, or ``None``; keypoints at or below 0 are not drawn.

    Raises:
        ValueError: sizes that do not fit the skeleton.
    """

    keypoint: np.ndarray
    skeleton: Skeleton
    pose: Optional[np.ndarray] = None
    transl: Optional[np.ndarray] = None
    score: Optional[np.ndarray] = None

    def __post_init__(self) -> None:
        shape = self.keypoint.shape
        if len(shape) != 4 or shape[2] != self.skeleton.num_joints or shape[3] not in (2, 3):
            raise ValueError(f'keypoint must be (M, T, {self.skeleton.num_joints}, 2 or 3) for {self.skeleton.name}, got {shape}')
        if shape[0] == 0 or shape[1] == 0:
            raise ValueError(f'a clip needs a person and a frame, keypoint is {shape}')

    @property
    def num_frames(self) -> int:
        return self.keypoint.shape[1]

    @property
    def flat(self) -> bool:
        """Whether the positions are pixels."""
        return self.keypoint.shape[3] == 2

    @cached_property
    def seen(self) -> np.ndarray:
        """``(M, T, V)``, true where there is a keypoint: confident, finite, of a person who is there, and in pixels not at ``(0, 0)``.

        Pixels relative to the root, which lies at ``(0, 0)`` throughout and others on both sides of it, are all places.
        """
        seen = np.isfinite(self.keypoint).all(axis=-1) & np.any(self.keypoint != 0, axis=(2, 3))[:, :, None]
        if self.score is not None:
            seen &= self.score > 0
        centered = not self.keypoint[:, :, self.skeleton.root].any() and (self.keypoint < 0).any()
        return seen & np.any(self.keypoint != 0, axis=-1) if self.flat and not centered else seen

    @cached_property
    def still(self) -> bool:
        """Whether the first person's root does not move in several frames: then, as in most generated clips, its path is not known.

        With ``transl`` it is known, and the person stays where it is.
        """
        if self.transl is not None:
            return False
        frames = self.seen[0, :, self.skeleton.root]
        path = self.keypoint[0, frames, self.skeleton.root]
        reach = self.keypoint[0, frames] - path[:, None]
        return len(path) > 1 and bool(np.ptp(path, axis=0).max() <= STILL * np.abs(reach[self.seen[0, frames]]).max())

    def cut(self, max_frames: int) -> 'Clip':
        """The first ``max_frames`` frames."""
        first = slice(max_frames)
        return Clip(
            keypoint=self.keypoint[:, first],
            skeleton=self.skeleton,
            pose=None if self.pose is None else self.pose[first],
            transl=None if self.transl is None else self.transl[first],
            score=None if self.score is None else self.score[:, first])

    def smooth(self, sigma: float) -> 'Clip':
        """Positions averaged over time with a Gaussian; the ends repeat, and what is not seen neither moves nor counts.

        Args:
            sigma: standard deviation in frames; 0 leaves the clip as it is.

        Raises:
            ValueError: a negative ``sigma``.
        """
        if not sigma >= 0:
            raise ValueError(f'sigma must be at least 0, got {sigma}')
        if sigma == 0:
            return self
        seen = self.seen[..., None]
        weights = gaussian_filter1d(seen.astype(float), sigma, axis=1, mode='nearest')
        sums = gaussian_filter1d(np.where(seen, self.keypoint, 0).astype(float), sigma, axis=1, mode='nearest')
        smoothed = np.where(seen, sums / np.where(seen, weights, 1), self.keypoint)
        return replace(self, keypoint=smoothed.astype(self.keypoint.dtype))

    @classmethod
    def from_annotation(cls, annotation: Dict, skeleton=None) -> 'Clip':
        """A clip of one annotation dict (see :mod:`mmagenc.datasets.annotation`).

        Args:
            annotation: one member of ``annotations``.
            skeleton: layout where the clip itself does not name one.
        """
        skeleton = annotation.get('skeleton') or skeleton
        if skeleton is None:
            raise ValueError(f'clip {annotation.get("frame_dir")}: no skeleton named; it must be known to draw the bones')
        person = {key: np.asarray(annotation[key][0]) for key in ('pose', 'transl') if key in annotation}
        keypoint, score = np.asarray(annotation['keypoint']), annotation.get('keypoint_score')
        return cls(keypoint=keypoint, skeleton=get_skeleton(skeleton), score=score, **person)

    @classmethod
    def from_motion(cls, motion: Motion, skeleton) -> List['Clip']:
        """The clips of a motion, each cut to its length."""
        motion, clips = motion.cpu(), []
        for index, length in enumerate(motion.length.tolist()):
            person = {key: getattr(motion, key)[index, :length].numpy() for key in ('pose', 'transl') if getattr(motion, key) is not None}
            clips.append(cls(keypoint=motion.keypoint[index, :length].numpy()[None], skeleton=get_skeleton(skeleton), **person))
        return clips
