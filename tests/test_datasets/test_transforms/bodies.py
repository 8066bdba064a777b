"""Positions by forward kinematics: what rotations and positions of a clip are held against."""

import numpy as np
import torch

from mmagenc.body_models.rotations import axis_angle_to_matrix
from mmagenc.skeletons import get_skeleton


def posed(body, clip):
    """Root-centred joints of a clip's rotations, at the path of its translation."""
    joints = body.joints(rotmat=axis_angle_to_matrix(torch.from_numpy(np.ascontiguousarray(clip['pose'][0]))))
    return (joints - joints[:, :1]).numpy()[None] + clip['transl'][:, :, None]


def bones(keypoint, skeleton='smpl24'):
    """``(M, T, V − 1, C)`` bones, in the order of the layout's edges."""
    joints, parents = map(list, zip(*get_skeleton(skeleton).edges))
    return keypoint[:, :, joints] - keypoint[:, :, parents]
