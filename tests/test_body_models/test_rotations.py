import math

import numpy as np
import pytest
import roma
import torch
from scipy.spatial.transform import Rotation

from mmagenc.body_models.rotations import (
    axis_angle_to_matrix,
    axis_angle_to_rot6d,
    matrix_to_axis_angle,
    matrix_to_rot6d,
    rot6d_to_axis_angle,
    rot6d_to_matrix,
)


@pytest.fixture()
def rotations():
    return Rotation.random(60, random_state=0)


def test_conversions_equal_scipy(rotations):
    rotvec, matrix = (torch.from_numpy(value).float().reshape(3, 20, *value.shape[1:])
                      for value in (rotations.as_rotvec(), rotations.as_matrix()))
    rows = matrix[..., :2, :].reshape(3, 20, 6)
    for result, expected in ((axis_angle_to_matrix(rotvec), matrix), (matrix_to_axis_angle(matrix), rotvec),
                             (matrix_to_rot6d(matrix), rows), (axis_angle_to_rot6d(rotvec), rows),
                             (rot6d_to_matrix(rows), matrix), (rot6d_to_axis_angle(rows), rotvec)):
        torch.testing.assert_close(result, expected, atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize('angle', [math.pi, math.pi - 1e-4, 3.0, 2.0, 0.1])
def test_every_part_of_the_quaternion_can_be_the_largest(angle):
    """Half turns and less about each axis, in float64: the branch taken loses no digit, and is the one that roma takes."""
    axes = torch.tensor([[1., 0.1, 0.2], [0.1, 1, 0.2], [0.1, 0.2, 1], [-1, 0.1, 0.2], [0.1, -1, 0.2], [0.1, 0.2, -1]], dtype=torch.float64)
    matrix = axis_angle_to_matrix(angle * axes / axes.norm(dim=-1, keepdim=True))
    result = matrix_to_axis_angle(matrix)
    torch.testing.assert_close(result, roma.rotmat_to_rotvec(matrix), atol=1e-12, rtol=0)
    torch.testing.assert_close(axis_angle_to_matrix(result), matrix, atol=1e-12, rtol=0)


def test_rot6d_is_orthonormalized_row_by_row():
    """First row: a1/|a1|; second: what a2 has across it, normalized; third: their cross product."""
    result = rot6d_to_matrix(torch.tensor([2.0, 0, 0, 5, 0, 3]))
    torch.testing.assert_close(result, torch.tensor([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]))
    random = rot6d_to_matrix(torch.randn(50, 6))
    torch.testing.assert_close(random @ random.mT, torch.eye(3).expand(50, 3, 3))
    torch.testing.assert_close(torch.linalg.det(random), torch.ones(50))


@pytest.mark.parametrize('angle', [0.0, 1e-20, 1e-6, math.pi - 1e-3, math.pi - 1e-6, math.pi, math.pi + 1e-3])
def test_values_and_gradients_are_finite_at_the_ends(angle):
    axis = torch.tensor([0.6, 0, -0.8])
    rotvec = (angle * axis).requires_grad_()
    matrix = axis_angle_to_matrix(rotvec)
    np.testing.assert_allclose(matrix.detach(), Rotation.from_rotvec(angle * axis.numpy().astype(float)).as_matrix(), atol=2e-6)
    for function, value in ((axis_angle_to_matrix, rotvec), (matrix_to_axis_angle, matrix), (rot6d_to_axis_angle, matrix_to_rot6d(matrix))):
        value = value.detach().requires_grad_()
        result = function(value)
        gradient, = torch.autograd.grad(result, value, torch.randn_like(result))
        assert result.isfinite().all() and gradient.isfinite().all(), function.__name__
    torch.testing.assert_close(axis_angle_to_matrix(matrix_to_axis_angle(matrix)), matrix, atol=2e-6, rtol=0)


def test_degenerate_rot6d_has_finite_gradients():
    for value in (torch.zeros(6), torch.tensor([1.0, 0, 0, 2, 0, 0])):
        value.requires_grad_()
        gradient, = torch.autograd.grad(rot6d_to_matrix(value).sum(), value)
        assert gradient.isfinite().all()


def test_gradients_equal_finite_differences():
    rotvec, rot6d = torch.randn(4, 3, dtype=torch.float64, requires_grad=True), torch.randn(4, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(axis_angle_to_matrix, rotvec)
    assert torch.autograd.gradcheck(rot6d_to_axis_angle, rot6d)


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_float32(dtype):
    rotvec, rot6d = torch.randn(5, 3).to(dtype), torch.randn(5, 6).to(dtype)
    for function, value in ((axis_angle_to_matrix, rotvec), (rot6d_to_matrix, rot6d), (rot6d_to_axis_angle, rot6d),
                            (axis_angle_to_rot6d, rotvec)):
        torch.testing.assert_close(function(value), function(value.float()), atol=0, rtol=0)
    with torch.autocast('cpu', torch.bfloat16):
        expected = rot6d_to_axis_angle(rot6d.double()).float()
        torch.testing.assert_close(rot6d_to_axis_angle(rot6d.float()), expected, atol=1e-4, rtol=0)
    assert rot6d_to_matrix(rot6d.double()).dtype == torch.float64


def test_empty_and_single(rotations):
    assert rot6d_to_axis_angle(torch.zeros(0, 24, 6)).shape == (0, 24, 3)
    assert axis_angle_to_matrix(torch.zeros(3)).equal(torch.eye(3))
