"""InfoGCN's views of a skeleton: relative positions and motion.

M persons, T frames, V keypoints, C coordinates.
"""

from typing import Dict, Optional, Sequence

import numpy as np
from mmcv.transforms import BaseTransform

from mmagenc.registry import TRANSFORMS
from mmagenc.skeletons import get_skeleton
from mmagenc.skeletons.skeleton import mode_matrix
from mmagenc.skeletons.ucla20 import infogcn_mode_matrix

PUBLISHED_MODES = {'ucla20_infogcn': infogcn_mode_matrix}
"""Modes that no layout's tree gives."""


@TRANSFORMS.register_module()
class KthMode(BaseTransform):
    """Each keypoint relative to its ancestor k bones away: ``(I − Pᵏ) x`` (InfoGCN's multi-modal representation).

    k = 1 gives bones; a k beyond the tree's depth leaves positions as they are.

    Args:
        k: bones to the ancestor, at least 1.
        skeleton: layout whose tree it is; ``None`` takes the clip's own. InfoGCN's published modes are those of ``'ntu25_infogcn'`` and
            ``'ucla20_infogcn'``, which are no ancestors' (:func:`~mmagenc.skeletons.ucla20.infogcn_mode_matrix`).
        parents: V parent indices (``-1`` at the root) in the place of the layout's, for another tree on the same keypoints.

    Raises:
        ValueError: k below 1, an unknown layout, or a clip whose layout is not known or has another number of keypoints.
    """

    def __init__(self, k: int, skeleton: Optional[str] = None, parents: Optional[Sequence[int]] = None) -> None:
        self.k, self.matrices = k, {}
        mode_matrix((-1, ), k)  # refuses k at once, not at the first clip
        self.fixed = None if skeleton is None else self._of(skeleton)
        if parents is not None:
            self.fixed = mode_matrix(parents, k)

    def _of(self, skeleton: str) -> np.ndarray:
        known = PUBLISHED_MODES.get(skeleton) if isinstance(skeleton, str) else None
        return known(self.k) if known else get_skeleton(skeleton).mode_matrix(self.k)

    def matrix(self, skeleton: Optional[str]) -> np.ndarray:
        """``(V, V)`` for a layout, computed once."""
        if self.fixed is not None:
            return self.fixed
        if skeleton is None:
            raise ValueError('KthMode needs to know the skeleton: name it in the transform')
        if skeleton not in self.matrices:
            self.matrices[skeleton] = self._of(skeleton)
        return self.matrices[skeleton]

    def transform(self, results: Dict) -> Dict:
        keypoint, matrix = results['keypoint'], self.matrix(results.get('skeleton'))
        if keypoint.shape[2] != len(matrix):
            raise ValueError(f'clip {results.get("frame_dir")}: KthMode of {len(matrix)} keypoints, but it has {keypoint.shape[2]}')
        results['keypoint'] = matrix @ keypoint
        return results


@TRANSFORMS.register_module()
class MotionStream(BaseTransform):
    """Differences to the next frame in the place of positions; the last frame is zero, as published."""

    def transform(self, results: Dict) -> Dict:
        keypoint = results['keypoint']
        motion = np.zeros_like(keypoint)
        np.subtract(keypoint[:, 1:], keypoint[:, :-1], out=motion[:, :-1])
        results['keypoint'] = motion
        return results
