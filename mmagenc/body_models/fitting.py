"""SMPL poses from recorded motion of any rig, in closed form.

T frames, R joints of the rig, 24 joints of SMPL.

Root first, the world rotation of every SMPL joint is found from what the recording says about the bones that leave it:

- two or more directions (pelvis, chest): the rotation closest to all of them (Kabsch 1976). A left/right pair of children counts as one
  direction, from right to left, which does not depend on how wide or low the hips and shoulders of the two bodies are;
- one direction (limbs, spine, neck): the recorded joint's own rotation, carried over by a fixed change of axes, then turned the shortest
  way until the bone lies exactly along the recorded one. The recorded rotation says how the bone is twisted about itself, which positions
  cannot, and follows the recording without flips where a bending plane would lose its sense in a straight limb. Where the rig's axes are
  not known, the bone is turned the shortest way from where its parent alone would take it;
- none (head, hands, toes): the recorded joint's rotation, or none relative to the parent where the rig's axes are not known.

SMPL joints without a counterpart in the rig do not turn against their parents. Recordings of SMPL's own joints, standing as SMPL's rest
pose does, hold SMPL's rotations: these are copied.

What is not said in a file is found or assumed: the axes of the joints (:mod:`.joint_axes`), the axis that points up
(:mod:`.orientation`), the unit of length (:mod:`.units`). :class:`Assumed` says what was taken and what is doubtful about it.
"""

from dataclasses import dataclass, field
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

import roma
import torch
from torch import Tensor

from mmagenc.skeletons import get_skeleton

from .bone_rotations import PARENTS, ZERO_LENGTH, known_joints, known_parent, unit_vector, world_rotations
from .joint_axes import axes_from_motion, axes_from_rest
from .kinematics import forward_kinematics
from .orientation import JOINT, UPS, Gravity, find_up, rest_frame, upright
from .rigs import UNITS, Rig
from .units import ADULT_LEG, Unit, find_unit, leg_length

_SMPL = get_skeleton('smpl24')
_FEET = [joint for joint, name in enumerate(_SMPL.joint_names) if name.endswith(('ankle', 'foot'))]
_TOE_HEIGHT = 0.03  # Toe joint of a standing adult above the floor, metres.
_FLOOR = (-0.2, 0.45)  # Heights of the lowest joint, in lengths of the leg, between which a recording has its floor at zero.
_SMPL_REST = 25.  # Degrees by which limbs may differ from SMPL's rest pose in recordings of SMPL's rotations.


@dataclass(frozen=True)
class Assumed:
    """What a fit took for granted where a recording does not say it.

    Args:
        rig: name of the rig.
        axes: where the axes of the joints are from.
        unit: metres per unit of length, and where that is from.
        legs: length of the recorded legs in metres.
        up: the axis that points up, and where that is from.
        floor: height in metres, as recorded, of the lowest joint, where that is no floor and the clip was put on one.
        doubts: what speaks against any of it, by the name of what is doubtful: ``up``, ``unit``, ``axes``.
    """
    rig: str
    axes: str
    unit: Unit
    legs: float
    up: Gravity
    floor: Optional[float] = None
    doubts: Mapping[str, str] = field(default_factory=dict)

    def words(self) -> str:
        """One line for people, without the length of the legs."""
        names = {value: name for name, value in UNITS.items()}
        unit = names.get(self.unit.metres, f'{self.unit.metres:.4g} m')
        return (f"rig {self.rig} (joints' axes: {self.axes}), unit {unit} ({self.unit.how}), "
                f'up {self.up.up} ({self.up.how})')


@dataclass(frozen=True)
class MotionFit:
    """A fitted clip.

    Args:
        pose: ``(T, 24, 3)`` axis-angle, root first, radians.
        transl: ``(T, 3)`` metres; the pelvis is at its rest position plus this.
        keypoint: ``(T, 24, 3)`` joints of the body in that pose at that place, metres, y up, floor at zero as in the recording.
        recorded: ``(T, 24, 3)`` recorded positions of the joints in metres of the recording, y up; NaN where the rig has no such joint.
        recorded_rotations: ``(T, 24, 3, 3)`` world rotations of the same joints in the body's axes, NaN where not known.
        scale: metres of ``transl`` per recorded metre.
        lift: constant height in metres that was added to the scaled path, so that the feet stay on the floor.
        assumed: what was taken for granted.
    """
    pose: Tensor
    transl: Tensor
    keypoint: Tensor
    recorded: Tensor
    recorded_rotations: Tensor
    scale: float
    lift: float
    assumed: Assumed

    def bone_angles(self) -> Dict[str, Tensor]:
        """Angle in degrees ``(T,)`` between fitted and recorded bone, by ``parent>child`` for all pairs of recorded joints."""
        known = known_joints(self.recorded)
        angles = {}
        for child in known:
            parent = known_parent(child, known)
            if parent < 0:
                continue
            fitted, recorded = (value[:, child] - value[:, parent] for value in (self.keypoint.double(), self.recorded.double()))
            if recorded.norm(dim=-1).min() > ZERO_LENGTH:
                angles[f'{_SMPL.joint_names[parent]}>{_SMPL.joint_names[child]}'] = _angle(fitted, recorded)
        return angles

    def turns(self) -> Tensor:
        """``(T - 1, 24)`` degrees that each joint turns against its parent from frame to frame."""
        return rotation_steps(roma.rotvec_to_rotmat(self.pose.double()))

    def flips(self, threshold: float = 30.) -> int:
        """How often a joint turns in the world by ``threshold`` degrees more from one frame to the next than the recorded joint does."""
        local = roma.rotvec_to_rotmat(self.pose.double())
        _, world = forward_kinematics(local, local.new_zeros(len(PARENTS), 3), PARENTS, return_rotations=True)
        known = [joint for joint in range(len(PARENTS)) if not self.recorded_rotations[:, joint].isnan().any()]
        excess = rotation_steps(world[:, known]) - rotation_steps(self.recorded_rotations[:, known].double())
        return int((excess > threshold).sum())

    def path_error(self) -> Tensor:
        """``(T,)`` metres of the recording between the recorded pelvis and the fitted one with scale and lift undone."""
        lift = torch.tensor([0., self.lift, 0.], dtype=torch.float64)
        return ((self.keypoint[:, 0].double() - lift) / self.scale - self.recorded[:, 0].double()).norm(dim=-1)

    def heading_error(self) -> Tensor:
        """``(T,)`` degrees, seen from above, between the recorded line through the hips and the fitted one."""
        across = [value[:, 1].double() - value[:, 2].double() for value in (self.keypoint, self.recorded)]
        return _angle(*(torch.stack((line[:, 0], line[:, 2]), dim=-1) for line in across))


def rotation_steps(rotations: Tensor) -> Tensor:
    """Degrees between consecutive rotations: ``(T, …, 3, 3)`` to ``(T - 1, …)``."""
    return torch.rad2deg(roma.rotmat_geodesic_distance(rotations[1:], rotations[:-1]))


def fit_motion(positions: Tensor,
               rotations: Tensor,
               names: Sequence[str],
               *,
               rig: Rig,
               rest_joints: Tensor,
               rest_positions: Optional[Tensor] = None,
               unit: Optional[float] = None,
               scale: Optional[float] = None,
               up: Optional[str] = None) -> MotionFit:
    """Fit SMPL poses to a recording.

    Args:
        positions: ``(T, R, 3)`` world positions of the rig's joints, in the recording's unit.
        rotations: ``(T, R, 3, 3)`` world rotations of the rig's joints, NaN where they are not known.
        names: R joint names.
        rig: what the joints are.
        rest_joints: ``(24, 3)`` joints of the body to pose, from :meth:`BodyModel.rest_joints`.
        rest_positions: ``(R, 3)`` positions with every channel at zero; needed by rigs with ``rest``.
        unit: metres per unit of length; default the rig's where it makes legs of a person, else guessed from the length of the legs.
        scale: metres of the result per recorded metre of path; default the ratio of the leg lengths: a small body makes small steps.
        up: axis of the recording's world that points up; default the rig's, else found from feet, head and motion.

    Raises:
        ValueError: joints that are missing, a unit that cannot be guessed, sizes that disagree, an ``up`` that is no axis.
    """
    found = rig.find(names)
    rotations, positions = (torch.as_tensor(value, dtype=torch.float64) for value in (rotations, positions))
    rest_joints = torch.as_tensor(rest_joints, dtype=torch.float64)
    if rotations.shape[:2] != (*positions.shape[:1], len(names)) or rest_joints.shape != (len(PARENTS), 3):
        raise ValueError(f'positions {tuple(positions.shape)}, rotations {tuple(rotations.shape)}, rest_joints {tuple(rest_joints.shape)} '
                         f'and {len(names)} names do not belong together')
    if rig.rest and rest_positions is None:
        raise ValueError(f'rig {rig.name} has rest: {rig.rest}, so the positions with all channels at zero are needed')
    recorded = _select(positions, found)
    length = find_unit(recorded, given=unit, usual=rig.unit)
    rest = None if rest_positions is None else _select(torch.as_tensor(rest_positions, dtype=torch.float64), found) * length.metres
    frame, no_person = (None, '') if rest is None else rest_frame(rest)
    gravity = _gravity(up or rig.up, recorded * length.metres, frame)
    world = upright(gravity.up, rig.forward if gravity.up == rig.up else None)
    recorded = recorded @ world.T * length.metres
    turns = {joint: world @ rotations[:, index] for joint, index in found.items()}
    unseen: List[str] = []
    copied = rig.rest == 'smpl' and frame is not None and _is_smpl(rest @ frame.T, rest_joints)
    if copied:
        own, axes = {joint: turn @ frame.T for joint, turn in turns.items()}, "SMPL's, rotations copied"
        turned = _copied_rotations(own, len(recorded))
    else:
        change, axes, unseen, rigid = _axes(rig, rest, frame, recorded, turns, rest_joints)
        own = {joint: turns[joint] @ change[joint] for joint in found if joint in change}
        turned = world_rotations(recorded, own, rest_joints, rigid)
    scale = scale or leg_length(rest_joints) / leg_length(recorded)
    floor, sunk = _floor(recorded, [joint for joint in _FEET if joint in found])
    pose, transl, joints, lift = _place(turned, recorded[:, 0] * scale, rest_joints, [joint for joint in _FEET if joint in found],
                                        floor=floor * scale)
    recorded_rotations = turned.new_full(turned.shape, float('nan'))
    for joint, rotation in own.items():
        recorded_rotations[:, joint] = rotation
    doubts = {'unit': length.doubt, 'up': gravity.doubt,
              'axes': f'read off the motion, in which {", ".join(unseen)} never bend{"s" * (len(unseen) == 1)}: twists of '
              f'{"its" if len(unseen) == 1 else "their"} limbs are assumed' if unseen else ''}
    if no_person and axes == 'the motion':
        axes += f', since in the rest pose {no_person}'
    assumed = Assumed(rig.name, axes, length, leg_length(recorded), gravity, sunk, {name: text for name, text in doubts.items() if text})
    return MotionFit(pose, transl, joints, recorded.float(), recorded_rotations.float(), scale, lift, assumed)


def _gravity(named: Optional[str], joints: Tensor, frame: Optional[Tensor]) -> Gravity:
    if named is not None:
        return Gravity(named, 'as named')
    usual, why = 'y', 'the usual axis'
    if frame is not None:
        nearest = max(UPS, key=lambda axis: float(frame[1] @ upright(axis)[1]))
        if float(frame[1] @ upright(nearest)[1]) > 0.9:
            usual, why = nearest, 'the rest pose'
    return find_up(joints, usual, why)


def _is_smpl(rest: Tensor, rest_joints: Tensor) -> bool:
    """Whether a skeleton has SMPL's spine, and limbs that point where SMPL's do when nothing is turned."""
    if rest[[JOINT[joint] for joint in ('spine1', 'spine2', 'spine3', 'neck', 'left_collar', 'right_collar')]].isnan().any():
        return False
    for side in ('left_', 'right_'):
        for start, stop in (('shoulder', 'elbow'), ('elbow', 'wrist'), ('hip', 'knee'), ('knee', 'ankle')):
            first, second = (joints[JOINT[side + stop]] - joints[JOINT[side + start]] for joints in (rest, rest_joints))
            if float(_angle(first, second)) > _SMPL_REST:
                return False
    return True


def _copied_rotations(own: Mapping[int, Tensor], frames: int) -> Tensor:
    """World rotations ``(T, 24, 3, 3)`` that are SMPL's already; joints that the recording lacks do not turn against their parents."""
    result = torch.eye(3, dtype=torch.float64).repeat(frames, len(PARENTS), 1, 1)
    for joint, parent in enumerate(PARENTS):
        result[:, joint] = own[joint] if joint in own else result[:, parent]
    return result


def _axes(rig: Rig, rest: Optional[Tensor], frame: Optional[Tensor], recorded: Tensor, turns: Mapping[int, Tensor],
          rest_joints: Tensor) -> Tuple[Dict[int, Tensor], str, List[str], List[int]]:
    """Per SMPL joint the rotation ``(3, 3)`` from the body's rest axes to the recorded joint's own axes, where that is from, the
    hinges about which nothing is known, and the joints that turn as recorded wherever their bones point."""
    if rig.axes and not rig.rest:
        return rig.joint_axes(), 'the rig file', [], []
    if frame is not None and rig.rest:
        axes, rigid = axes_from_rest(rest, frame, rest_joints)
        return {**axes, **rig.joint_axes()}, 'the rest pose', [], rigid
    whole = {joint: turn for joint, turn in turns.items() if torch.isfinite(turn).all()}
    if not whole:
        return rig.joint_axes(), 'not known', [], []
    axes, unseen = axes_from_motion(recorded, whole, rest_joints)
    return {**axes, **rig.joint_axes()}, 'the motion', unseen, []


def _floor(recorded: Tensor, feet: Sequence[int]) -> Tuple[float, Optional[float]]:
    """Height in metres at which the lowest foot is to be, and the height of the lowest joint if that was no floor."""
    lowest, foot = float(recorded[:, known_joints(recorded), 1].amin(dim=1).median()), _lowest(recorded[:, feet])
    legs = leg_length(recorded)
    if _FLOOR[0] * legs <= lowest <= _FLOOR[1] * legs:
        return foot, None
    return foot - lowest + _TOE_HEIGHT * legs / ADULT_LEG, lowest


def joints_of_pose(pose: Tensor, transl: Tensor, *, rest_joints: Tensor) -> Tensor:
    """Joints ``(T, 24, 3)`` of a body in poses ``(T, 24, 3)`` that are where they should be, ``transl`` ``(T, 3)`` behind the rest pose."""
    local = roma.rotvec_to_rotmat(torch.as_tensor(pose, dtype=torch.float64))
    return (forward_kinematics(local, torch.as_tensor(rest_joints, dtype=torch.float64), PARENTS) + transl[:, None]).float()


def place_pose(pose: Tensor, transl: Tensor, *, rest_joints: Tensor, scale: Optional[float] = None) -> Tuple[Tensor, Tensor]:
    """Put poses that are SMPL's already on another body: ``transl`` ``(T, 3)`` and joints ``(T, 24, 3)`` of :func:`fit_of_pose`, y up."""
    fit = fit_of_pose(pose, transl, rest_joints=rest_joints, scale=scale, up='y')
    return fit.transl, fit.keypoint


def fit_of_pose(pose: Tensor, transl: Tensor, *, rest_joints: Tensor, scale: Optional[float] = None, up: Optional[str] = None,
                usual: str = 'y', why: str = 'the usual axis') -> MotionFit:
    """Poses that are SMPL's already on another body, as a fit: nothing but the place and the world's axes changes.

    Args:
        pose: ``(T, 24, 3)`` axis-angle.
        transl: ``(T, 3)`` metres of the pelvis.
        rest_joints: ``(24, 3)`` joints of the body to pose.
        scale: metres of the result per metre of ``transl``; default the ratio of the body's leg length to an adult's.
        up: axis of the world that points up; default found from feet, head and motion, and ``usual`` where these do not show it.
        usual, why: that axis, and where it is from.

    Returns:
        MotionFit: with the feet, or what is lower, on the floor at height zero; ``recorded`` is an adult in the same poses.
    """
    rest_joints, path = (torch.as_tensor(value, dtype=torch.float64) for value in (rest_joints, transl))
    adult = rest_joints * (ADULT_LEG / leg_length(rest_joints))
    local = roma.rotvec_to_rotmat(torch.as_tensor(pose, dtype=torch.float64))
    recorded, turned = forward_kinematics(local, adult - adult[0], PARENTS, return_rotations=True)
    recorded = recorded + path[:, None]
    gravity = Gravity(up, 'as named') if up else find_up(recorded, usual, why)
    world = upright(gravity.up)
    recorded, turned = recorded @ world.T, world @ turned
    scale = scale or leg_length(rest_joints) / ADULT_LEG
    # Someone who lies with the feet in the air has another joint on the floor.
    lowest = _FEET if _lowest(recorded) > _lowest(recorded[:, _FEET]) - 2 * _TOE_HEIGHT else list(range(len(PARENTS)))
    pose, transl, joints, lift = _place(turned, recorded[:, 0] * scale, rest_joints, lowest, floor=_TOE_HEIGHT * scale)
    doubts = {'up': gravity.doubt} if gravity.doubt else {}
    assumed = Assumed('smpl', "SMPL's", Unit(1., 'as read'), ADULT_LEG, gravity, doubts=doubts)
    return MotionFit(pose, transl, joints, recorded.float(), turned.float(), scale, lift, assumed)


def _select(positions: Tensor, found: Mapping[int, int]) -> Tensor:
    """``(…, R, 3)`` to ``(…, 24, 3)`` with NaN for joints that were not found."""
    joints = positions.new_full((*positions.shape[:-2], len(PARENTS), 3), float('nan'))
    joints[..., list(found), :] = positions[..., list(found.values()), :]
    return joints


def _angle(first: Tensor, second: Tensor) -> Tensor:
    """Degrees between vectors, accurate for small angles too."""
    first, second = unit_vector(first), unit_vector(second)
    return torch.rad2deg(2 * torch.atan2((first - second).norm(dim=-1), (first + second).norm(dim=-1)))


def _place(turned: Tensor, pelvis: Tensor, rest_joints: Tensor, feet: Sequence[int],
           floor: float) -> Tuple[Tensor, Tensor, Tensor, float]:
    """Pose, path, joints and lift from world rotations ``(T, 24, 3, 3)`` and the pelvis' path ``(T, 3)``.

    The lift brings the lowest of the joints ``feet`` to height ``floor``.
    """
    local = turned.clone()
    local[:, 1:] = turned[:, list(PARENTS[1:])].transpose(-1, -2) @ turned[:, 1:]
    joints = forward_kinematics(local, rest_joints, PARENTS) + (pelvis - rest_joints[0])[:, None]
    lift = floor - _lowest(joints[:, feet])
    shift = torch.tensor([0., lift, 0.], dtype=torch.float64)
    return roma.rotmat_to_rotvec(local).float(), (pelvis - rest_joints[0] + shift).float(), (joints + shift).float(), lift


def _lowest(joints: Tensor) -> float:
    """Height of the lowest of ``(T, K, 3)``; the lowest fiftieth of the frames is averaged, so that no single frame decides."""
    lowest = joints[..., 1].amin(dim=-1).sort().values
    return float(lowest[:max(1, len(lowest) // 50)].mean())
