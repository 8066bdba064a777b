"""Clips at another frame rate.

M persons, T frames, V keypoints, J joints, C coordinates.
"""

from typing import Dict, Tuple

import numpy as np
from scipy.spatial.transform import Rotation

from mmagenc.clips import MAX_FRAMES

from .annotation import ARRAY_KEYS, AnnotationError
from .gaps import missing_points

SAME_RATE = 0.005
"""Rates that differ by less are one: 29.97 and 30, 23.976 and 24, but not 24 and 25."""


def checked_fps(value, source: str) -> float:
    """A frame rate as a number.

    Raises:
        AnnotationError: ``value`` is no positive finite number.
    """
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not number or not np.isfinite(value) or value <= 0:
        raise AnnotationError(f'{source}: fps must be a positive number, got {value!r}')
    return float(value)


def same_rate(first: float, second: float) -> bool:
    """Whether two frame rates are the same but for rounding."""
    return abs(first / second - 1) < SAME_RATE


def resample_clip(clip: Dict, fps_from: float, fps_to: float) -> Dict:
    """A clip at another frame rate, from its first frame to at most its last.

    ``keypoint``, ``keypoint_score`` and ``transl`` are interpolated linearly, ``pose`` by slerp. A point that is missing in one of the two
    frames around (see :func:`~mmagenc.datasets.gaps.missing_points`) is taken from the nearer one, as half-way to nowhere is no place.

    Args:
        clip: in the annotation format.
        fps_from: its frames per second.
        fps_to: those of the result.

    Returns:
        dict: a new clip without a key ``fps`` of its own; the same arrays where the rates are equal (within 0.5 %).

    Raises:
        AnnotationError: a rate that is no positive number.
    """
    name = f'clip {clip.get("frame_dir")}'
    fps_from, fps_to = checked_fps(fps_from, name), checked_fps(fps_to, name)
    clip = {key: value for key, value in clip.items() if key != 'fps'}
    if same_rate(fps_from, fps_to) or clip['total_frames'] < 2:
        return clip
    before, weight = frame_places(clip['total_frames'], fps_from, fps_to)
    missing = missing_points(clip['keypoint'], clip.get('keypoint_score'))
    torn = missing[:, before] | missing[:, before + 1]
    nearest = before + (weight > 0.5)
    for key in [key for key in ARRAY_KEYS if key in clip]:
        if key == 'pose':
            clip[key] = slerp_pose(clip[key], before, weight).astype(clip[key].dtype)
            continue
        values = _lerp(clip[key], before, weight)
        if key != 'transl':
            values[torn] = clip[key][:, nearest][torn]
        clip[key] = values
    return dict(clip, total_frames=len(before))


def check_length(frames: float) -> int:
    """The whole number of frames; raises ``ValueError`` for more than :data:`MAX_FRAMES`, which a wrong unit of time makes."""
    if not frames <= MAX_FRAMES:
        raise ValueError(f'{frames:.0f} frames at the new rate, accepted are up to {MAX_FRAMES}: is the rate of the recording right?')
    return int(frames)


def frame_places(count: int, fps_from: float, fps_to: float) -> Tuple[np.ndarray, np.ndarray]:
    """Where the frames of a clip at another rate lie between those of ``count`` (at least 2): the frame before each, and the share of the
    next one, both ``(T,)``."""
    # The tolerance keeps the last frame where a rate written with few digits falls short of it by rounding.
    length = check_length((count - 1) * fps_to / fps_from + 1e-3) + 1
    time = np.minimum(np.arange(length) * fps_from / fps_to, count - 1)
    before = np.minimum(time.astype(int), count - 2)
    return before, time - before


def _lerp(array: np.ndarray, before: np.ndarray, weight: np.ndarray) -> np.ndarray:
    weight = weight.astype(array.dtype).reshape(-1, *[1] * (array.ndim - 2))
    return array[:, before] + weight * (array[:, before + 1] - array[:, before])


def slerp_pose(pose: np.ndarray, before: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Axis-angle ``(…, T, J, 3)`` at places between its frames, as :func:`frame_places` gives them."""
    matrices = Rotation.from_rotvec(pose.reshape(-1, 3)).as_matrix().reshape(*pose.shape, 3)
    matrices = slerp(matrices[..., before, :, :, :], matrices[..., before + 1, :, :, :], weight[:, None])
    return Rotation.from_matrix(matrices.reshape(-1, 3, 3)).as_rotvec().reshape(matrices.shape[:-1])


def slerp(start: np.ndarray, stop: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Rotations ``(…, 3, 3)`` on the shortest way from ``start`` (weight 0) to ``stop`` (weight 1); ``weight`` broadcasts to ``(…)``."""
    change = Rotation.from_matrix((start.swapaxes(-1, -2) @ stop).reshape(-1, 3, 3)).as_rotvec().reshape(*start.shape[:-2], 3)
    part = Rotation.from_rotvec((change * weight[..., None]).reshape(-1, 3)).as_matrix()
    return start @ part.reshape(start.shape)
