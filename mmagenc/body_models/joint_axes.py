"""How a recorded joint's own axes lie in SMPL's body: from a rest pose that shows a person, or else from the motion.

T frames, 24 joints. The result is, per SMPL joint, the rotation ``(3, 3)`` from the body's rest axes to the recorded joint's own axes:
the recorded world rotation times it is the world rotation of SMPL's joint.

Where the zero pose of a file is no person (its bones lie along one axis, say), the axes are read off the recording: along the bone by
where the bone points, about it by the hinges. A knee bends about the person's left axis and an elbow about the vertical of a person with
arms out, so that the plane in which a limb is bent tells how both of its bones are twisted. What has no hinge follows its neighbours on
the mean: the spine the hips and shoulders, the head the neck, hands the forearms, feet the shins.
"""

from typing import Dict, List, Mapping, Optional, Tuple

import roma
import torch
from torch import Tensor

from .bone_rotations import PARENTS, bone_pairs, known_joints, unit_vector, world_rotations
from .orientation import JOINT

AHEAD = ('head', 'left_foot', 'right_foot')
"""Joints that look ahead in a T-pose however the neck and the foot slant; hands follow the forearm, which may hang."""
_TRUNK = ('pelvis', 'spine1', 'spine2', 'spine3', 'neck')
_SLANT = 40.  # Degrees by which a spine may slant against SMPL's in a rest pose.
_SOLES = {side + 'ankle': side + 'foot' for side in ('left_', 'right_')}
# Joint at the hinge: the joints at both ends, and the axis of the body about which it bends (the right-hand rule's way).
_HINGES = {
    'left_knee': ('left_hip', 'left_ankle', (1., 0., 0.)),
    'right_knee': ('right_hip', 'right_ankle', (1., 0., 0.)),
    'left_elbow': ('left_shoulder', 'left_wrist', (0., -1., 0.)),
    'right_elbow': ('right_shoulder', 'right_wrist', (0., 1., 0.)),
}
_BENT = 0.34  # Sine of 20 degrees, below which the plane of a bend is noise.
_STEADY = 0.8  # Length of the mean axis in the joint's own axes: a hinge has one, noise has none.
_HINGE_WEIGHT = 4.  # Of a right angle's plane against the direction of the bone.
_FOLLOW_WEIGHT = 0.02  # Of the neighbour's axes where the bone has a direction: they decide only what nothing else does.

_Plane = Tuple[Tensor, Tensor, Tensor]  # An axis of the body (3,), the same as recorded (T, 3), and its weight (T,).


def axes_from_rest(rest: Tensor, frame: Tensor, rest_joints: Tensor) -> Tuple[Dict[int, Tensor], List[int]]:
    """From a rest pose that shows a person.

    Args:
        rest: ``(24, 3)`` joints with every channel at zero, metres, NaN for joints that the rig has not.
        frame: ``(3, 3)`` from the rest pose's coordinates to the person's, see :func:`.orientation.rest_frame`.
        rest_joints: ``(24, 3)`` of the body.

    Returns:
        tuple: per joint the rotation, and the joints of the trunk whose bones are no measure of how they stand (a root far behind the
        first joint of the spine, say): they are level in the rest pose, and are turned as recorded.
    """
    body = (rest @ frame.T)[None]
    turned = world_rotations(body, {}, rest_joints)[0]
    known = known_joints(body)
    level = [JOINT[joint] for joint in AHEAD]
    # A foot that ends at its ankle says nothing about its sole, which is level in a rest pose whatever way the shin slants.
    level += [JOINT[ankle] for ankle, foot in _SOLES.items() if JOINT[foot] not in known]
    slant = torch.rad2deg(roma.rotmat_geodesic_distance(turned, torch.eye(3, dtype=torch.float64).expand_as(turned)))
    rigid = [JOINT[joint] for joint in _TRUNK if slant[JOINT[joint]] > _SLANT]
    turned[level + rigid] = torch.eye(3, dtype=torch.float64)
    return {joint: frame.T @ turned[joint] for joint in known}, rigid


def axes_from_motion(recorded: Tensor, rotations: Mapping[int, Tensor], rest_joints: Tensor) -> Tuple[Dict[int, Tensor], List[str]]:
    """From the motion alone.

    Args:
        recorded: ``(T, 24, 3)`` joints, metres, y up.
        rotations: per joint its recorded world rotations ``(T, 3, 3)`` in the same world.
        rest_joints: ``(24, 3)`` of the body.

    Returns:
        tuple: per joint the rotation, and the knees and elbows that are never bent enough to show their axis.
    """
    known = known_joints(recorded)
    seen_hinges = set()
    result: Dict[int, Tensor] = {}
    turned: Dict[int, Tensor] = {}  # SMPL's joints in the world, from the root on
    planes = _hinge_planes(recorded)
    for joint in known:
        if joint not in rotations:
            continue
        pairs = [(rest, seen, 1.) for rest, seen in bone_pairs(joint, known, rest_joints, recorded)]
        follow = _FOLLOW_WEIGHT if pairs else 1.
        before = _before(joint, turned)
        hinges = {name: plane for name, plane in planes.get(joint, {}).items() if _plausible(plane, rotations[joint], before)}
        seen_hinges.update(hinges)
        pairs += hinges.values()
        if before is not None:
            pairs += [(axis, before @ axis, follow) for axis in torch.eye(3, dtype=torch.float64)]
        result[joint] = _closest_constant(pairs, rotations[joint])
        turned[joint] = rotations[joint] @ result[joint]
    return result, [name for name in _HINGES if name not in seen_hinges]


def _before(joint: int, turned: Mapping[int, Tensor]) -> Optional[Tensor]:
    """World rotations ``(T, 3, 3)`` of the nearest ancestor that has them."""
    while (joint := PARENTS[joint]) >= 0:
        if joint in turned:
            return turned[joint]
    return None


def _plausible(plane: _Plane, rotations: Tensor, before: Tensor) -> bool:
    """Whether a limb is seen to bend about one axis of its own, and not the way that no person's does (legs that are noise do)."""
    axis, normal, weight = plane
    if not weight.any():
        return False
    own = (rotations.mT @ unit_vector(normal)[..., None])[..., 0]
    steady = float((own * weight[:, None]).sum(dim=0).norm() / weight.sum())
    along = float(((unit_vector(normal) * (before @ axis)).sum(-1) * weight).sum() / weight.sum())
    return steady > _STEADY and along > (0. if axis[0] else -0.5)


def _hinge_planes(recorded: Tensor) -> Dict[int, Dict[str, _Plane]]:
    """For the two joints at whose bones a hinge lies, by its name: its axis in the body, recorded, and how far it is bent."""
    planes: Dict[int, Dict[str, _Plane]] = {}
    for hinge, (start, stop, axis) in _HINGES.items():
        upper, lower = (unit_vector(recorded[:, JOINT[second]] - recorded[:, JOINT[first]])
                        for first, second in ((start, hinge), (hinge, stop)))
        normal = torch.linalg.cross(upper, lower)
        sine = normal.norm(dim=-1)
        weight = torch.where(sine > _BENT, _HINGE_WEIGHT * sine**2, torch.zeros_like(sine))
        for joint in (start, hinge):
            planes.setdefault(JOINT[joint], {})[hinge] = (torch.tensor(axis, dtype=torch.float64), normal, weight)
    return planes


def _closest_constant(pairs: List[_Plane], rotations: Tensor) -> Tensor:
    """The rotation ``(3, 3)`` that brings directions of the body closest to those seen in the joint's own axes, over all frames."""
    outer = torch.zeros(3, 3, dtype=torch.float64)
    for body, seen, weight in pairs:
        own = (rotations.mT @ unit_vector(seen)[..., None])[..., 0] * torch.as_tensor(weight, dtype=torch.float64)[..., None]
        outer += own.mean(dim=0)[:, None] * unit_vector(body)[None, :]
    return roma.special_procrustes(outer)
