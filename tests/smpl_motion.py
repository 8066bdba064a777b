"""A small motion of SMPL's joints, of which tests know what must come out: upright, the left knee bends 60 degrees, 1 m forward."""

import numpy as np
from scipy.spatial.transform import Rotation

from mmagenc.skeletons import get_skeleton

FRAMES, KNEE = 7, get_skeleton('smpl24').index('left_knee')
CAMERA = np.diag([1., -1., -1.])
"""Between y up and a camera's axes, y down, either way."""


def pose(frames=FRAMES) -> np.ndarray:
    """``(T, 24, 3)``, y up, turned by 20 degrees about it."""
    turns = np.zeros((frames, 24, 3))
    turns[:, 0, 1] = np.radians(20)
    turns[:, KNEE, 0] = np.radians(np.linspace(0, 60, frames))
    turns[:, 21, 2] = 0.5
    return turns


def path(frames=FRAMES) -> np.ndarray:
    return np.linspace(0, 1, frames)[:, None] * [0., 0., 1.]


def in_camera(turns: np.ndarray) -> np.ndarray:
    """The same poses as a camera with y down sees them."""
    turns = turns.copy()
    turns[:, 0] = (Rotation.from_matrix(CAMERA) * Rotation.from_rotvec(turns[:, 0])).as_rotvec()
    return turns


def matrices(turns: np.ndarray) -> np.ndarray:
    return Rotation.from_rotvec(turns.reshape(-1, 3)).as_matrix().reshape(*turns.shape[:-1], 3, 3)


def same_pose(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two poses are the same rotations."""
    return np.allclose(matrices(np.asarray(one, np.float64)), matrices(np.asarray(other, np.float64)), atol=1e-5)
