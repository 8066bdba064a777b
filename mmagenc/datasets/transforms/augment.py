"""Classic augmentation of recordings: turned, mirrored, faster or slower, with noise.

M persons, T frames, V keypoints, J joints, C coordinates.

Each transform changes ``keypoint (M, T, V, C)``, ``pose (M, T, J, 3)`` (axis-angle) and ``transl (M, T, 3)`` alike, those that a clip
has, so that recognizers of positions and of rotations can be trained on the result. They draw from NumPy's global random state and leave
clips as they are in test mode. Their place is before :class:`ConsecutiveSample` and whatever makes the recognizer's input.
"""

from abc import abstractmethod
from functools import lru_cache
from typing import Dict, List, Tuple

import numpy as np
import roma
import torch
from mmcv.transforms import BaseTransform

from mmagenc.registry import TRANSFORMS
from mmagenc.skeletons import get_skeleton
from mmagenc.skeletons.skeleton import ancestors

from .temporal import resize_frames

AXES = ('x', 'y', 'z')
POSE_SKELETON = 'smpl24'
KNOT_DISTANCE = 8
"""Frames from knot to knot of an occluded limb's path."""


class _Augmentation(BaseTransform):
    """Does nothing in test mode, else what the subclass does."""

    def __init__(self, test_mode: bool = False) -> None:
        self.test_mode = test_mode

    def transform(self, results: Dict) -> Dict:
        if not (self.test_mode or results.get('test_mode', False)):
            self.augment(results)
        return results

    @abstractmethod
    def augment(self, results: Dict) -> None:
        """Change a training clip."""


@TRANSFORMS.register_module()
class RandomHeading(_Augmentation):
    """Turn a clip about the vertical axis by one random angle: where a person faces says nothing of what is done.

    Args:
        max_angle: largest angle either way, in radians; the default is any direction.
        up: the vertical axis.
        test_mode: leave clips as they are; a dataset in test mode gets this in any case.

    Raises:
        ValueError: settings out of range, or a clip whose keypoints are not 3-D.
    """

    def __init__(self, max_angle: float = np.pi, up: str = 'y', test_mode: bool = False) -> None:
        super().__init__(test_mode)
        if max_angle < 0:
            raise ValueError(f'max_angle must not be negative, got {max_angle}')
        self.max_angle, self.up = max_angle, _axis(up, 'up')

    def augment(self, results: Dict) -> None:
        if results['keypoint'].shape[-1] != 3:
            raise ValueError(f'clip {results.get("frame_dir")}: RandomHeading needs 3 coordinates, '
                             f'keypoint has {results["keypoint"].shape[-1]}')
        turn = np.zeros(3)
        turn[self.up] = np.random.uniform(-self.max_angle, self.max_angle)
        rotation = roma.rotvec_to_rotmat(torch.from_numpy(turn)).numpy()
        for key in ('keypoint', 'transl'):
            if key in results:
                results[key] = (results[key] @ rotation.T).astype(np.float32)
        if 'pose' in results:
            pose = results['pose'].copy()
            pose[:, :, 0] = _compose(turn.astype(np.float32), pose[:, :, 0])
            results['pose'] = pose


@TRANSFORMS.register_module()
class RandomMirror(_Augmentation):
    """Mirror a clip left to right, names of left and right joints swapped.

    Rotations become those of the mirrored body, exactly so for a body that is symmetric. An action that one side of the body defines
    ("wave left hand") becomes another one: give ``swapped_labels``, or leave this transform out.

    Args:
        probability: of mirroring.
        axis: axis across the mirror, horizontal.
        swapped_labels: pairs of classes that mirroring turns into each other.
        test_mode: leave clips as they are; a dataset in test mode gets this in any case.

    Raises:
        ValueError: settings out of range, or a clip whose layout is not known.
    """

    def __init__(self,
                 probability: float = 0.5,
                 axis: str = 'x',
                 swapped_labels: Tuple[Tuple[int, int], ...] = (),
                 test_mode: bool = False) -> None:
        super().__init__(test_mode)
        if not 0 <= probability <= 1:
            raise ValueError(f'probability must lie in [0, 1], got {probability}')
        self.probability, self.axis = probability, _axis(axis, 'axis')
        self.label_of = {one: other for pair in swapped_labels for one, other in (tuple(pair), tuple(pair)[::-1])}

    def augment(self, results: Dict) -> None:
        if np.random.random() >= self.probability:
            return
        if results.get('skeleton') is None:
            raise ValueError(f'clip {results.get("frame_dir")}: RandomMirror needs to know its skeleton')
        if self.axis >= results['keypoint'].shape[-1]:
            raise ValueError(f'clip {results.get("frame_dir")}: RandomMirror across {AXES[self.axis]}, '
                             f'keypoint has {results["keypoint"].shape[-1]} coordinates')
        swapped = get_skeleton(results['skeleton']).flip_indices
        for key in ('keypoint', 'keypoint_score'):
            if key in results:
                results[key] = results[key][:, :, swapped]
        if 'pose' in results:
            results['pose'] = self._mirrored_pose(results['pose'])
        for key in ('keypoint', 'transl'):
            if key in results:
                results[key] = results[key] * self._sign()[:results[key].shape[-1]]
        results['label'] = self.label_of.get(results['label'], results['label'])

    def _mirrored_pose(self, pose: np.ndarray) -> np.ndarray:
        """Joints turn as their counterparts do, mirrored across the body's own x; the root's rotation brings that mirror to the axis."""
        mirrored = pose[:, :, get_skeleton(POSE_SKELETON).flip_indices] * np.float32([1, -1, -1])
        if self.axis:
            root = roma.rotvec_to_rotmat(torch.from_numpy(np.ascontiguousarray(pose[:, :, 0]))).numpy()
            root = self._sign()[:, None] * root * np.float32([-1, 1, 1])
            mirrored[:, :, 0] = roma.rotmat_to_rotvec(torch.from_numpy(root)).numpy()
        return mirrored

    def _sign(self) -> np.ndarray:
        sign = np.ones(3, dtype=np.float32)
        sign[self.axis] = -1
        return sign


@TRANSFORMS.register_module()
class RandomSpeed(_Augmentation):
    """Play a clip faster or slower: frames in between by linear interpolation, of rotations along the shortest arc.

    Args:
        speed: slowest and fastest, 1 being the clip's own; the logarithm is drawn uniformly.
        test_mode: leave clips as they are; a dataset in test mode gets this in any case.

    Raises:
        ValueError: a speed that is not positive, or a range upside down.
    """

    def __init__(self, speed: Tuple[float, float] = (0.8, 1.25), test_mode: bool = False) -> None:
        super().__init__(test_mode)
        if not 0 < speed[0] <= speed[1]:
            raise ValueError(f'speed must be a positive range (slowest, fastest), got {speed}')
        self.speed = tuple(speed)

    def augment(self, results: Dict) -> None:
        speed = np.exp(np.random.uniform(*np.log(self.speed)))
        num_frames = max(round(results['total_frames'] / speed), 1)
        for key in ('keypoint', 'keypoint_score', 'transl'):
            if key in results:
                results[key] = resize_frames(results[key], num_frames)
        if 'pose' in results:
            results['pose'] = resize_rotations(results['pose'], num_frames)
        results['total_frames'] = num_frames


@TRANSFORMS.register_module()
class JointNoise(_Augmentation):
    """Add Gaussian noise to every joint in every frame.

    Args:
        position: standard deviation of each coordinate of ``keypoint``, in its unit (metres).
        rotation: standard deviation of the noise's rotation vector, in radians.
        test_mode: leave clips as they are; a dataset in test mode gets this in any case.

    Raises:
        ValueError: a negative deviation.
    """

    def __init__(self, position: float = 0.005, rotation: float = 0.02, test_mode: bool = False) -> None:
        super().__init__(test_mode)
        if min(position, rotation) < 0:
            raise ValueError(f'deviations must not be negative, got position={position}, rotation={rotation}')
        self.position, self.rotation = position, rotation

    def augment(self, results: Dict) -> None:
        results['keypoint'] = results['keypoint'] + np.random.normal(0, self.position, results['keypoint'].shape).astype(np.float32)
        if 'pose' in results:
            noise = np.random.normal(0, self.rotation, results['pose'].shape).astype(np.float32)
            results['pose'] = _compose(noise, results['pose'])


@TRANSFORMS.register_module()
class RandomOcclusion(_Augmentation):
    """Lead one limb astray, as a depth camera does with a limb that it does not see.

    A joint is drawn that carries at most a third of the skeleton (a hand, an arm, a leg, …); it and all below it leave their places by
    smooth random paths, a path for each coordinate: Gaussian at every eighth frame, linear between. Rotations stay.

    Args:
        probability: of an occlusion.
        position: standard deviation of each coordinate of ``keypoint`` at those frames, in its unit (metres).
        test_mode: leave clips as they are; a dataset in test mode gets this in any case.

    Raises:
        ValueError: settings out of range, or a clip whose layout is not known or has no such joint.
    """

    def __init__(self, probability: float = 0.5, position: float = 0.1, test_mode: bool = False) -> None:
        super().__init__(test_mode)
        if not 0 <= probability <= 1 or position < 0:
            raise ValueError(f'probability must lie in [0, 1] and position not be negative, got {probability} and {position}')
        self.probability, self.position = probability, position

    def augment(self, results: Dict) -> None:
        if np.random.random() >= self.probability:
            return
        if results.get('skeleton') is None:
            raise ValueError(f'clip {results.get("frame_dir")}: RandomOcclusion needs to know its skeleton')
        limbs = limbs_of(results['skeleton'])
        if not limbs:
            raise ValueError(f'clip {results.get("frame_dir")}: RandomOcclusion needs limbs of at most a third of the joints, '
                             f'{results["skeleton"]} has none')
        limb = limbs[np.random.randint(len(limbs))]
        keypoint = results['keypoint'].copy()
        persons, frames, _, dims = keypoint.shape
        knots = np.arange(0, frames + KNOT_DISTANCE, KNOT_DISTANCE)
        values = np.random.normal(0, self.position, (len(knots), persons, len(limb), dims))
        place = np.arange(frames) / KNOT_DISTANCE
        before = place.astype(int)
        share = (place - before)[:, None, None, None]
        path = (1 - share) * values[before] + share * values[before + 1]
        keypoint[:, :, limb] += path.transpose(1, 0, 2, 3).astype(np.float32)
        results['keypoint'] = keypoint


@lru_cache
def limbs_of(skeleton: str) -> Tuple[List[int], ...]:
    """Each joint of at most a third of a layout with all that hang from it."""
    parents = get_skeleton(skeleton).parents
    lines = [ancestors(parents, joint) for joint in range(len(parents))]
    limbs = ([other for other, line in enumerate(lines) if joint in line] for joint in range(len(parents)))
    return tuple(limb for limb in limbs if 3 * len(limb) <= len(parents))


def resize_rotations(pose: np.ndarray, num_frames: int) -> np.ndarray:
    """Resize axis 1 of rotation vectors between frame centres, as :func:`resize_frames` does positions, by spherical interpolation.

    Args:
        pose: ``(M, T, J, 3)`` in radians.
        num_frames: frames of the result.

    Returns:
        ndarray: ``(M, num_frames, J, 3)``.
    """
    last = pose.shape[1] - 1
    place = ((np.arange(num_frames) + 0.5) * (pose.shape[1] / num_frames) - 0.5).clip(0, last)
    before = place.astype(int)
    weight = torch.from_numpy(place - before).to(torch.float32)[:, None, None]
    start, end = (roma.rotvec_to_rotmat(torch.from_numpy(pose[:, frames])) for frames in (before, np.minimum(before + 1, last)))
    step = roma.rotmat_to_rotvec(start.transpose(-1, -2) @ end)
    return roma.rotmat_to_rotvec(start @ roma.rotvec_to_rotmat(weight * step)).numpy()


def _compose(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Rotation vectors of ``R(first) R(second)``."""
    product = roma.rotvec_to_rotmat(torch.from_numpy(first)) @ roma.rotvec_to_rotmat(torch.from_numpy(np.ascontiguousarray(second)))
    return roma.rotmat_to_rotvec(product).numpy()


def _axis(name: str, argument: str) -> int:
    if name not in AXES:
        raise ValueError(f'{argument} must be one of {", ".join(AXES)}, got {name!r}')
    return AXES.index(name)
