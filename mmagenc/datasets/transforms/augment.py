"""Classic augmentation of recordings: turned, mirrored, faster or slower, with noise.

M persons, T frames, V keypoints, J joints, C coordinates.

Each transform changes ``keypoint (M, T, V, C)``, ``pose (M, T, J, 3)`` (axis-angle) and ``transl (M, T, 3)`` alike, those that a clip
has, so that recognizers of positions and of rotations can be trained on the result. They draw from NumPy's global random state and leave
clips as they are in test mode. Their place is before :class:`ConsecutiveSample` and whatever makes the recognizer's input.
"""

from functools import lru_cache
from typing import Dict, List, Sequence, Tuple

import numpy as np

from mmagenc.registry import TRANSFORMS
from mmagenc.skeletons import get_skeleton
from mmagenc.skeletons.skeleton import ancestors

from . import quaternions
from .augmenting import (
    AXES,
    Augmentation,
    PointAugmentation,
    check_axis,
    check_not_negative,
    check_unit,
    layout_of,
    lent_places,
    places_of,
    smooth_paths,
    unit_length,
    unseen_points,
)
from .temporal import rotation_matrix

POSE_SKELETON = 'smpl24'
KNOT_DISTANCE = 8
"""Frames from knot to knot of an occluded limb's path."""


@TRANSFORMS.register_module()
class RandomHeading(Augmentation):
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
        check_not_negative(max_angle=max_angle)
        self.max_angle, self.up = max_angle, check_axis(up[1:] if up[:1] == '-' else up, 'up')  # down is as good: angles go both ways

    def augment(self, results: Dict) -> None:
        if results['keypoint'].shape[-1] != 3:
            raise ValueError(f'clip {results.get("frame_dir")}: RandomHeading needs 3 coordinates, '
                             f'keypoint has {results["keypoint"].shape[-1]}')
        turn = np.zeros(3)
        turn[self.up] = np.random.uniform(-self.max_angle, self.max_angle)
        rotation = rotation_matrix(turn).T.astype(np.float32)
        for key in ('keypoint', 'transl'):
            if key in results:
                results[key] = (results[key].reshape(-1, 3) @ rotation).reshape(results[key].shape)
        if 'pose' in results:
            pose = results['pose'].copy()
            pose[:, :, 0] = quaternions.compose(turn, pose[:, :, 0])
            results['pose'] = pose


@TRANSFORMS.register_module()
class RandomMirror(Augmentation):
    """Mirror a clip left to right, names of left and right joints swapped.

    Rotations become those of the mirrored body, exactly so for a body that is symmetric. An action that one side of the body defines
    ("wave left hand") becomes another one: give ``swapped_labels``, or leave this transform out. The mirror of a clip of three coordinates
    passes through the origin; that of one of two through the body's place in the first frame (the middle of the first person's hips), so
    that a body in pixels stays where it is in the picture.

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
        self.probability, self.axis = probability, check_axis(axis, 'axis')
        self.label_of = {one: other for pair in swapped_labels for one, other in (tuple(pair), tuple(pair)[::-1])}

    def augment(self, results: Dict) -> None:
        if np.random.random() >= self.probability:
            return
        layout = layout_of(results, 'RandomMirror')
        if self.axis >= results['keypoint'].shape[-1]:
            raise ValueError(f'clip {results.get("frame_dir")}: RandomMirror across {AXES[self.axis]}, '
                             f'keypoint has {results["keypoint"].shape[-1]} coordinates')
        swapped = np.array(layout.flip_indices)
        results['keypoint'] = self._mirrored_points(results)[:, :, swapped]
        if 'keypoint_score' in results:
            results['keypoint_score'] = results['keypoint_score'][:, :, swapped]
        if 'pose' in results:
            results['pose'] = self._mirrored_pose(results['pose'])
        if 'transl' in results:
            results['transl'] = results['transl'] * self._sign()
        results['label'] = self.label_of.get(results['label'], results['label'])

    def _mirrored_points(self, results: Dict) -> np.ndarray:
        """Each point on the other side of the mirror, under its old name."""
        keypoint = results['keypoint']
        sign = self._sign()[:keypoint.shape[-1]]
        if keypoint.shape[-1] == 3:
            return keypoint * sign
        missing = unseen_points(keypoint, results.get('keypoint_score'))
        full = keypoint if missing is None else lent_places(keypoint, missing, results['skeleton'])
        mirrored = full * sign + (1 - sign) * places_of(full, results['skeleton'])[0, 0]
        return mirrored if missing is None else np.where(missing[..., None], keypoint, mirrored)

    def _mirrored_pose(self, pose: np.ndarray) -> np.ndarray:
        """Joints turn as their counterparts do, mirrored across the body's own x; the root's rotation brings that mirror to the axis."""
        mirrored = pose[:, :, get_skeleton(POSE_SKELETON).flip_indices] * np.float32([1, -1, -1])
        if self.axis:  # mirrored across x, then turned by half about the third axis: mirrored across this one
            half_turn = np.zeros(3, dtype=np.float32)
            half_turn[3 - self.axis] = np.pi
            mirrored[:, :, 0] = quaternions.compose(half_turn, mirrored[:, :, 0])
        return mirrored

    def _sign(self) -> np.ndarray:
        sign = np.ones(3, dtype=np.float32)
        sign[self.axis] = -1
        return sign


@TRANSFORMS.register_module()
class JointNoise(PointAugmentation):
    """Add noise to every joint: Gaussian, new in every frame, and such that drifts slowly, as an estimator's errors do.

    Args:
        position: standard deviation of each coordinate of ``keypoint`` in a frame.
        rotation: standard deviation of the noise's rotation vector, in radians.
        drift: standard deviation of a smooth path that each coordinate takes over the clip (half a wave to one and a half).
        rotation_drift: the same of the rotation vector, in radians.
        unit: of ``position`` and ``drift``: ``'own'`` is that of the keypoints, such as metres, ``'body'`` body lengths.
        test_mode: leave clips as they are; a dataset in test mode gets this in any case.

    Raises:
        ValueError: a negative deviation or an unknown unit, or a clip whose layout is not known where body lengths are asked for.
    """

    def __init__(self,
                 position: float = 0.005,
                 rotation: float = 0.02,
                 drift: float = 0.,
                 rotation_drift: float = 0.,
                 unit: str = 'own',
                 test_mode: bool = False) -> None:
        super().__init__(test_mode)
        check_not_negative(position=position, rotation=rotation, drift=drift, rotation_drift=rotation_drift)
        self.position, self.rotation, self.drift, self.rotation_drift = position, rotation, drift, rotation_drift
        self.unit = check_unit(unit)

    def move(self, results: Dict) -> None:
        length = unit_length(results, self.unit)
        results['keypoint'] = results['keypoint'] + noise(results['keypoint'].shape, self.position * length, self.drift * length)
        if 'pose' in results and (self.rotation or self.rotation_drift):
            results['pose'] = quaternions.compose(noise(results['pose'].shape, self.rotation, self.rotation_drift), results['pose'])


def noise(shape: Sequence[int], deviation: float, drift: float) -> np.ndarray:
    """``(M, T, …)`` float32: Gaussian in each frame, and a smooth path over them."""
    persons, frames, *rest = shape
    total = np.zeros(shape, dtype=np.float32)
    if deviation:
        total += np.random.normal(0, deviation, shape)
    if drift:
        total += smooth_paths(frames, (persons, *rest), drift).swapaxes(0, 1)
    return total


@TRANSFORMS.register_module()
class RandomOcclusion(PointAugmentation):
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

    def move(self, results: Dict) -> None:
        if np.random.random() >= self.probability:
            return
        layout_of(results, 'RandomOcclusion')
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
