"""Cropping, resizing in time and rotating, as InfoGCN and CTR-GCN train on NTU RGB+D.

M persons, T frames, V keypoints, C coordinates.
"""

from typing import Dict, Optional, Tuple

import numpy as np
from mmcv.transforms import BaseTransform

from mmagenc.datasets.annotation import ARRAY_KEYS
from mmagenc.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomCropResize(BaseTransform):
    """A random part of a clip, brought to a fixed number of frames by linear interpolation.

    In training the part's length is a share of the clip drawn from ``ratio``, but at least ``min_frames`` (or the clip), at a random place
    (NumPy's global random state); in test mode it is the clip's middle, ``test_ratio`` of it. Axis-angle ``pose`` takes nearest frames.

    Args:
        num_frames: frames of the result.
        ratio: smallest and largest share (published: 0.5 and 1).
        test_ratio: share in test mode (published: 0.95).
        min_frames: shortest part in training; ``None`` takes ``num_frames``.
        test_mode: the middle part; a dataset in test mode gets it in any case.

    Raises:
        ValueError: settings out of range.
    """

    def __init__(self,
                 num_frames: int = 64,
                 ratio: Tuple[float, float] = (0.5, 1.),
                 test_ratio: float = 0.95,
                 min_frames: Optional[int] = None,
                 test_mode: bool = False) -> None:
        if num_frames < 1:
            raise ValueError(f'num_frames must be at least 1, got {num_frames}')
        if not (0 < ratio[0] <= ratio[1] <= 1 and 0 < test_ratio <= 1):
            raise ValueError(f'shares lie in (0, 1] in ascending order, got ratio={ratio}, test_ratio={test_ratio}')
        self.num_frames, self.ratio, self.test_ratio, self.test_mode = num_frames, ratio, test_ratio, test_mode
        self.min_frames = num_frames if min_frames is None else min_frames

    def part(self, total: int, *, fixed: bool) -> Tuple[int, int]:
        """First frame and length of the part of a clip of ``total`` frames."""
        if fixed:
            margin = int((1 - self.test_ratio) * total / 2)
            return margin, total - 2 * margin
        length = int(total * np.random.uniform(*self.ratio))
        length = min(max(length, self.min_frames, 1), total)
        return np.random.randint(0, total - length + 1), length

    def transform(self, results: Dict) -> Dict:
        start, length = self.part(results['total_frames'], fixed=self.test_mode or results.get('test_mode', False))
        for key in ARRAY_KEYS:
            if key in results:
                part = results[key][:, start:start + length]
                results[key] = resize_frames(part, self.num_frames, nearest=key == 'pose')
        results['num_frames'] = results['total_frames'] = self.num_frames
        return results


def resize_frames(array: np.ndarray, num_frames: int, *, nearest: bool = False) -> np.ndarray:
    """Resize axis 1 by linear interpolation between frame centres (``align_corners=False``), or to nearest frames.

    Args:
        array: ``(M, T, …)``.
        num_frames: frames of the result.
        nearest: take whole frames.

    Returns:
        ndarray: ``(M, num_frames, …)`` of the same type.
    """
    return frames_between(array, frame_centers(array.shape[1], num_frames), nearest=nearest)


def frame_centers(total: int, num_frames: int) -> np.ndarray:
    """``(num_frames,)`` places of frame centres in a clip of ``total`` frames that is resized (``align_corners=False``)."""
    return ((np.arange(num_frames) + 0.5) * (total / num_frames) - 0.5).clip(0, total - 1)


def frames_between(array: np.ndarray, places: np.ndarray, *, nearest: bool = False) -> np.ndarray:
    """Axis 1 of an array at other places, by linear interpolation, or nearest frames.

    Args:
        array: ``(M, T, …)``; of booleans comes which part of them is true.
        places: ``(n,)`` numbers of frames with fractions, within ``[0, T − 1]``.
        nearest: take whole frames.

    Returns:
        ndarray: ``(M, n, …)`` of the same type.
    """
    last = array.shape[1] - 1
    if nearest:
        return array[:, (places + 0.5).astype(int).clip(max=last)]
    before = places.astype(int)
    kind = np.float32 if array.dtype == bool else array.dtype
    weight = (places - before).astype(kind).reshape(-1, *[1] * (array.ndim - 2))
    return array[:, before] * (1 - weight) + array[:, np.minimum(before + 1, last)] * weight


@TRANSFORMS.register_module()
class RandomRotation(BaseTransform):
    """Rotate all keypoints of a clip about the origin by one random angle per axis; nothing in test mode.

    Args:
        angle: largest angle about each axis, in radians (published: 0.3). The angles are drawn from NumPy's global random state.
        test_mode: leave clips as they are; a dataset in test mode gets this in any case.

    Raises:
        ValueError: a negative angle, or a clip whose keypoints are not 3-D.
    """

    def __init__(self, angle: float = 0.3, test_mode: bool = False) -> None:
        if angle < 0:
            raise ValueError(f'angle must not be negative, got {angle}')
        self.angle, self.test_mode = angle, test_mode

    def transform(self, results: Dict) -> Dict:
        if self.test_mode or results.get('test_mode', False):
            return results
        keypoint = results['keypoint']
        if keypoint.shape[-1] != 3:
            raise ValueError(f'clip {results.get("frame_dir")}: RandomRotation needs 3 coordinates, keypoint has {keypoint.shape[-1]}')
        rotation = rotation_matrix(np.random.uniform(-self.angle, self.angle, size=3))
        results['keypoint'] = keypoint @ rotation.T.astype(keypoint.dtype)
        return results


def rotation_matrix(angles: np.ndarray) -> np.ndarray:
    """``R_z R_y R_x (3, 3)`` of angles about x, y and z, in radians."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(angles), np.sin(angles)
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return about_z @ about_y @ about_x
