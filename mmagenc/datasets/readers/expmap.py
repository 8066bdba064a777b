"""Human3.6M's angles as work on motion prediction ships them (``S1/walking_1.txt``; Jain et al., CVPR 2016), and the joints they make.

T frames. A line is a frame of 99 numbers, separated by commas, 50 a second: the root's way and turn since the frame before, seen from its
axes there (millimetres; exponential map), then exponential maps of the other 31 joints. The world's axes are those of the first frame's
hip, which is not quite upright.
"""

import numpy as np
from scipy.spatial.transform import Rotation

NUM_JOINTS, NUMBERS = 32, 99
PARENTS = (-1, 0, 1, 2, 3, 4, 0, 6, 7, 8, 9, 0, 11, 12, 13, 14, 12, 16, 17, 18, 19, 20, 19, 22, 12, 24, 25, 26, 27, 28, 27, 30)
_HIP, _THIGH, _SHIN, _FOOT, _TOE = 132.949, 442.895, 454.206, 162.767, 74.999
_SPINE, _CHEST, _NECK, _HEAD = 233.383, 257.078, 121.135, 115.002
_SHOULDER, _ARM, _FOREARM, _HAND = 151.033, 278.888, 251.731, 100.
OFFSETS = np.zeros((NUM_JOINTS, 3))
"""Millimetres from each joint's parent, in the parent's axes: y up, x to the left (measured lengths of one subject, which all share)."""
OFFSETS[[1, 6], 0] = -_HIP, _HIP
OFFSETS[[2, 7], 1], OFFSETS[[3, 8], 1] = -_THIGH, -_SHIN
OFFSETS[[4, 9], 2], OFFSETS[[5, 10], 2] = _FOOT, _TOE
OFFSETS[[12, 13, 14, 15], 1] = _SPINE, _CHEST, _NECK, _HEAD
OFFSETS[[16, 24], 1] = _CHEST  # both shoulders' roots lie where the neck does
OFFSETS[[17, 25], 1], OFFSETS[[18, 26], 1], OFFSETS[[19, 27], 1] = _SHOULDER, _ARM, _FOREARM
OFFSETS[[21, 29], 2], OFFSETS[[22, 30], 1] = _HAND, (_HAND, 137.5)


def joints_of_expmap(values: np.ndarray) -> np.ndarray:
    """Positions ``(T, 32, 3)``, metres, in the axes of the first frame's hip (y roughly up), of the file's numbers ``(T, 99)``."""
    local = Rotation.from_rotvec(-values[:, 3:].reshape(-1, 3)).as_matrix().reshape(len(values), NUM_JOINTS, 3, 3)
    turned, points = np.empty_like(local), np.zeros((len(values), NUM_JOINTS, 3))
    heading, place = np.eye(3), np.zeros(3)
    for frame, (way, turn) in enumerate(zip(values[:, :3], local[:, 0])):
        place = place + heading @ way
        heading = heading @ turn
        turned[frame, 0], points[frame, 0] = heading, place
    for joint, parent in enumerate(PARENTS[1:], start=1):
        points[:, joint] = points[:, parent] + turned[:, parent] @ OFFSETS[joint]
        turned[:, joint] = turned[:, parent] @ local[:, joint]
    return points / 1000
