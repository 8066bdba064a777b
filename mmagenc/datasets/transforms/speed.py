"""Faster, slower, unevenly: what a clip's frames are when time runs otherwise.

M persons, T frames, V keypoints, J joints.
"""

from typing import Dict, Optional, Tuple

import numpy as np

from mmagenc.registry import TRANSFORMS

from . import quaternions
from .augmenting import Augmentation, check_not_negative, smooth_paths, unseen_points
from .temporal import frame_centers, frames_between


@TRANSFORMS.register_module()
class RandomSpeed(Augmentation):
    """Play a clip faster or slower, unevenly, and from a little later on.

    Frames in between are interpolated: positions linearly, rotations along the shortest arc. A point that was not seen in one of the two
    frames is that of the nearer one.

    Args:
        speed: slowest and fastest, 1 being the clip's own; the logarithm is drawn uniformly.
        warp: deviation of the logarithm of the speed at a moment from that of the clip's: 0.2 makes it pass by 20 % faster here and
            slower there, smoothly, and never backwards. The clip's length does not change by it.
        start: largest share of the clip that is left out at its beginning.
        test_mode: leave clips as they are; a dataset in test mode gets this in any case.

    Raises:
        ValueError: a speed that is not positive, a range upside down, a negative warp, or a start outside [0, 1).
    """

    def __init__(self,
                 speed: Tuple[float, float] = (0.8, 1.25),
                 warp: float = 0.,
                 start: float = 0.,
                 test_mode: bool = False) -> None:
        super().__init__(test_mode)
        if not 0 < speed[0] <= speed[1]:
            raise ValueError(f'speed must be a positive range (slowest, fastest), got {speed}')
        check_not_negative(warp=warp)
        if not 0 <= start < 1:
            raise ValueError(f'start is a share of the clip in [0, 1), got {start}')
        self.speed, self.warp, self.start = tuple(speed), warp, start

    def augment(self, results: Dict) -> None:
        resample(results, self.places(results['total_frames']))

    def places(self, total: int) -> np.ndarray:
        """Where each new frame lies in a clip of ``total`` frames: ascending numbers of frames, with fractions."""
        speed = np.exp(np.random.uniform(*np.log(self.speed)))
        first = total * np.random.uniform(0, self.start) if self.start else 0.
        num_frames = max(round((total - first) / speed), 1)
        centers = (np.arange(num_frames) + 0.5) / num_frames
        if self.warp:
            centers = warped(centers, self.warp)
        return (first + centers * (total - first) - 0.5).clip(0, total - 1)


def warped(moments: np.ndarray, deviation: float) -> np.ndarray:
    """Moments of a clip, ascending between 0 and 1, when it passes unevenly.

    The logarithm of the speed is a smooth random path (see :func:`~mmagenc.datasets.transforms.augmenting.smooth_paths`), the moment its
    integral, which begins at 0 and ends at 1 as the clip does.
    """
    passed = np.concatenate([[0.], np.cumsum(np.exp(smooth_paths(2 * len(moments), (), deviation)))])
    return np.interp(moments, np.linspace(0, 1, len(passed)), passed / passed[-1])


def resample(results: Dict, places: np.ndarray) -> None:
    """Give a clip the frames at ``places`` (``(n, )``, numbers of frames with fractions), all of its arrays alike."""
    missing = unseen_points(results['keypoint'], results.get('keypoint_score'))
    for key in ('keypoint', 'keypoint_score'):
        if key in results:
            results[key] = _between_seen(results[key], missing, places)
    if 'transl' in results:
        results['transl'] = frames_between(results['transl'], places)
    if 'pose' in results:
        results['pose'] = rotations_between(results['pose'], places)
    results['total_frames'] = len(places)


def _between_seen(array: np.ndarray, missing: Optional[np.ndarray], places: np.ndarray) -> np.ndarray:
    """Frames between those of ``(M, T, V)`` or ``(M, T, V, C)``; where one of the two is ``missing (M, T, V)``, the nearer one."""
    if missing is None:
        return frames_between(array, places)
    shape = missing.shape + (1, ) * (array.ndim - missing.ndim)
    between = frames_between(np.where(missing.reshape(shape), 0, array).astype(array.dtype), places)
    unsure = frames_between(missing, places) > 0
    return np.where(unsure.reshape(unsure.shape + shape[3:]), frames_between(array, places, nearest=True), between)


def resize_rotations(pose: np.ndarray, num_frames: int) -> np.ndarray:
    """Resize axis 1 of rotation vectors between frame centres, as
    :func:`~mmagenc.datasets.transforms.temporal.resize_frames` does positions, by spherical interpolation.

    Args:
        pose: ``(M, T, J, 3)`` in radians.
        num_frames: frames of the result.

    Returns:
        ndarray: ``(M, num_frames, J, 3)``.
    """
    return rotations_between(pose, frame_centers(pose.shape[1], num_frames))


def rotations_between(pose: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Rotation vectors ``(M, n, J, 3)`` at ``places`` (``(n, )``, numbers of frames with fractions) of ``(M, T, J, 3)``, slerped."""
    before = places.astype(int)
    share = (places - before).astype(np.float32)[:, None]
    start = quaternions.from_rotvec(pose)
    return quaternions.to_rotvec(
        quaternions.between(start[:, before], start[:, np.minimum(before + 1, pose.shape[1] - 1)], share))
