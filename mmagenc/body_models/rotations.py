"""Rotations: axis-angle, matrices and the continuous six-dimensional form.

``(…, 3)`` axis-angle in radians, ``(…, 3, 3)`` matrices, ``(…, 6)`` rot6d. Any batch shape, differentiable, computed in float32 or better
whatever the input's or autocast's type.

rot6d is the first two *rows* of the matrix, flattened (Zhou et al., CVPR 2019, in PyTorch3D's convention, which ACTOR and InfAGenC use).
"""

import roma
import torch
import torch.nn.functional as F
from torch import Tensor


def _full_precision(value: Tensor) -> Tensor:
    return value if value.dtype in (torch.float32, torch.float64) else value.float()


def axis_angle_to_matrix(axis_angle: Tensor) -> Tensor:
    """``(…, 3)`` to ``(…, 3, 3)``."""
    with torch.autocast(axis_angle.device.type, enabled=False):
        return roma.rotvec_to_rotmat(_full_precision(axis_angle))


def matrix_to_axis_angle(matrix: Tensor) -> Tensor:
    """``(…, 3, 3)`` to ``(…, 3)`` of length at most pi."""
    with torch.autocast(matrix.device.type, enabled=False):
        return roma.unitquat_to_rotvec(_matrix_to_quaternion(_full_precision(matrix)))


def _matrix_to_quaternion(matrix: Tensor) -> Tensor:
    """``(…, 3, 3)`` to unit quaternions ``(…, 4)``, real part last, from the largest of its four parts (Shepperd 1978).

    ``roma.rotmat_to_unitquat`` is the same, but spends a multiple of the time on indices.
    """
    (a, b, c), (d, e, f), (g, h, i) = (row.unbind(-1) for row in matrix.unbind(-2))
    x, y, z, xy, xz, yz, trace = h - f, c - g, d - b, b + d, c + g, f + h, a + e + i
    from_x, from_y, from_z = (1 + 2 * a - trace, xy, xz, x), (xy, 1 + 2 * e - trace, yz, y), (xz, yz, 1 + 2 * i - trace, z)
    largest, x_largest, y_largest = torch.maximum(torch.maximum(a, e), i), (a >= e) & (a >= i), e >= i
    parts = (torch.where(x_largest, by_x, torch.where(y_largest, by_y, by_z)) for by_x, by_y, by_z in zip(from_x, from_y, from_z))
    quaternion = torch.stack([torch.where(trace >= largest, by_w, part) for by_w, part in zip((x, y, z, 1 + trace), parts)], dim=-1)
    return quaternion / torch.linalg.vector_norm(quaternion, dim=-1, keepdim=True)


def matrix_to_rot6d(matrix: Tensor) -> Tensor:
    """``(…, 3, 3)`` to ``(…, 6)``: the first two rows."""
    return matrix[..., :2, :].flatten(-2)


def rot6d_to_matrix(rot6d: Tensor) -> Tensor:
    """``(…, 6)``, not necessarily orthonormal, to the rotation ``(…, 3, 3)`` that Gram-Schmidt makes of it."""
    with torch.autocast(rot6d.device.type, enabled=False):
        first, second = _full_precision(rot6d).unflatten(-1, (2, 3)).unbind(-2)
        first = F.normalize(first, dim=-1)
        second = F.normalize(second - (first * second).sum(-1, keepdim=True) * first, dim=-1)
        return torch.stack((first, second, torch.linalg.cross(first, second)), dim=-2)


def axis_angle_to_rot6d(axis_angle: Tensor) -> Tensor:
    """``(…, 3)`` to ``(…, 6)``."""
    return matrix_to_rot6d(axis_angle_to_matrix(axis_angle))


def rot6d_to_axis_angle(rot6d: Tensor) -> Tensor:
    """``(…, 6)`` to ``(…, 3)``."""
    return matrix_to_axis_angle(rot6d_to_matrix(rot6d))
