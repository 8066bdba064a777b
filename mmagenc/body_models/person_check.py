"""Whether a fitted clip moves as a person can: what is told of a recording by its result, whatever was assumed about it.

T frames, 24 joints of SMPL. Each finding has a name, by which it is listed and refused:

- ``knees``, ``elbows``: they bend about another axis than a person's, or backward;
- ``trunk``: the pelvis does not stand as hips and shoulders lie;
- ``head``, ``feet``: turned by more than 80 degrees against neck and shin on the mean; toes that point backward;
- ``upside down``: the head is below the feet on the mean;
- ``legs``: shorter than 0.15 m or longer than 1.2 m in the recording;
- ``floor``: the lowest joint is far below or above height zero;
- ``bones``: thighs, shins, arms change their lengths within the clip;
- ``jumps``: a joint turns by more than 100 degrees, or the root moves faster than a sprinter, between two frames.
"""

from typing import Dict, Tuple

import roma
import torch
from torch import Tensor

from .bone_rotations import PARENTS, unit_vector
from .fitting import MotionFit
from .kinematics import forward_kinematics
from .orientation import JOINT
from .rigs import SIDES

_BENT = 0.34  # Sine of 20 degrees: hinges that are straighter say nothing about their axis.
_AXIS = {'knees': 0.5, 'elbows': 0.}  # Mean cosine between a hinge's axis and a person's; an upper arm's twist is not well known.
_TRUNK = 60.  # Degrees between the pelvis and hips and shoulders, in half of the frames.
_TURNED = 80.  # Degrees of head and feet against neck and shins, on the mean.
_LEGS = (0.15, 1.2)  # Metres.
_LOWEST = (-0.25, 0.6)  # Heights of the lowest joint in lengths of the leg.
_STRETCH = 0.15  # Of a bone's length.
_TURN = 100.  # Degrees from frame to frame.
_SPEED = 12.5  # Metres a second.
_HINGES = {'knees': ('hip', 'knee', 'ankle', {'left_': (1., 0., 0.), 'right_': (1., 0., 0.)}),
           'elbows': ('shoulder', 'elbow', 'wrist', {'left_': (0., -1., 0.), 'right_': (0., 1., 0.)})}


def person_findings(fit: MotionFit, fps: float) -> Dict[str, str]:
    """What in a fitted clip is no person's, by name; empty where nothing is.

    Args:
        fit: the clip.
        fps: its frames per second.
    """
    local = roma.rotvec_to_rotmat(fit.pose.double())
    _, world = forward_kinematics(local, local.new_zeros(len(PARENTS), 3), PARENTS, return_rotations=True)
    recorded = fit.recorded.double()
    return {**_trunk(recorded, world), **_hinges(recorded, world), **_ends(fit, recorded, world), **_place(fit), **_bones(recorded),
            **_jumps(fit, fps)}


def _hinges(recorded: Tensor, world: Tensor) -> Dict[str, str]:
    found = {}
    for name, (start, hinge, stop, axes) in _HINGES.items():
        for side in SIDES:
            cosine, frames = _hinge_axis(recorded, world, side, (start, hinge, stop), axes[side])
            if frames and cosine < _AXIS[name]:
                way = 'backward' if cosine < -0.5 else 'sideways'
                found[name] = f"the {side[:-1]} {hinge} bends {way} (its axis has a mean cosine of {cosine:.2f} with a person's)"
    return found


def _hinge_axis(recorded: Tensor, world: Tensor, side: str, joints: Tuple[str, str, str], axis: Tuple[float, ...]) -> Tuple[float, int]:
    """Mean cosine between the axis about which a limb is bent, as recorded, and the body's; and in how many frames it is bent."""
    start, hinge, stop = (recorded[:, JOINT[side + joint]] for joint in joints)
    normal = torch.linalg.cross(unit_vector(hinge - start), unit_vector(stop - hinge))
    bent = normal.norm(dim=-1) > _BENT
    seen = world[bent][:, JOINT[side + joints[0]]] @ torch.tensor(axis, dtype=world.dtype)
    return float((unit_vector(normal[bent]) * seen).sum(-1).mean()) if bent.any() else 1., int(bent.sum())


def _trunk(recorded: Tensor, world: Tensor) -> Dict[str, str]:
    middles = [(recorded[:, JOINT[f'left_{part}']] + recorded[:, JOINT[f'right_{part}']]) / 2 for part in ('hip', 'shoulder')]
    across, along = recorded[:, JOINT['left_hip']] - recorded[:, JOINT['right_hip']], middles[1] - middles[0]
    seen = roma.special_gramschmidt(torch.stack((across, along), dim=-1))
    angle = float(torch.rad2deg(roma.rotmat_geodesic_distance(seen, world[:, 0])).median())
    return {'trunk': f'the pelvis is turned by {angle:.0f} degrees against hips and shoulders'} if angle > _TRUNK else {}


def _ends(fit: MotionFit, recorded: Tensor, world: Tensor) -> Dict[str, str]:
    found = {}
    angle = torch.rad2deg(roma.rotmat_geodesic_distance(world[:, JOINT['head']], world[:, JOINT['spine3']])).mean()
    if angle > _TURNED:
        found['head'] = f'turned by {angle:.0f} degrees against the chest on the mean'
    ahead = []
    for side in SIDES:
        ankle, foot, knee = (world[:, JOINT[side + joint]] for joint in ('ankle', 'foot', 'knee'))
        angle = torch.rad2deg(torch.maximum(*(roma.rotmat_geodesic_distance(end, knee).mean() for end in (ankle, foot))))
        sole = recorded[:, JOINT[side + 'foot']] - recorded[:, JOINT[side + 'ankle']]
        ahead.append(float((unit_vector(sole) * world[:, 0, :, 2]).sum(-1).mean()))
        if angle > _TURNED:
            found['feet'] = f'the {side[:-1]} foot is turned by {angle:.0f} degrees against the shin on the mean'
    if max(ahead) < -0.3:
        found['feet'] = 'the toes point backward: left and right are exchanged, or the axes of the file are left-handed'
    feet = fit.keypoint[:, [JOINT['left_ankle'], JOINT['right_ankle']]].mean(dim=1)
    if float(unit_vector(fit.keypoint[:, JOINT['head']] - feet)[:, 1].mean()) < -0.3:
        found['upside down'] = 'the head is below the feet on the mean'
    return found


def _place(fit: MotionFit) -> Dict[str, str]:
    found, legs = {}, fit.assumed.legs
    if not _LEGS[0] <= legs <= _LEGS[1]:
        found['legs'] = f"{legs:.3g} m long; a person's are {_LEGS[0]} to {_LEGS[1]} m"
    lowest = float(fit.keypoint[..., 1].amin(dim=1).median()) / fit.scale
    if not _LOWEST[0] * legs <= lowest <= _LOWEST[1] * legs:
        found['floor'] = f'the lowest joint is at a height of {lowest:.2f} m in half of the frames'
    return found


def _bones(recorded: Tensor) -> Dict[str, str]:
    found = {}
    for side in SIDES:
        for start, stop in (('hip', 'knee'), ('knee', 'ankle'), ('shoulder', 'elbow'), ('elbow', 'wrist')):
            length = (recorded[:, JOINT[side + stop]] - recorded[:, JOINT[side + start]]).norm(dim=-1)
            stretch = float((length.amax() - length.amin()) / length.mean())
            if stretch > _STRETCH:
                found['bones'] = f'from {side}{start} to {side}{stop} it is {length.amin():.2f} to {length.amax():.2f} m'
    return found


def _jumps(fit: MotionFit, fps: float) -> Dict[str, str]:
    if len(fit.pose) < 2:
        return {}
    turns = fit.turns().amax(dim=1)
    speed = fit.recorded[:, 0].diff(dim=0).norm(dim=-1) * fps
    if (jumps := int((turns > _TURN).sum())):
        return {'jumps': f'a joint turns by up to {turns.max():.0f} degrees from one frame to the next, {jumps} times '
                f'(first after frame {int((turns > _TURN).nonzero()[0])})'}
    if (jumps := int((speed > _SPEED).sum())):
        return {'jumps': f'the root moves at up to {speed.max():.0f} m/s (first after frame {int((speed > _SPEED).nonzero()[0])})'}
    return {}
