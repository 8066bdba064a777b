"""Rotation vectors by way of quaternions, against roma."""

import numpy as np
import roma
import torch

from mmagenc.datasets.transforms import quaternions

ROTVEC = np.concatenate([np.random.default_rng(0).normal(0, 2, (50, 3)), np.zeros((1, 3)), [[1e-8, 0, 0], [0, np.pi, 0], [0, 0, 6.]]])
BACKWARDS = ROTVEC[::-1].copy()


def rotmat(rotvec):
    return roma.rotvec_to_rotmat(torch.from_numpy(np.asarray(rotvec, dtype=np.float64))).numpy()


def test_there_and_back():
    quaternion = quaternions.from_rotvec(ROTVEC)
    np.testing.assert_allclose(quaternion, roma.rotvec_to_unitquat(torch.from_numpy(ROTVEC)).numpy(), atol=1e-6)
    back = quaternions.to_rotvec(quaternion)
    np.testing.assert_allclose(rotmat(back), rotmat(ROTVEC), atol=1e-5)
    assert np.linalg.norm(back, axis=-1).max() < np.pi + 1e-5 and back.dtype == quaternion.dtype == np.float32


def test_one_after_the_other():
    np.testing.assert_allclose(rotmat(quaternions.compose(ROTVEC, BACKWARDS)), rotmat(ROTVEC) @ rotmat(BACKWARDS), atol=1e-5)
