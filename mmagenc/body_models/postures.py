"""How a body holds itself over a clip, and the same movement in another posture.

T frames, V keypoints, C coordinates (3 or 2). A *posture* is the direction in which each bone points on the mean, in the person's own
frame; another posture adds a constant offset to each direction. Bones keep their lengths, bones of the trunk that leave one joint their
angles, and knees and elbows bend backwards no farther than they did. In NumPy, whose calls cost less than PyTorch's for one clip.
"""

from functools import lru_cache
from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch

from mmagenc.skeletons import Skeleton, get_skeleton
from mmagenc.skeletons.library import SkeletonLike
from mmagenc.skeletons.skeleton import ancestors

from .kinematics import forward_kinematics
from .orientation import AXES, UPS
from .rotations import axis_angle_to_matrix, matrix_to_axis_angle

MOST_SHIFT = 0.8
"""Longest offset of a direction, which is a unit vector: 53 degrees at most. Larger ones could turn a bone round within one frame."""
HEADING_FRAMES = 9
"""Frames that the person's heading is smoothed over."""
SHARPEST_FOLD = -0.9
"""Cosine of 154 degrees, by which two bones of a limb may be folded upon each other."""
PLAY = 0.02
"""Sine by which a hinge may bend backwards beyond what the clip shows: about a degree."""
_SHORT = 1e-9
_UPRIGHT = 0.7  # Mean cosine between the trunk and the vertical.
_NO_AXIS = 0.3  # Sine between an upper bone and the axis that its hinge is thought to have, below which it has another.


class _Hinges(NamedTuple):
    """A step of the walk down the limbs: lower bones, the bones before them, and how a hinge between bends about the body's left."""
    lower: np.ndarray
    upper: np.ndarray
    sign: Optional[np.ndarray]


class _Body(NamedTuple):
    """What of a layout postures need."""
    root: int
    parent: np.ndarray  # (V,) the root's being itself
    path: np.ndarray  # (V, V) 1 where the row's bone lies between the column's joint and the root
    trunk: np.ndarray  # (R,) bones of the trunk that leave a joint with others, by the joint at their other end
    owner: np.ndarray  # (R,) number of that joint
    members: np.ndarray  # (G, R) 1 where the row's joint is the column's owner
    limbs: List[_Hinges]
    sides: np.ndarray  # (V,) weights whose sum of positions points to the left
    upwards: np.ndarray  # (V,) weights whose sum of positions points from hips to shoulders


def _body(skeleton: SkeletonLike) -> _Body:
    return _table(get_skeleton(skeleton))


@lru_cache(maxsize=64)
def _table(skeleton: Skeleton) -> _Body:
    root, count = skeleton.root, skeleton.num_joints
    parent = np.array([root if above < 0 else above for above in skeleton.parents])
    path = np.zeros((count, count), dtype=np.float32)
    for joint in range(count):
        path[ancestors(skeleton.parents, joint)[:-1], joint] = 1
    groups = [ends for joint in skeleton.topological_order if len(ends := _trunk_bones(skeleton, joint)) > 1]
    owner = np.array([number for number, ends in enumerate(groups) for _ in ends], dtype=int)
    members = (owner == np.arange(len(groups))[:, None]).astype(np.float32)
    trunk = np.array([end for ends in groups for end in ends], dtype=int)
    return _Body(root, parent, path, trunk, owner, members, _limbs(skeleton), *_lines(skeleton))


def _is_hinge(name: str) -> bool:
    return 'knee' in name.lower() or 'elbow' in name.lower()


def _trunk_bones(skeleton: Skeleton, joint: int) -> List[int]:
    """Children of a joint whose bones do not belong to an arm or a leg."""
    if any(_is_hinge(skeleton.joint_names[above]) for above in ancestors(skeleton.parents, joint)):
        return []
    return [end for end, parent in enumerate(skeleton.parents) if parent == joint and not _is_hinge(skeleton.joint_names[end])]


def _limbs(skeleton: Skeleton) -> List[_Hinges]:
    """Forearms and shins first, then what hangs on them, level by level."""
    names, parents = skeleton.joint_names, skeleton.parents
    steps, uppers = [], [joint for joint, name in enumerate(names) if _is_hinge(name) and parents[joint] >= 0]
    while lowers := [joint for joint, parent in enumerate(parents) if parent in uppers]:
        before = [parents[joint] for joint in lowers]
        sign = None if steps else np.array([[1. if 'knee' in names[joint].lower() else -1.] for joint in before], dtype=np.float32)
        steps.append(_Hinges(np.array(lowers), np.array(before), sign))
        uppers = lowers
    return steps


def _lines(skeleton: Skeleton) -> Tuple[np.ndarray, np.ndarray]:
    parts = {part: [tuple(map(skeleton.index, pair)) for pair in skeleton.pairs if all(part in name.lower() for name in pair)]
             for part in ('hip', 'shoulder')}
    sides, upwards = np.zeros((2, skeleton.num_joints), dtype=np.float32)
    for left, right in [*parts['hip'], *parts['shoulder']] or [tuple(map(skeleton.index, pair)) for pair in skeleton.pairs]:
        sides[left] += 1
        sides[right] -= 1
    if all(parts.values()):
        for part, sign in (('hip', -1), ('shoulder', 1)):
            ends = [joint for pair in parts[part] for joint in pair]
            upwards[ends] = sign / len(ends)
    return sides, upwards


# Bones ----------------------------------------------------------------------------------------------------------------------------------


def bone_vectors(positions: np.ndarray, skeleton: SkeletonLike) -> np.ndarray:
    """``(…, V, C)`` positions to the vectors ``(…, V, C)`` from each keypoint's parent to it, zero at the root."""
    return positions - positions.take(_body(skeleton).parent, axis=-2)


def from_bone_vectors(bones: np.ndarray, root: np.ndarray, skeleton: SkeletonLike) -> np.ndarray:
    """The inverse of :func:`bone_vectors`; ``root`` is ``(…, C)``, the root's positions."""
    path = _body(skeleton).path.astype(bones.dtype, copy=False)
    columns = np.ascontiguousarray(bones.swapaxes(-1, -2))
    sums = (columns.reshape(-1, len(path)) @ path).reshape(columns.shape)
    return (sums + root[..., None]).swapaxes(-1, -2)


def bone_directions(positions: np.ndarray, skeleton: SkeletonLike) -> np.ndarray:
    """Unit vectors ``(…, V, C)`` of bones; zero at the root, and for bones without length."""
    return _unit(bone_vectors(positions, skeleton))


def _dot(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Products of vectors, ``(…, 1)``; for so short vectors sums of columns are the fastest way."""
    product = first * second
    total = product[..., 0] + product[..., 1]
    return (total if product.shape[-1] == 2 else total + product[..., 2])[..., None]


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.sqrt(np.maximum(_dot(vectors, vectors), _SHORT**2))


def _cross(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """As :func:`numpy.cross`, at a third of its price for one clip."""
    after, before = [1, 2, 0], [2, 0, 1]
    return first.take(after, -1) * second.take(before, -1) - first.take(before, -1) * second.take(after, -1)


_EYE = np.eye(3, dtype=np.float32)
_SKEW = np.array([[0, 0, 0, 0, 0, -1, 0, 1, 0], [0, 0, 1, 0, 0, 0, -1, 0, 0], [0, -1, 0, 1, 0, 0, 0, 0, 0]], dtype=np.float32)


def _skew(vectors: np.ndarray) -> np.ndarray:
    """``(…, 3, 3)`` whose product with a vector is the cross product."""
    return (vectors @ _SKEW).reshape(*vectors.shape, 3)


# The person's own frame -----------------------------------------------------------------------------------------------------------------


def posture_frames(positions: np.ndarray, skeleton: SkeletonLike, *, up: Optional[str] = 'y',
                   per_frame: bool = True) -> Optional[np.ndarray]:
    """Where the person faces in each frame of a clip, smoothed over :data:`HEADING_FRAMES`.

    Args:
        positions: ``(…, T, V, C)``.
        skeleton: their layout.
        up: axis that points up (``metainfo['up']``): frames turn about it with hips and shoulders, so that a person who leans leans in
            them. ``None``: the trunk is up, for people who lie or turn over, and where the vertical is not known; how the trunk itself is
            held is no part of the posture then.
        per_frame: ``False`` takes one frame for the whole clip.

    Returns:
        ndarray: rotations ``(…, T, 3, 3)`` (``T = 1`` for one of a clip) whose columns are left, up and forward; the identity for a layout
        without sides (or, with ``up=None``, without hips and shoulders). ``None`` in two dimensions: postures are in the image then.

    Raises:
        ValueError: an axis that there is not.
    """
    if up is not None and up not in AXES:
        raise ValueError(f'up must be one of {", ".join(AXES)} or None, got {up!r}')
    if positions.shape[-1] == 2:
        return None
    body = _body(skeleton)
    if not body.sides.any() or (up is None and not body.upwards.any()):
        shape = (*positions.shape[:-3], positions.shape[-3] if per_frame else 1, 3, 3)
        return np.broadcast_to(np.eye(3, dtype=positions.dtype), shape)
    side, above = body.sides @ positions, np.array(AXES[up or 'y'], dtype=positions.dtype)
    if up is None:
        above = _steady(body.upwards @ positions, per_frame, above)
        side = side if per_frame else side.mean(axis=-2, keepdims=True)
    side = _steady(side - _dot(side, np.broadcast_to(above, side.shape)) * above, per_frame, np.roll(above, 1, axis=-1))
    above = np.broadcast_to(above, side.shape)
    side = _unit(side - _dot(side, above) * above)
    return np.stack((side, above, _cross(side, above)), axis=-1)


def _steady(vectors: np.ndarray, per_frame: bool, usual: np.ndarray) -> np.ndarray:
    """Unit vectors of ``(…, T, 3)``, smoothed; where they have no length the clip's mean, or else ``usual``."""
    mean = vectors.mean(axis=-2, keepdims=True) + np.float32(1e-6) * usual
    if not per_frame:
        return _unit(mean)
    half = HEADING_FRAMES // 2
    padded = np.concatenate([*[vectors[..., :1, :]] * (half + 1), vectors, *[vectors[..., -1:, :]] * half], axis=-2)
    sums = padded.cumsum(axis=-2)
    return _unit(sums[..., HEADING_FRAMES:, :] - sums[..., :-HEADING_FRAMES, :] + np.float32(1e-2) * mean)


def find_up(clips: Sequence[np.ndarray], skeleton: SkeletonLike) -> Optional[str]:
    """The axis that points up where people stand, walk or sit: ``'y'``, ``'z'``, ``'-y'`` or ``'-z'``.

    Args:
        clips: ``(T, V, C)`` of each.
        skeleton: their layout.

    Returns:
        ``None`` where their trunks point along none of these on the mean (they lie, or turn over), in two dimensions, and for a layout
        without hips and shoulders.
    """
    upwards = _body(skeleton).upwards
    if not upwards.any() or clips[0].shape[-1] == 2:
        return None
    mean = np.mean([_unit(upwards @ clip).mean(axis=0) for clip in clips], axis=0)
    best = max(UPS, key=lambda axis: float(np.dot(mean, AXES[axis])))
    return best if np.dot(mean, AXES[best]) > _UPRIGHT else None


def mean_posture(positions: np.ndarray, skeleton: SkeletonLike, frames: Optional[np.ndarray],
                 seen: Optional[np.ndarray] = None) -> np.ndarray:
    """The mean direction of each bone over a clip, in the person's frame.

    Args:
        positions: ``(…, T, V, C)``.
        skeleton: their layout.
        frames: as :func:`posture_frames` gives them.
        seen: ``(…, T, V)``, true where a keypoint was seen; bones with an end that was not do not count.

    Returns:
        ndarray: ``(…, V, C)``, shorter than 1 the more a bone moves; zero for bones that were never seen.
    """
    local = _into(bone_directions(positions, skeleton), frames)
    if seen is None:
        return local.mean(axis=-3)
    both = (seen & seen.take(_body(skeleton).parent, axis=-1))[..., None].astype(local.dtype)
    return (local * both).sum(axis=-3) / np.maximum(both.sum(axis=-3), 1)


def _into(vectors: np.ndarray, frames: Optional[np.ndarray]) -> np.ndarray:
    return vectors if frames is None else vectors @ frames


def _out_of(vectors: np.ndarray, frames: Optional[np.ndarray]) -> np.ndarray:
    return vectors if frames is None else vectors @ frames.swapaxes(-1, -2)


# Other postures -------------------------------------------------------------------------------------------------------------------------


def capped_offsets(offsets: np.ndarray, most: float = MOST_SHIFT) -> np.ndarray:
    """Offsets ``(…, V, C)``, those longer than ``most`` shortened."""
    return offsets * np.minimum(1, most / np.sqrt(np.maximum(_dot(offsets, offsets), _SHORT**2))).astype(offsets.dtype)


def shift_posture(positions: np.ndarray,
                  offsets: np.ndarray,
                  skeleton: SkeletonLike,
                  *,
                  frames: Optional[np.ndarray] = None,
                  mean: Optional[np.ndarray] = None,
                  gain: Optional[np.ndarray] = None,
                  limits: bool = True) -> np.ndarray:
    """The movement of a clip in another posture.

    The direction ``d`` of a limb's bone becomes that of ``d + offset``, or with a gain ``g`` of ``m + g (d − m) + offset``, ``m`` being the
    clip's own mean; bones of the trunk turn together by the rotation that is nearest to their offsets. The root stays where it is, and each
    bone as long as it is in each frame.

    Args:
        positions: ``(…, T, V, C)``, finite.
        offsets: ``(…, V, C)`` in the person's frame, added to unit vectors; those longer than :data:`MOST_SHIFT` are shortened.
        skeleton: layout of the keypoints.
        frames: as :func:`posture_frames` gives them; ``None`` takes offsets as of the coordinates' own axes.
        mean: ``(…, V, C)`` the clip's posture as :func:`mean_posture` gives it, where these are frames of a longer clip.
        gain: ``(…, V)`` by how much limbs swing wider than they did; ``None`` is 1.
        limits: keep knees and elbows from bending backwards, and bones of a limb from folding upon each other, more than in the clip.

    Returns:
        ndarray: ``(…, T, V, C)``, of the type of ``positions``.
    """
    body, bones = _body(skeleton), bone_vectors(positions, skeleton)
    length = np.sqrt(_dot(bones, bones))
    old = bones / np.maximum(length, _SHORT)
    new = _shifted(old, positions, offsets, body, frames, mean, gain, limits)
    return from_bone_vectors(new * length, positions[..., body.root, :], skeleton)


def _shifted(old: np.ndarray, positions: np.ndarray, offsets: np.ndarray, body: _Body, frames: Optional[np.ndarray],
             mean: Optional[np.ndarray], gain: Optional[np.ndarray], limits: bool) -> np.ndarray:
    """Unit vectors of bones in the new posture, of those in the old one."""
    offsets = capped_offsets(np.asarray(offsets, dtype=old.dtype))
    new = old + _out_of(offsets[..., None, :, :], frames)
    if gain is not None:
        mean = _into(old, frames).mean(axis=-3) if mean is None else mean
        new += (np.asarray(gain, dtype=old.dtype)[..., None, :, None] - 1) * (old - _out_of(mean[..., None, :, :], frames))
    new = _unit(new)
    if len(body.trunk):
        local = _into(old.take(body.trunk, axis=-2), frames)
        usual = local.mean(axis=-3) if mean is None else mean.take(body.trunk, axis=-2)
        turns = _nearest_turns(usual, offsets.take(body.trunk, axis=-2), body)
        turned = local.swapaxes(-2, -3) @ turns.take(body.owner, axis=-3).swapaxes(-1, -2)
        new[..., body.trunk, :] = _out_of(turned.swapaxes(-2, -3), frames)
    if limits and body.limbs:
        _keep_within_limits(old, new, positions, body)
    return new


def _nearest_turns(directions: np.ndarray, offsets: np.ndarray, body: _Body) -> np.ndarray:
    """Rotations ``(…, G, C, C)`` that change directions ``(…, R, C)`` of the bones of G joints by nearly their offsets.

    By the vectors of least ``|turn × direction − offset|``; of several the smallest.
    """
    if directions.shape[-1] == 2:
        arm = (directions**2).sum(axis=-1) @ body.members.T
        angle = (_aside(directions) * offsets).sum(axis=-1) @ body.members.T / np.maximum(arm, _SHORT)
        cosine, sine = np.cos(angle), np.sin(angle)
        return np.stack((cosine, -sine, sine, cosine), axis=-1).reshape(*angle.shape, 2, 2)
    skew = _skew(directions)
    across = (skew.swapaxes(-1, -2) @ skew).reshape(*skew.shape[:-2], 9)
    matrix = (body.members @ across).reshape(*across.shape[:-2], -1, 3, 3) + np.float32(1e-3) * _EYE
    moment = body.members @ (skew @ offsets[..., None])[..., 0]
    half = _skew(np.linalg.solve(matrix, moment[..., None])[..., 0]) / 2
    return np.linalg.solve(_EYE - half, _EYE + half)  # Cayley's rotation: that of the vector but for 4 degrees in 45


def _keep_within_limits(old: np.ndarray, new: np.ndarray, positions: np.ndarray, body: _Body) -> None:
    """Turn lower bones in ``new`` back to where the clip or the body allows them, forearms and shins first."""
    flat = positions.shape[-1] == 2
    left = None if flat else _unit(body.sides @ positions)[..., None, :]
    for step in body.limbs:
        lower, upper, new_lower, new_upper = (value.take(bones, axis=-2) for value in (old, new) for bones in (step.lower, step.upper))
        if step.sign is not None and (flat or body.sides.any()):
            if flat:  # in an image a hinge bends to the side to which it does on the mean
                sign = np.where(_dot(lower, _aside(upper)).mean(axis=-3, keepdims=True) < 0, -1, 1).astype(lower.dtype)
                forward, new_forward = sign * _aside(upper), sign * _aside(new_upper)
            else:
                forward, new_forward = step.sign * _cross(left, upper), step.sign * _cross(left, new_upper)
            least = np.minimum(_dot(lower, forward).min(axis=-3, keepdims=True), 0) - np.float32(PLAY)
            new_lower = _no_bend_backwards(new_lower, new_forward, least)
        least = np.minimum(_dot(lower, upper).min(axis=-3, keepdims=True), np.float32(SHARPEST_FOLD))
        new[..., step.lower, :] = _with_component(new_lower, new_upper, least)


def _no_bend_backwards(lower: np.ndarray, forward: np.ndarray, least: np.ndarray) -> np.ndarray:
    """Lower bones whose product with the vectors along which their hinges bend is at least so much, where these are long enough."""
    size = np.sqrt(np.maximum(_dot(forward, forward), _SHORT**2))
    return _with_component(lower, forward / size, np.maximum((least - np.maximum(_NO_AXIS - size, 0)) / size, -1))


def _with_component(vectors: np.ndarray, axis: np.ndarray, least: np.ndarray) -> np.ndarray:
    """Unit vectors whose component along a unit axis is at least so much."""
    component = _dot(vectors, axis)
    short = component < least
    if not short.any():
        return vectors
    wanted = np.maximum(component, least)
    turned = wanted * axis + np.sqrt(np.maximum(1 - wanted**2, 0)) * _unit(vectors - component * axis)
    return np.where(short, _unit(turned), vectors)


def _aside(vectors: np.ndarray) -> np.ndarray:
    """Vectors of the image turned by a right angle."""
    return np.stack((-vectors[..., 1], vectors[..., 0]), axis=-1)


# The same as rotations ------------------------------------------------------------------------------------------------------------------


def _by_children(count: int) -> Tuple[List[int], ...]:
    """Joints of SMPL with no child and their parents, with one child and this, or with more and the first two."""
    parents = get_skeleton('smpl24').parents
    children = {joint: [end for end, parent in enumerate(parents) if parent == joint] for joint in range(len(parents))}
    rows = [(joint, *(ends[:2] or [parents[joint]])) for joint, ends in children.items() if min(len(ends), 2) == count]
    return tuple(map(list, zip(*rows)))


_NO_CHILD, _ONE_CHILD, _SEVERAL_CHILDREN = map(_by_children, range(3))


def shift_pose(pose: np.ndarray,
               offsets: np.ndarray,
               rest_joints: np.ndarray,
               *,
               up: Optional[str] = 'y',
               gain: Optional[np.ndarray] = None,
               limits: bool = True) -> np.ndarray:
    """:func:`shift_posture` of joint rotations: forward kinematics of the result give the shifted positions.

    Args:
        pose: ``(…, T, 24, 3)`` axis-angle of SMPL's joints.
        offsets: ``(…, 24, 3)`` of the bones of ``smpl24``.
        rest_joints: ``(24, 3)`` of the body.
        up, gain, limits: as :func:`posture_frames` and :func:`shift_posture` take them.

    Returns:
        ndarray: ``(…, T, 24, 3)``, of the type of ``pose``.
    """
    smpl = get_skeleton('smpl24')
    rotmat = axis_angle_to_matrix(torch.from_numpy(np.ascontiguousarray(pose)))
    joints = forward_kinematics(rotmat, torch.from_numpy(np.asarray(rest_joints)), smpl.parents).numpy()
    frames = posture_frames(joints, smpl, up=up)
    shifted = shift_rotations(rotmat.numpy(), offsets, rest_joints, frames=frames, gain=gain, limits=limits)
    return matrix_to_axis_angle(torch.from_numpy(shifted)).numpy().astype(pose.dtype, copy=False)


def shift_rotations(rotmat: np.ndarray,
                    offsets: np.ndarray,
                    rest_joints: np.ndarray,
                    *,
                    frames: Optional[np.ndarray] = None,
                    mean: Optional[np.ndarray] = None,
                    gain: Optional[np.ndarray] = None,
                    limits: bool = True) -> np.ndarray:
    """As :func:`shift_pose`, of matrices ``(…, T, 24, 3, 3)`` relative to the parents and with what :func:`shift_posture` takes."""
    smpl = get_skeleton('smpl24')
    rest = torch.from_numpy(np.asarray(rest_joints))
    joints, world = (value.numpy() for value in forward_kinematics(
        torch.from_numpy(np.ascontiguousarray(rotmat)), rest, smpl.parents, return_rotations=True))
    old = bone_directions(joints, smpl)
    new = _shifted(old, joints, offsets, _body(smpl), frames, mean, gain, limits)
    moved = _moved_rotations(world, rotmat, old, new)
    local = moved.take(_body(smpl).parent, axis=-3).swapaxes(-1, -2) @ moved
    local[..., smpl.root, :, :] = moved[..., smpl.root, :, :]
    return local


def _moved_rotations(world: np.ndarray, rotmat: np.ndarray, old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """World rotations ``(…, 24, 3, 3)`` after their bones have turned from old to new directions ``(…, 24, 3)``."""
    moved = world.copy()
    bearers, ends = _ONE_CHILD
    moved[..., bearers, :, :] = _shortest_turns(old[..., ends, :], new[..., ends, :]) @ world[..., bearers, :, :]
    bearers, ends, others = _SEVERAL_CHILDREN
    first, second = (_triads(value[..., ends, :], value[..., others, :]) for value in (old, new))
    moved[..., bearers, :, :] = second @ first.swapaxes(-1, -2) @ world[..., bearers, :, :]
    bearers, above = _NO_CHILD  # hands, feet and head go with what they hang on
    moved[..., bearers, :, :] = moved[..., above, :, :] @ rotmat[..., bearers, :, :]
    return moved


def _shortest_turns(start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Rotations ``(…, 3, 3)`` between unit vectors that are not opposite, as offsets below 1 never make them."""
    skew = _skew(_cross(start, stop))
    return _EYE + skew + skew @ skew / np.maximum(1 + _dot(start, stop), 1e-6)[..., None]


def _triads(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Right-handed axes ``(…, 3, 3)`` that two directions span."""
    third = _unit(_cross(first, second))
    return np.stack((first, _cross(third, first), third), axis=-1)
