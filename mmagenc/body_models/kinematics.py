"""Joint positions from joint rotations, without a mesh.

J joints. SMPL's 24 joints depend on pose and rest joints only (Loper et al. 2015, eq. 3 and 4): skinning moves vertices, not joints.
"""

from functools import lru_cache
from typing import List, Sequence, Tuple, Union

import torch
from torch import Tensor


@lru_cache(maxsize=32)
def tree_levels(parents: Tuple[int, ...]) -> List[List[int]]:
    """Joint indices by distance from the root."""
    levels = [[joint for joint, parent in enumerate(parents) if parent < 0]]
    while levels[-1]:
        levels.append([joint for joint, parent in enumerate(parents) if parent in levels[-1]])
    return levels[:-1]


def forward_kinematics(rotmat: Tensor,
                       rest_joints: Tensor,
                       parents: Sequence[int],
                       *,
                       return_rotations: bool = False) -> Union[Tensor, Tuple[Tensor, Tensor]]:
    """Pose a joint tree; one batched product a tree level.

    Args:
        rotmat: ``(…, J, 3, 3)`` rotation of each joint relative to its parent.
        rest_joints: ``(J, 3)`` or ``(…, J, 3)`` positions in rest pose, metres.
        parents: J parent indices, ``-1`` at the root.
        return_rotations: also return each joint's rotation relative to the world.

    Returns:
        Tensor: ``(…, J, 3)`` positions in metres, the root at its rest position; with ``return_rotations`` a pair with ``(…, J, 3, 3)``.

    Raises:
        ValueError: numbers of joints that differ.
    """
    parents = tuple(int(parent) for parent in parents)
    if not rotmat.shape[-3] == rest_joints.shape[-2] == len(parents):
        raise ValueError(f'rotmat has {rotmat.shape[-3]} joints, rest_joints {rest_joints.shape[-2]}, parents {len(parents)}')
    with torch.autocast(rotmat.device.type, enabled=False):
        rotmat = rotmat if rotmat.dtype == torch.float64 else rotmat.float()
        rest_joints = rest_joints.to(rotmat)
        levels = tree_levels(parents)
        order = [joint for level in levels for joint in level]
        place = {joint: position for position, joint in enumerate(order)}
        above = [0] + [place[parents[joint]] for joint in order[1:]]
        offset = rest_joints[..., order, :] - rest_joints[..., [max(parents[joint], 0) for joint in order], :]
        rotations, positions = _walk(rotmat[..., order, :, :], rest_joints[..., order[:1], :], offset, levels, above)
        inverse = [place[joint] for joint in range(len(order))]
        positions = positions[..., inverse, :]
        return (positions, rotations[..., inverse, :, :]) if return_rotations else positions


def _walk(rotmat: Tensor, root: Tensor, offset: Tensor, levels: List[List[int]], above: List[int]) -> Tuple[Tensor, Tensor]:
    """Global rotations and positions of joints stored level by level."""
    batch = rotmat.shape[:-3]
    rotations, positions, begin, previous = [rotmat[..., :1, :, :]], [root.expand(*batch, 1, 3)], 1, 0
    for level in levels[1:]:
        end = begin + len(level)
        parent = [index - previous for index in above[begin:end]]
        parent_rotation = rotations[-1][..., parent, :, :]
        step = (parent_rotation * offset[..., begin:end, None, :]).sum(-1)
        positions.append(positions[-1][..., parent, :] + step)
        rotations.append(parent_rotation @ rotmat[..., begin:end, :, :])
        previous, begin = begin, end
    return torch.cat(rotations, dim=-3), torch.cat(positions, dim=-2)
