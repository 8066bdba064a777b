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
        return roma.rotmat_to_rotvec(_full_precision(matrix))


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
