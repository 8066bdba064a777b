"""NW-UCLA's published augmentation in its parts: turn the view, bring coordinates to [-1, 1], draw frames in order.

M persons, T frames, V keypoints, C coordinates. The published order is ``RootCenter(joint=1, per_frame=False)``, ``RandomViewRotate``,
``MinMaxScale``, ``SortedSample(52)``; streams (``KthMode``, ``MotionStream``) come after.
"""

from typing import Dict, Tuple

import numpy as np
from mmcv.transforms import BaseTransform

from mmagenc.datasets.annotation import ARRAY_KEYS
from mmagenc.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomViewRotate(BaseTransform):
    """See a clip from another side and at another size: turned about the vertical and the sideways axis, and scaled, at random.

    Nothing is done in test mode. Angles and size are drawn from NumPy's global random state, the angles continuously (the published code
    draws whole degrees).

    Args:
        angle: largest angle about each of the two axes, in degrees (published: 60).
        scale: smallest and largest size (published: 0.5 and 1.5). Under a ``MinMaxScale`` that follows, as published, it has no effect.
        test_mode: leave clips as they are; a dataset in test mode gets this in any case.

    Raises:
        ValueError: settings out of range, or a clip whose keypoints are not 3-D.
    """

    def __init__(self, angle: float = 60., scale: Tuple[float, float] = (0.5, 1.5), test_mode: bool = False) -> None:
        if angle < 0:
            raise ValueError(f'angle must not be negative, got {angle}')
        if not 0 < scale[0] <= scale[1]:
            raise ValueError(f'scale takes two positive numbers in ascending order, got {scale}')
        self.angle, self.scale, self.test_mode = angle, scale, test_mode

    def transform(self, results: Dict) -> Dict:
        if self.test_mode or results.get('test_mode', False):
            return results
        keypoint = results['keypoint']
        if keypoint.shape[-1] != 3:
            raise ValueError(f'clip {results.get("frame_dir")}: RandomViewRotate needs 3 coordinates, keypoint has {keypoint.shape[-1]}')
        about_x, about_y = np.radians(np.random.uniform(-self.angle, self.angle, size=2))
        matrix = view_matrix(about_x, about_y) * np.random.uniform(*self.scale)
        results['keypoint'] = keypoint @ matrix.T.astype(keypoint.dtype)
        return results


def view_matrix(about_x: float, about_y: float) -> np.ndarray:
    """``R_x R_y (3, 3)``: about the vertical y axis first, then about the sideways x axis; radians, right-handed."""
    (cx, cy), (sx, sy) = np.cos([about_x, about_y]), np.sin([about_x, about_y])
    return np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]]) @ np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])


@TRANSFORMS.register_module()
class MinMaxScale(BaseTransform):
    """Bring the coordinates of a clip to [-1, 1]: least and greatest over all persons, frames and keypoints.

    Args:
        per_axis: stretch each axis for itself, as published; ``False`` keeps proportions, and the longest axis fills [-1, 1].

    An axis along which nothing differs becomes 0 (the published code divides by zero).
    """

    def __init__(self, per_axis: bool = True) -> None:
        self.per_axis = per_axis

    def transform(self, results: Dict) -> Dict:
        keypoint = results['keypoint']
        low, high = keypoint.min(axis=(0, 1, 2)), keypoint.max(axis=(0, 1, 2))
        half = (high - low) / 2
        if not self.per_axis:
            half = np.full_like(half, half.max())
        results['keypoint'] = (keypoint - (low + high) / 2) / np.where(half > 0, half, 1).astype(keypoint.dtype)
        return results


@TRANSFORMS.register_module()
class SortedSample(BaseTransform):
    """A fixed number of frames of a clip of any length, in order.

    In training each frame is drawn on its own, with replacement, and the draws are sorted (NumPy's global random state); in test mode they
    are evenly spaced from the first frame to the last, rounded down.

    Args:
        num_frames: frames of the result (published: 52).
        test_mode: the fixed frames; a dataset in test mode gets them in any case.

    Raises:
        ValueError: fewer than one frame.
    """

    def __init__(self, num_frames: int = 52, test_mode: bool = False) -> None:
        if num_frames < 1:
            raise ValueError(f'num_frames must be at least 1, got {num_frames}')
        self.num_frames, self.test_mode = num_frames, test_mode

    def indices(self, total: int, *, fixed: bool) -> np.ndarray:
        """Frame numbers in a clip of ``total`` frames."""
        if fixed:
            return np.linspace(0, total - 1, self.num_frames).astype(int)
        return np.sort(np.random.randint(0, total, size=self.num_frames))

    def transform(self, results: Dict) -> Dict:
        frames = self.indices(results['total_frames'], fixed=self.test_mode or results.get('test_mode', False))
        for key in ARRAY_KEYS:
            if key in results:
                results[key] = results[key][:, frames]
        results['num_frames'] = results['total_frames'] = self.num_frames
        return results
