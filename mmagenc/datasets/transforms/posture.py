"""The same movement in another posture: every bone held a little otherwise, throughout the clip.

M persons, T frames, V keypoints, J joints, C coordinates.
"""

from functools import lru_cache
from typing import Dict, Optional, Tuple

import numpy as np
import torch

from mmagenc.body_models.kinematics import forward_kinematics
from mmagenc.body_models.orientation import AXES
from mmagenc.body_models.postures import bone_vectors, from_bone_vectors, posture_frames, shift_pose, shift_posture
from mmagenc.body_models.rotations import axis_angle_to_matrix
from mmagenc.registry import MODELS, TRANSFORMS
from mmagenc.skeletons import Skeleton, get_skeleton

from .augmenting import PointAugmentation, check_coordinates, check_not_negative, layout_of

POSE_SKELETON = 'smpl24'
ARMS = ('shoulder', 'elbow', 'wrist', 'hand', 'thumb', 'finger')
REST_SHARE = 0.4
"""What trunk, head and legs are shifted by, where the arms are by 1: how the styles of Bandai-Namco differ from each other."""
ALONG, ACROSS = 0.4, 0.6
"""Correlations of a bone's offset with that of the bone before it, and of left with right, mirrored: measured there too."""

REST_FRAMES = 8
"""Frames of a clip, or up to twice as many, that tell its body's rest joints."""


@TRANSFORMS.register_module()
class PostureShift(PointAugmentation):
    """Hold each bone in another direction, by a random offset that is the same in all frames.

    What styles of one action differ in most, and what neither turning nor noise shows a recognizer. Offsets are Gaussian, in the person's
    own frame (left, up, forward; in the image, of two coordinates), alike in neighbouring bones and on both sides, and largest in the arms.
    Bones keep their lengths in every frame and the root its place; knees and elbows bend backwards no farther than they do in the clip
    (:func:`~mmagenc.body_models.postures.shift_posture`). Each person of a clip takes another posture.

    ``pose`` is shifted by the same offsets, so that it stays the rotations of the keypoints, if these are SMPL's 24 joints. Keypoints of
    another layout and ``pose`` beside them each take a shift of their own.

    Args:
        shift: deviation of each coordinate of an arm's offset, whose direction is a unit vector; other bones' is 0.4 of it. 0.2 is how
            Bandai-Namco's styles spread.
        up: axis of the coordinates that points up, or ``None`` for people who lie, whose trunk is taken for upright.
        limits: keep knees and elbows within their limits.
        test_mode: leave clips as they are; a dataset in test mode gets this in any case.

    Raises:
        ValueError: a negative shift or an unknown axis; a clip of an unknown layout, or of neither two nor three coordinates.
    """

    def __init__(self, shift: float = 0.2, up: Optional[str] = 'y', limits: bool = True, test_mode: bool = False) -> None:
        super().__init__(test_mode)
        check_not_negative(shift=shift)
        if up is not None and up not in AXES:
            raise ValueError(f'up must be one of {", ".join(AXES)} or None, got {up!r}')
        self.shift, self.up, self.limits = shift, up, limits

    def move(self, results: Dict) -> None:
        layout, dims = layout_of(results, 'PostureShift'), check_coordinates(results, 'PostureShift')
        positions = results['keypoint']
        offsets = self.offsets(layout, len(positions), dims)
        frames = posture_frames(positions, layout, up=self.up)
        results['keypoint'] = shift_posture(positions, offsets, layout, frames=frames, limits=self.limits)
        if 'pose' in results:
            results['pose'] = self._shifted_pose(results['pose'], positions, layout, offsets)

    def offsets(self, layout: Skeleton, persons: int, dims: int) -> np.ndarray:
        """``(M, V, C)`` random offsets of the directions of a layout's bones."""
        along, mirror, size = _likeness(layout)
        drawn = np.random.normal(0, self.shift, (persons, layout.num_joints, dims))
        if dims == 3:  # in an image it is not known whether left and right mirror each other or go together
            mirrored = drawn[:, mirror] * (-1, 1, 1)
            share = (1 + (1 - ACROSS**2)**0.5) / 2
            drawn = share**0.5 * drawn + (1 - share)**0.5 * mirrored
        return (size[:, None] * (along @ drawn)).astype(np.float32)

    def _shifted_pose(self, pose: np.ndarray, positions: np.ndarray, layout: Skeleton, offsets: np.ndarray) -> np.ndarray:
        if layout.name == POSE_SKELETON and positions.shape[-1] == 3:
            rest = _rest_of(pose, positions)
        else:
            rest, offsets = [_usual_rest()] * len(pose), self.offsets(get_skeleton(POSE_SKELETON), len(pose), 3)
        return np.stack([shift_pose(*person, up=self.up, limits=self.limits) for person in zip(pose, offsets, rest)])


@lru_cache(maxsize=64)
def _likeness(layout: Skeleton) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What independent draws are multiplied by, ``(V, V)``, so that neighbouring bones are alike; the other side's bones; sizes."""
    along = np.eye(layout.num_joints)
    for joint, parent in ((joint, layout.parents[joint]) for joint in layout.topological_order):
        if parent >= 0 and layout.parents[parent] >= 0:
            along[joint] = ALONG * along[parent]
            along[joint, joint] = (1 - ALONG**2)**0.5
    arms = np.array([any(word in name.lower() for word in ARMS) for name in layout.joint_names])
    return along, np.array(layout.flip_indices), np.where(arms, 1, REST_SHARE)


def _rest_of(pose: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """``(M, 24, 3)`` rest joints of the bodies that have these joints ``(M, T, 24, 3)`` in this pose: bones turned back, their mean."""
    layout, some = get_skeleton(POSE_SKELETON), slice(None, None, max(pose.shape[1] // REST_FRAMES, 1))
    pose, joints = pose[:, some], joints[:, some]
    rotmat = axis_angle_to_matrix(torch.from_numpy(np.ascontiguousarray(pose)))
    _, world = forward_kinematics(rotmat, torch.zeros(24, 3), layout.parents, return_rotations=True)
    above = [max(parent, 0) for parent in layout.parents]
    bones = np.einsum('mtji,mtjik->mjk', bone_vectors(joints, layout), world.numpy()[:, :, above]) / joints.shape[1]
    return from_bone_vectors(bones, np.zeros_like(bones[:, 0]), layout)


@lru_cache(maxsize=1)
def _usual_rest() -> np.ndarray:
    """``(24, 3)``: a body's, for clips of which only the rotations are SMPL's. Directions alone matter, in which bodies hardly differ."""
    with torch.inference_mode(False), torch.no_grad():
        return MODELS.build(dict(type='mmagenc.InfantBody')).joints(rotmat=torch.eye(3).expand(1, 24, 3, 3))[0].numpy()
