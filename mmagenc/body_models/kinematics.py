"""Joint positions from joint rotations, without a mesh.

J joints, N poses. SMPL's 24 joints depend on pose and rest joints only (Loper et al. 2015, eq. 3 and 4): skinning moves vertices, not
joints, so that losses on joints need no mesh.
"""

import math
from functools import lru_cache
from typing import List, NamedTuple, Sequence, Tuple, Union

import torch
from torch import Tensor


class _Tree(NamedTuple):
    """Tables for the walk down a tree, level by level. Where only positions are asked for, joints without children are not walked."""
    order: Tensor  # (K,) joint at each place of the walk
    sizes: List[int]  # joints of each level
    above: List[Tensor]  # per level but the first: each joint's parent as a place in the level before
    place: Tensor  # (K,) the walked joints' places, by joint
    parent: Tensor  # (J,) each joint's parent, the root's being itself
    parent_place: Tensor  # (J,) that parent's place in the walk
    path: Tensor  # (J, J) 1 where the column's joint is the row's or above it


@lru_cache(maxsize=64)
def _tree(parents: Tuple[int, ...], leaves: bool, device: torch.device, dtype: torch.dtype) -> _Tree:
    levels = _levels(parents)
    root = levels[0][0]
    if not leaves:
        levels = [levels[0], *([joint for joint in level if joint in parents] for level in levels[1:])]
        levels = [level for level in levels if level]
    order = [joint for level in levels for joint in level]
    parent = [root if joint == root else parents[joint] for joint in range(len(parents))]
    path = [[0.] * len(parents) for _ in parents]
    for row, joint in enumerate(range(len(parents))):
        while joint >= 0:
            path[row][joint], joint = 1., parents[joint]
    with torch.inference_mode(False):  # the tables outlive this call and must serve training too

        def index(values: List[int]) -> Tensor:
            return torch.tensor(values, device=device)

        above = [index([upper.index(parents[joint]) for joint in level]) for upper, level in zip(levels, levels[1:])]
        return _Tree(index(order), [len(level) for level in levels], above, index([order.index(joint) for joint in sorted(order)]),
                     index(parent), index([order.index(joint) for joint in parent]), torch.tensor(path, device=device, dtype=dtype))


def _levels(parents: Tuple[int, ...]) -> List[List[int]]:
    """Joints by distance from the root."""
    levels = [[joint for joint, parent in enumerate(parents) if parent < 0]]
    while levels[-1]:
        levels.append([joint for joint, parent in enumerate(parents) if parent in levels[-1]])
    if len(levels[0]) != 1 or sum(map(len, levels)) != len(parents):
        raise ValueError(f'parents {parents} are no tree with one root (-1)')
    return levels[:-1]


def forward_kinematics(rotmat: Tensor,
                       rest_joints: Tensor,
                       parents: Sequence[int],
                       *,
                       return_rotations: bool = False) -> Union[Tensor, Tuple[Tensor, Tensor]]:
    """Pose a joint tree; one batched product a tree level, in float32 or better whatever autocast's type.

    Args:
        rotmat: ``(…, J, 3, 3)`` rotation of each joint relative to its parent.
        rest_joints: ``(J, 3)``, or ``(…, J, 3)`` that broadcasts against ``rotmat``'s batch, positions in rest pose, metres.
        parents: J parent indices, ``-1`` at the root; a parent may stand after its child.
        return_rotations: also return each joint's rotation relative to the world.

    Returns:
        Tensor: ``(…, J, 3)`` positions in metres, the root at its rest position; with ``return_rotations`` a pair with ``(…, J, 3, 3)``.

    Raises:
        ValueError: numbers of joints that differ, parents that are no tree.
    """
    parents = tuple(int(parent) for parent in parents)
    if not rotmat.shape[-3] == rest_joints.shape[-2] == len(parents):
        raise ValueError(f'rotmat has {rotmat.shape[-3]} joints, rest_joints {rest_joints.shape[-2]}, parents {len(parents)}')
    with torch.autocast(rotmat.device.type, enabled=False):
        rotmat = rotmat if rotmat.dtype == torch.float64 else rotmat.float()
        tree = _tree(parents, return_rotations, rotmat.device, rotmat.dtype)
        batch, joints = torch.broadcast_shapes(rotmat.shape[:-3], rest_joints.shape[:-2]), len(parents)
        rotmat = rotmat.expand(*batch, joints, 3, 3).reshape(math.prod(batch), joints, 9)
        world = _world_rotations(rotmat.permute(2, 1, 0).unflatten(0, (3, 3)), tree)
        rest = rest_joints.to(rotmat)
        rest = rest.expand(*batch, joints, 3).reshape(math.prod(batch), joints, 3) if rest.dim() > 2 else rest[None]
        positions = _positions(world, rest.permute(2, 1, 0), parents, tree).permute(2, 1, 0).reshape(*batch, joints, 3)
        if not return_rotations:
            return positions
        return positions, world.index_select(2, tree.place).permute(3, 2, 0, 1).reshape(*batch, joints, 3, 3)


def _world_rotations(rotmat: Tensor, tree: _Tree) -> Tensor:
    """Rotations relative to the parent ``(3, 3, J, N)`` to rotations relative to the world ``(3, 3, K, N)``, in the walk's order.

    The matrix axes stand first and the product is written out, because the batched product of libraries is slow on millions of 3 x 3.
    """
    levels = rotmat.index_select(2, tree.order).split(tree.sizes, dim=2)
    world = [levels[0]]
    for level, above in zip(levels[1:], tree.above):
        parent = world[-1].index_select(2, above)
        world.append((parent.unsqueeze(2) * level.unsqueeze(0)).sum(1))
    return torch.cat(world, dim=2)


def _positions(world: Tensor, rest: Tensor, parents: Tuple[int, ...], tree: _Tree) -> Tensor:
    """``(3, J, N)`` positions, from world rotations and rest positions ``(3, J, 1 or N)``: sums of turned bones along each joint's path."""
    bone = rest - rest.index_select(1, tree.parent)
    turned = (world.index_select(2, tree.parent_place) * bone).sum(1)
    root = parents.index(-1)
    return torch.matmul(tree.path, turned) + rest[:, root:root + 1]
