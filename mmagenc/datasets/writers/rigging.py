"""Bones that turn, for formats of animation: as the clip's rotations say, or fitted to where its bones point.

T frames, V joints. A rig is the same for all clips of a file: its rest pose holds each joint at one place from its parent.

Rotations that are fitted have no twist of their own: a joint with one bone turns the shortest way from where its parent takes it, one with
several to the rotation closest to all of them (Kabsch 1976), a tip with its parent. A recording's bones do not keep their lengths, and hips
and shoulders not their shape, so that places are met on the mean only; :attr:`Rigged.error` says how well.
"""

from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

import numpy as np
import roma
import torch
from torch import Tensor

from mmagenc.body_models import InfantBody, forward_kinematics
from mmagenc.body_models.bone_rotations import shortest_arc, unit_vector
from mmagenc.body_models.landmarks import body_landmarks
from mmagenc.body_models.rotations import axis_angle_to_matrix
from mmagenc.datasets.readers.upright import to_y_up
from mmagenc.skeletons import Skeleton

from .registry import ExportClip

ROUNDS = 3
"""How often offsets and rotations are fitted to each other."""
_PRIOR = 1e-3
"""Weight of the parent's rotation where the bones of a joint leave a turn open, as two along one line do."""
MOST_REACH = 0.3
"""Lengths of a bone by which it leans off the recorded one: short bones, as those of a face, would tumble."""
_ONE_LINE = 0.3
"""Second singular value of unit vectors that lie along one line."""
SMALL = 1e-4
"""Metres of error that need not be told."""


@dataclass(frozen=True)
class Rigged:
    """One person of a clip as turning bones.

    Args:
        rotmat: ``(T, V, 3, 3)`` rotation of each joint relative to its parent, the root's relative to the world.
        root: ``(T, 3)`` where the root is, metres.
        world: ``(T, V, 3, 3)`` rotation of each joint relative to the world.
        places: ``(T, V, 3)`` where the clip has its joints, metres.
        error: ``(T, V)`` metres from there to where the rig has them.
    """
    rotmat: np.ndarray
    root: np.ndarray
    world: np.ndarray
    places: np.ndarray
    error: np.ndarray


@dataclass(frozen=True)
class Rig:
    """Clips of one layout as turning bones.

    Args:
        skeleton: the layout.
        offsets: ``(V, 3)`` of each joint from its parent in rest, metres; of the root from the origin.
        motions: one a clip and person, in order.
        fitted: whether the rotations are fitted.
        notes: what was assumed, one phrase each.
    """
    skeleton: Skeleton
    offsets: np.ndarray
    motions: Tuple[Rigged, ...]
    fitted: bool
    notes: Tuple[str, ...]

    @property
    def rest(self) -> np.ndarray:
        """``(V, 3)`` joints of the rest pose."""
        return rest_places(self.offsets, self.skeleton)


def rig_of(clips: Sequence[ExportClip], *, rest_joints: Optional[np.ndarray] = None) -> Rig:
    """The rig of clips of one person each.

    Args:
        clips: without gaps, of one layout; rotations are fitted where not all have some.
        rest_joints: ``(V, 3)`` rest pose of a body whose bones the rig has, in the clips' axes; default the mean of the clips' bones.
    """
    places = [torch.from_numpy(clip.keypoint[0]).double() for clip in clips]
    known, skeleton = all(clip.has_rotations for clip in clips), clips[0].skeleton
    turn = torch.eye(3, dtype=torch.float64) if clips[0].up is None else torch.from_numpy(to_y_up(clips[0].up).T.copy()).double()
    if known:
        local = [_local_rotations(clip, turn) for clip in clips]
        world = [_world_rotations(rotmat, skeleton) for rotmat in local]
        body = None if rest_joints is None else torch.from_numpy(rest_joints).double()
        offsets = mean_offsets(places, world, skeleton) if body is None else _offsets(body, skeleton)
        notes: Tuple[str, ...] = ()
    else:
        rest, note = _rest_pose(skeleton, places, turn)
        offsets, world = _fit(places, _offsets(rest, skeleton), skeleton)
        local = [_relative(rotations, skeleton) for rotations in world]
        notes = (note, )
    motions = tuple(_rigged(*parts, offsets, skeleton) for parts in zip(local, world, places))
    return Rig(skeleton, offsets.numpy(), motions, not known, (*notes, *_error_note(motions, known)))


def _error_note(motions: Sequence[Rigged], known: bool) -> List[str]:
    error = np.concatenate([motion.error.reshape(-1) for motion in motions])
    if known and error.max() < SMALL:
        return []
    whose = 'the rotations and bones of the clips' if known else 'bones of one length'
    return [f'{whose} put joints {1000 * error.mean():.1f} mm from their places on the mean, {1000 * error.max():.1f} mm at most']


def _local_rotations(clip: ExportClip, turn: Tensor) -> Tensor:
    """``(T, V, 3, 3)`` in axes in which the rest pose stands along the clip's axis that points up.

    A clip's rotations are those of a body whose rest pose stands along y, wherever up is in its world.
    """
    rotmat = axis_angle_to_matrix(torch.from_numpy(clip.pose[0]).double())
    inner = turn @ rotmat @ turn.T
    inner[:, clip.skeleton.root] = rotmat[:, clip.skeleton.root] @ turn.T
    return inner


def _world_rotations(local: Tensor, skeleton: Skeleton) -> Tensor:
    """``(T, V, 3, 3)`` relative to the world."""
    return forward_kinematics(local, torch.zeros(skeleton.num_joints, 3).double(), skeleton.parents, return_rotations=True)[1]


def _relative(world: Tensor, skeleton: Skeleton) -> Tensor:
    """World rotations ``(T, V, 3, 3)`` relative to those of the parents."""
    local = world.clone()
    for joint, parent in skeleton.edges:
        local[:, joint] = world[:, parent].mT @ world[:, joint]
    return local


def _offsets(rest: Tensor, skeleton: Skeleton) -> Tensor:
    """``(V, 3)`` of each joint from its parent."""
    offsets = rest.clone()
    for joint, parent in skeleton.edges:
        offsets[joint] = rest[joint] - rest[parent]
    return offsets


def local_bones(places: Tensor, world: Tensor, skeleton: Skeleton) -> Tensor:
    """``(T, V, 3)`` of each joint from its parent, in the parent's axes; of the root its place."""
    bones = places.clone()
    for joint, parent in skeleton.edges:
        bones[:, joint] = (world[:, parent].mT @ (places[:, joint] - places[:, parent])[..., None]).squeeze(-1)
    return bones


def mean_offsets(places: Sequence[Tensor], world: Sequence[Tensor], skeleton: Skeleton) -> Tensor:
    """``(V, 3)`` of each joint from its parent, in the parent's axes, on the mean of all frames; the root's is zero."""
    offsets = torch.cat([local_bones(*parts, skeleton) for parts in zip(places, world)]).mean(dim=0)
    offsets[skeleton.root] = 0
    return offsets


def _rest_pose(skeleton: Skeleton, places: Sequence[Tensor], turn: Tensor) -> Tuple[Tensor, str]:
    """``(V, 3)`` of a person who stands upright, by what the joints are named, and where that is from."""
    body = InfantBody()
    try:
        joints, vertices = body.rest_joints().numpy(), body.template.numpy()
        rest = body_landmarks(body, skeleton).positions(joints[None], vertices[None])[0]
    except ValueError:
        return places[0][0], f'the joints of layout {skeleton.name} are not known by name: its rest pose is the first frame'
    return torch.from_numpy(rest).double() @ turn.T, 'rotations are fitted to where bones point; they have no twist of their own'


def _fit(places: Sequence[Tensor], offsets: Tensor, skeleton: Skeleton) -> Tuple[Tensor, List[Tensor]]:
    """Offsets ``(V, 3)`` and world rotations, a ``(T, V, 3, 3)`` a clip."""
    for _ in range(ROUNDS):
        world = [fitted_rotations(part, offsets, skeleton, reach=False) for part in places]
        offsets = mean_offsets(places, world, skeleton)
    return offsets, [fitted_rotations(part, offsets, skeleton) for part in places]


def fitted_rotations(places: Tensor, offsets: Tensor, skeleton: Skeleton, *, reach: bool = True) -> Tensor:
    """World rotations ``(T, V, 3, 3)`` that turn the bones ``offsets`` ``(V, 3)`` to where ``places`` ``(T, V, 3)`` have them.

    Args:
        places: of the joints.
        offsets: of each joint from its parent.
        skeleton: of both.
        reach: bones lean toward where their own end belongs from where the bones before them end, so that errors add up less down a limb;
            else they lie along the recorded ones.
    """
    result = torch.eye(3, dtype=places.dtype).repeat(len(places), skeleton.num_joints, 1, 1)
    ends = places.clone()
    for joint in skeleton.topological_order:
        parent = skeleton.parents[joint]
        if parent >= 0:
            result[:, joint] = result[:, parent]
            ends[:, joint] = ends[:, parent] + result[:, parent] @ offsets[joint]
        children = [child for child, other in skeleton.edges if other == joint and offsets[child].norm() > SMALL]
        off = places[:, joint] - ends[:, joint] if reach else torch.zeros_like(places[:, joint])
        bones = [(offsets[child], places[:, child] - places[:, joint] + _at_most(off, MOST_REACH * offsets[child].norm()))
                 for child in children]
        if parent < 0 and _along_one_line([rest for rest, _ in bones]):
            bones += _across(places, offsets, skeleton)
        if bones:
            result[:, joint] = _turned(result[:, joint], bones)
    return result


def _at_most(vectors: Tensor, length: Tensor) -> Tensor:
    """Vectors ``(T, 3)``, shortened where they are longer than ``length``."""
    return vectors * (length / vectors.norm(dim=-1, keepdim=True).clamp(min=1e-9)).clamp(max=1)


def _turned(above: Tensor, bones: Sequence[Tuple[Tensor, Tensor]]) -> Tensor:
    """Rotations ``(T, 3, 3)`` that bring bones ``(3,)`` to ``(T, 3)``, as near to ``above`` as these leave it."""
    if len(bones) == 1:
        rest, seen = bones[0]
        return shortest_arc(above @ rest, seen) @ above
    outer = sum(unit_vector(seen)[:, :, None] * unit_vector(rest)[None, None] for rest, seen in bones)
    return roma.special_procrustes(outer + _PRIOR * above)


def _along_one_line(bones: Sequence[Tensor]) -> bool:
    return len(bones) < 2 or bool(torch.linalg.svdvals(unit_vector(torch.stack(list(bones))))[1] < _ONE_LINE)


def _across(places: Tensor, offsets: Tensor, skeleton: Skeleton) -> List[Tuple[Tensor, Tensor]]:
    """The line from right to left of the pair of joints nearest the root, at rest and over time, by which it is known how the body is
    turned about its trunk."""
    level = {joint: number for number, level in enumerate(skeleton.levels) for joint in level}
    pairs = sorted((tuple(map(skeleton.index, pair)) for pair in skeleton.pairs), key=lambda pair: level[pair[0]] + level[pair[1]])
    rest = rest_places(offsets, skeleton)
    return [(rest[left] - rest[right], places[:, left] - places[:, right]) for left, right in pairs[:1]]


def rest_places(offsets, skeleton: Skeleton):
    """``(V, 3)`` joints of the rest pose, of the offsets of each from its parent: tensor or array, as these are."""
    rest = offsets.clone() if isinstance(offsets, Tensor) else offsets.copy()
    for joint in skeleton.topological_order[1:]:
        rest[joint] += rest[skeleton.parents[joint]]
    return rest


def _rigged(local: Tensor, world: Tensor, places: Tensor, offsets: Tensor, skeleton: Skeleton) -> Rigged:
    root = places[:, skeleton.root]
    rest = rest_places(offsets, skeleton)
    joints = forward_kinematics(local, rest - rest[skeleton.root], skeleton.parents) + root[:, None]
    return Rigged(local.numpy(), root.numpy(), world.numpy(), places.numpy(), (joints - places).norm(dim=-1).numpy())
