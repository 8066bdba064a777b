"""What of a clip is used, and in which form.

M persons, T frames, V keypoints, J joints.
"""

from typing import Dict

import numpy as np
import torch
from mmcv.transforms import BaseTransform

from mmagenc.body_models.rotations import axis_angle_to_rot6d
from mmagenc.registry import TRANSFORMS
from mmagenc.skeletons import get_skeleton, joint_map


@TRANSFORMS.register_module()
class PoseToRot6d(BaseTransform):
    """Put rot6d of ``pose (M, T, J, 3)`` in the place of ``keypoint``: ``(M, T, J, 6)``, for recognizers that see rotations.

    Raises:
        ValueError: a clip without ``pose``.
    """

    def transform(self, results: Dict) -> Dict:
        if 'pose' not in results:
            raise ValueError(f'clip {results.get("frame_dir")}: PoseToRot6d needs `pose`, this clip has positions only')
        results['keypoint'] = axis_angle_to_rot6d(torch.from_numpy(np.ascontiguousarray(results['pose'], dtype=np.float32))).numpy()
        results['skeleton'] = 'smpl24'
        results.pop('keypoint_score', None)
        return results


@TRANSFORMS.register_module()
class RootCenter(BaseTransform):
    """Subtract one keypoint from all.

    Args:
        joint: the keypoint.
        per_frame: subtract it frame by frame; ``False`` subtracts its place in the first frame, which keeps the path.

    Raises:
        ValueError: a clip without that keypoint.
    """

    def __init__(self, joint: int = 0, per_frame: bool = True) -> None:
        self.joint, self.per_frame = joint, per_frame

    def transform(self, results: Dict) -> Dict:
        num_joints = results['keypoint'].shape[2]
        if not 0 <= self.joint < num_joints:
            raise ValueError(f'clip {results.get("frame_dir")}: RootCenter(joint={self.joint}), but it has {num_joints} keypoints')
        root = results['keypoint'][:, :, [self.joint]]
        results['keypoint'] = results['keypoint'] - (root if self.per_frame else root[:, :1])
        return results


@TRANSFORMS.register_module()
class MapJoints(BaseTransform):
    """Bring ``keypoint`` into another layout through a known joint map.

    Args:
        target: name of the layout; the source is the clip's ``skeleton``.

    Raises:
        ValueError: an unknown layout, a clip whose layout is not known, or from which no map is known.
    """

    def __init__(self, target: str) -> None:
        self.target = get_skeleton(target).name

    def transform(self, results: Dict) -> Dict:
        if results.get('skeleton') is None:
            raise ValueError(f'clip {results.get("frame_dir")}: MapJoints needs to know its skeleton')
        indices = joint_map(results['skeleton'], self.target)
        for key in ('keypoint', 'keypoint_score'):
            if key in results:
                results[key] = np.take(results[key], indices, axis=2)
        results['skeleton'] = self.target
        return results
