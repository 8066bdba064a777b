"""What augmentations share: they are for training clips, points that were not seen stay so, and what drifts does so smoothly.

M persons, T frames, V keypoints, C coordinates.
"""

from abc import abstractmethod
from functools import lru_cache
from typing import Dict, Iterable, Sequence, Tuple

import numpy as np
from mmcv.transforms import BaseTransform

from mmagenc.datasets.gaps import missing_points
from mmagenc.skeletons import Skeleton, get_skeleton, longest_chain

AXES = ('x', 'y', 'z')
WAVES = 3
"""Waves that a smooth path is made of: half a wave, a whole one and one and a half over the clip."""
UNITS = ('own', 'body')


class Augmentation(BaseTransform):
    """Does nothing in test mode, else what the subclass does.

    Args:
        test_mode: leave clips as they are; a dataset in test mode gets this in any case.
    """

    def __init__(self, test_mode: bool = False) -> None:
        self.test_mode = test_mode

    def transform(self, results: Dict) -> Dict:
        if not (self.test_mode or results.get('test_mode', False)):
            self.augment(results)
        return results

    @abstractmethod
    def augment(self, results: Dict) -> None:
        """Change a training clip."""


class PointAugmentation(Augmentation):
    """Changes where points are, frame for frame; those that were not seen keep the value that says so."""

    def augment(self, results: Dict) -> None:
        move_points(results, (self, ))

    @abstractmethod
    def move(self, results: Dict) -> None:
        """Change a training clip of which every point has a place."""


def move_points(results: Dict, moves: Iterable[PointAugmentation]) -> None:
    """Let several augmentations change one clip, with places lent to the points that were not seen.

    Such points (see :func:`~mmagenc.datasets.gaps.missing_points`) hold NaN, zeros or anything else, which is no place of a body. What they
    hold, they hold again afterwards.
    """
    given = results['keypoint']
    missing = unseen_points(given, results.get('keypoint_score'))
    if missing is None:
        for change in moves:
            change.move(results)
        return
    results['keypoint'] = lent_places(given, missing, results.get('skeleton'))
    for change in moves:
        change.move(results)
    results['keypoint'] = np.where(missing[..., None], given, results['keypoint'])


def unseen_points(keypoint: np.ndarray, score=None):
    """``(M, T, V)`` which points have no place, or ``None`` where all have one, which is soon told of most clips."""
    if (score is None or (score > 0).all()) and np.isfinite(keypoint).all() and keypoint[..., 0].all():
        return None
    missing = missing_points(keypoint, score)
    return missing if missing.any() else None


def lent_places(keypoint: np.ndarray, missing: np.ndarray, skeleton=None) -> np.ndarray:
    """``(M, T, V, C)`` with a place for every point: a missing one is where the next one towards the root is that was seen.

    A missing root, and without a layout every missing point, is in the middle of those that were seen in the frame, or, where
    none was, in the whole clip.
    """
    seen = ~missing[..., None]
    places = np.where(seen, keypoint, 0).astype(np.float32)
    count, total = seen.sum(axis=2), places.sum(axis=2)
    everywhere = total.sum(axis=(0, 1)) / max(count.sum(), 1)
    middle = np.where(count > 0, total / np.maximum(count, 1), everywhere)
    parents = get_skeleton(skeleton).parents if skeleton is not None else (-1, ) * keypoint.shape[2]
    order = get_skeleton(skeleton).topological_order if skeleton is not None else range(keypoint.shape[2])
    for joint in order:
        if missing[:, :, joint].any():
            lent = middle if parents[joint] < 0 else places[:, :, parents[joint]]
            places[:, :, joint] = np.where(seen[:, :, joint], places[:, :, joint], lent)
    return places


def smooth_paths(num_frames: int, shape: Sequence[int], deviation: float) -> np.ndarray:
    """``(num_frames, *shape)`` random paths, as smooth as three waves, whose values have the deviation in every frame of the clip."""
    basis = _waves(num_frames)
    return (basis @ (deviation * np.random.standard_normal((basis.shape[1], int(np.prod(shape)))))).reshape(num_frames, *shape)


@lru_cache(maxsize=256)
def _waves(num_frames: int) -> np.ndarray:
    """``(num_frames, 2 · WAVES)``: cosines and sines whose squares add up to 1 in every frame."""
    phase = np.pi * (np.arange(num_frames) + 0.5)[:, None] / num_frames * np.arange(1, WAVES + 1)
    return np.concatenate([np.cos(phase), np.sin(phase)], axis=1) / np.sqrt(WAVES)


def body_length(results: Dict) -> float:
    """Length of the body in a clip's own unit, as :class:`~mmagenc.datasets.transforms.BodyUnit` takes it.

    It is the longest chain of bones from tip to tip, the median over persons and frames, of those that are there.

    Raises:
        ValueError: a clip whose layout is not known.
    """
    chain, above = _chain(layout_of(results, 'a length in body lengths'))
    bones = results['keypoint'][:, :, chain] - results['keypoint'][:, :, above]
    lengths = np.sqrt(np.einsum('mtvc,mtvc->mtv', bones, bones)).sum(axis=-1)
    lengths = lengths[lengths > 0]
    return float(np.median(lengths)) if lengths.size else 0.


@lru_cache(maxsize=64)
def _chain(skeleton: Skeleton) -> Tuple[np.ndarray, np.ndarray]:
    """Keypoints of the longest chain, and their parents."""
    chain = np.array(longest_chain(tuple(skeleton.parents)), dtype=int)
    return chain, np.array(skeleton.parents)[chain]


def unit_length(results: Dict, unit: str) -> float:
    """What a deviation is multiplied by: 1, or the body's length."""
    return body_length(results) if unit == 'body' else 1.


def layout_of(results: Dict, what: str) -> Skeleton:
    """The clip's layout.

    Raises:
        ValueError: it names none; the message says ``what`` needs it.
    """
    if results.get('skeleton') is None:
        raise ValueError(f'clip {results.get("frame_dir")}: {what} needs to know its skeleton')
    return get_skeleton(results['skeleton'])


def check_coordinates(results: Dict, what: str) -> int:
    """Coordinates of the clip's keypoints, 2 or 3.

    Raises:
        ValueError: another number, as ``PoseToRot6d`` leaves behind.
    """
    dims = results['keypoint'].shape[-1]
    if dims not in (2, 3):
        raise ValueError(f'clip {results.get("frame_dir")}: {what} changes positions of 2 or 3 coordinates, keypoint has {dims} channels: '
                         "it goes before what makes the recognizer's input")
    return dims


def places_of(keypoint: np.ndarray, skeleton=None) -> np.ndarray:
    """``(M, T, C)`` where each body is in each frame: the middle of the hips, or the root in layouts without.

    Args:
        keypoint: ``(M, T, V, C)``, a place for every point.
        skeleton: the layout; without, the middle of all points.
    """
    joints = slice(None) if skeleton is None else get_skeleton(skeleton).middle
    return keypoint[:, :, joints].mean(axis=2)


def check_unit(unit: str) -> str:
    """The unit, or a ``ValueError`` that names those there are."""
    if unit not in UNITS:
        raise ValueError(f"unit must be 'own' (that of the keypoints) or 'body' (body lengths), got {unit!r}")
    return unit


def check_axis(name: str, argument: str) -> int:
    """Number of a named axis, or a ``ValueError``."""
    if name not in AXES:
        raise ValueError(f'{argument} must be one of {", ".join(AXES)}, got {name!r}')
    return AXES.index(name)


def check_not_negative(**values: float) -> None:
    """A ``ValueError`` that names the strengths that are negative, or no numbers."""
    wrong = {name: value for name, value in values.items() if not value >= 0}
    if wrong:
        raise ValueError(f'{", ".join(wrong)} must not be negative, got {", ".join(f"{name}={value}" for name, value in wrong.items())}')
