"""What of a clip is used, and in which form.

M persons, T frames, V keypoints, J joints.
"""

from typing import Dict, Optional

import numpy as np
import torch
from mmcv.transforms import BaseTransform

from mmagenc.body_models.rotations import axis_angle_to_rot6d
from mmagenc.registry import TRANSFORMS
from mmagenc.skeletons import get_skeleton, joint_map, longest_chain


@TRANSFORMS.register_module()
class PoseToRot6d(BaseTransform):
    """Put rot6d of ``pose (M, T, J, 3)`` in the place of ``keypoint``: ``(M, T, J, 6)``, for recognizers that see rotations.

    Args:
        root: with the first joint's, the orientation of the whole body; ``False`` leaves it out, as InfAGenC's layout ``smpl_noglobal``
            does: ``(M, T, J − 1, 6)``.

    Raises:
        ValueError: a clip without ``pose``.
    """

    def __init__(self, root: bool = True) -> None:
        self.root = root

    def transform(self, results: Dict) -> Dict:
        if 'pose' not in results:
            raise ValueError(f'clip {results.get("frame_dir")}: PoseToRot6d needs `pose`, this clip has positions only')
        pose = results['pose'] if self.root else results['pose'][:, :, 1:]
        results['keypoint'] = axis_angle_to_rot6d(torch.from_numpy(np.ascontiguousarray(pose, dtype=np.float32))).numpy()
        results['skeleton'] = 'smpl24' if self.root else None
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


@TRANSFORMS.register_module()
class DropScores(BaseTransform):
    """Leave ``keypoint_score`` out, which ``FormatGCNInput`` makes a channel behind the coordinates."""

    def transform(self, results: Dict) -> Dict:
        results.pop('keypoint_score', None)
        return results


@TRANSFORMS.register_module()
class BodyUnit(BaseTransform):
    """Positions relative to the body's place in the first frame, in body lengths: near and far, pixels and metres are alike.

    A body length is the longest chain of bones from tip to tip, the median over the frames of the first person, as
    :class:`~mmagenc.models.representations.KeypointRepresentation` takes it with ``unit='body'``. The body's place is the middle of its
    hips, or its root in layouts without.

    Args:
        per_frame: subtract the place frame by frame; ``False`` keeps the path.

    Raises:
        ValueError: a clip whose layout is not known, or without any extent.
    """

    def __init__(self, per_frame: bool = False) -> None:
        self.per_frame = per_frame

    @staticmethod
    def length(clip: Dict) -> np.floating:
        """Body length of a clip; 0 where all lies on one place, NaN where points have no place."""
        return np.median(BodyUnit.lengths(clip))

    @staticmethod
    def lengths(clip: Dict) -> np.ndarray:
        """``(T,)`` that of each frame."""
        parents = get_skeleton(clip['skeleton']).parents
        chain = list(longest_chain(tuple(parents)))
        bones = clip['keypoint'][0][:, chain] - clip['keypoint'][0][:, [parents[joint] for joint in chain]]
        return np.linalg.norm(bones, axis=-1).sum(axis=1)

    @staticmethod
    def why_not(length: np.floating) -> Optional[str]:
        """Why a clip of this body length cannot be measured, and what helps; ``None`` where it can."""
        if length > 0:
            return None
        return ('all keypoints of the first person lie on one place, and BodyUnit has no body to measure: leave such clips out of the file'
                ', or cut them where nobody is seen (fill_gaps=dict(max_gap=…) of the data set does)'
                if length == 0 else 'BodyUnit measures no keypoints without a place (NaN): fill_gaps=dict(max_gap=…) of the data set fills '
                'or cuts them')

    def transform(self, results: Dict) -> Dict:
        if results.get('skeleton') is None:
            raise ValueError(f'clip {results.get("frame_dir")}: BodyUnit needs to know its skeleton')
        skeleton, keypoint, length = get_skeleton(results['skeleton']), results['keypoint'], self.length(results)
        problem = self.why_not(length)
        if problem:
            raise ValueError(f'clip {results.get("frame_dir")}: {problem}')
        place = keypoint[:1, :, skeleton.middle].mean(axis=2, keepdims=True)
        results['keypoint'] = (keypoint - (place if self.per_frame else place[:, :1])) / length
        return results
