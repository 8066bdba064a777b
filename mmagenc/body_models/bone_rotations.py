"""World rotations of SMPL's joints from where a recording's bones point and from the recorded joints' own rotations.

T frames, 24 joints. See :mod:`.fitting` for the method.
"""

from typing import Collection, List, Mapping, Sequence, Tuple

import roma
import torch
from torch import Tensor

from mmagenc.skeletons import get_skeleton

from .rigs import SIDES

_SMPL = get_skeleton('smpl24')
PARENTS = tuple(_SMPL.parents)
ZERO_LENGTH = 1e-6  # Bones shorter than this, in metres, have no direction (End Sites at their parent).


def known_parent(joint: int, known: Sequence[int]) -> int:
    """Nearest ancestor among ``known``, or -1."""
    joint = PARENTS[joint]
    while joint >= 0 and joint not in known:
        joint = PARENTS[joint]
    return joint


def known_joints(joints: Tensor) -> List[int]:
    """Joints of ``(T, 24, 3)`` that are no NaN in any frame."""
    return [joint for joint in range(len(PARENTS)) if not joints[:, joint].isnan().any()]


def bone_pairs(joint: int, known: Sequence[int], rest_joints: Tensor, recorded: Tensor) -> List[Tuple[Tensor, Tensor]]:
    """Directions ``(3,)`` that leave ``joint`` in the rest body, and the same ``(T, 3)`` as recorded, of all bones that have a length."""
    return [(rest, seen) for rest, seen in zip(_directions(joint, known, rest_joints), _directions(joint, known, recorded))
            if seen.norm(dim=-1).min() > ZERO_LENGTH and rest.norm() > ZERO_LENGTH]


def _directions(joint: int, known: Sequence[int], joints: Tensor) -> List[Tensor]:
    """Vectors ``(…, 3)`` that leave ``joint``: to each known child, and one across each left/right pair of children."""
    children = [child for child in known if known_parent(child, known) == joint]
    names = {_SMPL.joint_names[child]: child for child in children}
    vectors = []
    for name, child in names.items():
        left, right = (names.get(name.replace(SIDES[name.startswith(SIDES[1])], side, 1)) for side in SIDES)
        if not name.startswith(SIDES) or left is None or right is None:
            vectors.append(joints[..., child, :] - joints[..., joint, :])
        elif child == left:
            vectors.append(joints[..., left, :] - joints[..., right, :])
    return vectors


def world_rotations(recorded: Tensor, own: Mapping[int, Tensor], rest_joints: Tensor, rigid: Collection[int] = ()) -> Tensor:
    """World rotation ``(T, 24, 3, 3)`` of each SMPL joint from positions ``(T, 24, 3)`` and the recorded joints' rotations ``own``.

    Joints of ``rigid`` turn as recorded wherever their bones point.
    """
    known = known_joints(recorded)
    result = torch.eye(3, dtype=torch.float64).repeat(len(recorded), len(PARENTS), 1, 1)
    for joint, parent in enumerate(PARENTS):
        if parent >= 0:
            result[:, joint] = result[:, parent]
        if joint not in known:
            continue
        if joint in rigid and joint in own:
            result[:, joint] = own[joint]
            continue
        pairs = bone_pairs(joint, known, rest_joints, recorded)
        if len(pairs) > 1:
            result[:, joint] = closest_rotation(pairs)
            continue
        if joint in own:
            result[:, joint] = own[joint]
        if pairs:
            rest, seen = pairs[0]
            result[:, joint] = shortest_arc(result[:, joint] @ rest, seen) @ result[:, joint]
    return result


def closest_rotation(pairs: Sequence[Tuple[Tensor, Tensor]]) -> Tensor:
    """``(T, 3, 3)`` rotations that bring the first directions ``(3,)`` closest to the second ``(T, 3)`` (least squares of unit vectors)."""
    outer = sum(unit_vector(seen)[:, :, None] * unit_vector(rest)[None, None, :] for rest, seen in pairs)
    return roma.special_procrustes(outer)


def shortest_arc(start: Tensor, stop: Tensor) -> Tensor:
    """Rotation ``(…, 3, 3)`` by the smallest angle that turns direction ``start`` ``(…, 3)`` to direction ``stop`` ``(…, 3)``.

    For opposite directions, where many do, one of them.
    """
    start, stop = torch.broadcast_tensors(unit_vector(start), unit_vector(stop))
    # The half turn about the middle direction after the half turn about start: no division by a sine, exact at 0 degrees.
    middle = start + stop
    least = torch.nn.functional.one_hot(start.abs().argmin(dim=-1), 3).to(start)
    aside = torch.linalg.cross(start, least)
    middle = unit_vector(torch.where(middle.norm(dim=-1, keepdim=True) > 1e-9, middle, aside))
    return _half_turn(middle) @ _half_turn(start)


def _half_turn(axis: Tensor) -> Tensor:
    return 2 * axis[..., :, None] * axis[..., None, :] - torch.eye(3, dtype=axis.dtype)


def unit_vector(vector: Tensor) -> Tensor:
    """Vectors ``(…, 3)`` of length 1."""
    return torch.nn.functional.normalize(vector, dim=-1, eps=1e-12)
