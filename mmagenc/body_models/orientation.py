"""Which way is up, and which way a skeleton looks: found from the joints, never from the axes of a file alone.

T frames, 24 joints of SMPL (NaN where a recording has no such joint). Two questions are kept apart, since files answer them differently:
how the person of the *rest pose* (all channels at zero) stands in the coordinates of the joints, and which axis of the *world* points up.
"""

from dataclasses import dataclass
from typing import Dict, Mapping, NamedTuple, Optional, Tuple

import roma
import torch
from torch import Tensor

from mmagenc.skeletons import get_skeleton

AXES = {sign + axis: tuple(length if axis == other else 0. for other in 'xyz') for sign, length in (('', 1.), ('-', -1.)) for axis in 'xyz'}
UPS = ('y', 'z', '-y', '-z')
"""Axes that point up in some program's files."""
JOINT = {name: index for index, name in enumerate(get_skeleton('smpl24').joint_names)}
_FORWARD = {'y': 'z', 'z': '-y', '-y': '-z', '-z': 'y', 'x': 'z', '-x': 'z'}
_UPRIGHT = 0.7  # Mean cosine between a standing, walking or sitting person and the vertical.
_LEAN = 25.  # Degrees by which a person may lean on the mean of a clip.
_AGREE = 30.  # Degrees between two measures of one direction of the rest pose.
_STRAIGHT = 40.  # Degrees by which legs of the rest pose may slant.
_BENT = 70.  # Degrees by which its elbows may be bent.
_SNAP = 20.  # Degrees up to which a rest pose slants by itself and not by the axes of its file.
_ON_FLOOR = 0.05  # Metres below the floor that joints of a person on it are at most, and above it that the pelvis is at least.
_NEAR_FLOOR = (-0.15, 0.35)  # Heights in metres between which the lowest joint of a person on the floor is.


def upright(up: str, forward: Optional[str] = None) -> Tensor:
    """``(3, 3)`` rotation from a world whose axis ``up`` points up to x left, y up, z forward.

    Args:
        up: axis of the world that becomes y.
        forward: axis of the world that becomes z; default z, or -y where z points up, as AMASS has it.

    Raises:
        ValueError: no axes, or two along one line.
    """
    forward = _FORWARD.get(up, '') if forward is None else forward
    if up not in AXES or forward not in AXES or up[-1] == forward[-1]:
        raise ValueError(f'up and forward must be two different axes of {", ".join(AXES)}, got {up!r} and {forward!r}')
    up, forward = (torch.tensor(AXES[axis], dtype=torch.float64) for axis in (up, forward))
    return torch.stack((torch.linalg.cross(up, forward), up, forward))


def rest_frame(rest: Tensor) -> Tuple[Optional[Tensor], str]:
    """How the person of a rest pose stands.

    Args:
        rest: ``(24, 3)`` joints with every channel at zero, any unit.

    Returns:
        tuple: ``(3, 3)`` rotation from the coordinates of ``rest`` to x left, y up, z forward of the person, along the axes of ``rest``
        where these are meant; or ``None`` and why ``rest`` is no person who stands with arms out or hanging.
    """
    lines = _lines(rest)
    across, along = _unit(lines['hips'] + lines['shoulders']), _unit(lines['trunk'])
    if not torch.isfinite(across).all() or torch.linalg.cross(along, across).norm() < 0.5:
        return None, 'hips and shoulders are not left and right of the trunk'
    frame = _snap(roma.special_gramschmidt(torch.stack((across, along), dim=-1)).T)
    return _standing(rest @ frame.T, frame)


def _standing(body: Tensor, frame: Tensor) -> Tuple[Optional[Tensor], str]:
    """``frame``, if a rest pose in it, ``(24, 3)``, is a standing person; else why it is none."""
    lines, axes = _lines(body), torch.eye(3, dtype=body.dtype)
    slants = [('hips', axes[0], _AGREE), ('shoulders', axes[0], _AGREE), ('trunk', axes[1], _AGREE)]
    slants += [(side + bone, -axes[1], _STRAIGHT) for side in ('left_', 'right_') for bone in ('thigh', 'shin')]
    for name, wanted, most in slants:
        if (angle := _degrees(lines[name], wanted)) > most:
            return None, f'{name.replace("_", " ")}: {angle:.0f} degrees from where a standing person has it'
    for side, out in (('left_', axes[0]), ('right_', -axes[0])):
        if (angle := _degrees(lines[side + 'upper_arm'], lines[side + 'forearm'])) > _BENT:
            return None, f'the {side[:-1]} arm is bent by {angle:.0f} degrees'
        if _degrees(lines[side + 'upper_arm'], out) > 100 or _unit(lines[side + 'upper_arm'])[1] > 0.5:
            return None, f'the {side[:-1]} arm is neither out nor hanging'
    feet = [body[JOINT[side + 'foot']] - body[JOINT[side + 'ankle']] for side in ('left_', 'right_')]
    if all(_unit(foot)[2] < -0.5 for foot in feet):
        return None, 'the toes point backward: left and right are exchanged, or the axes are left-handed'
    return frame, ''


class Gravity(NamedTuple):
    """Which axis points up, how that was found, and what speaks against it (or nothing)."""
    up: str
    how: str
    doubt: str = ''


@dataclass(frozen=True)
class _Posture:
    """What a clip says about an axis, were it up: the person's mean cosine with it, and heights along it in metres."""
    cosine: float
    lowest: float
    drift: float
    pelvis: float

    @property
    def on_floor(self) -> bool:
        return _NEAR_FLOOR[0] <= self.lowest <= _NEAR_FLOOR[1]

    @property
    def lies(self) -> bool:
        """Someone who lies along the axis keeps to the floor and moves little along it; who stands has the feet on it, or walks away."""
        return self.on_floor and self.drift < 0.3 and abs(self.cosine) < 0.5


def find_up(joints: Tensor, usual: str, why: str) -> Gravity:
    """The axis that points up in the world of a clip.

    A person who stands, walks or sits shows it; one who lies or crawls does not, and then ``usual`` is taken, which is also taken where
    the clip can be read as someone who lies on the floor of a world in which ``usual`` points up.

    Args:
        joints: ``(T, 24, 3)`` metres.
        usual: the axis that points up by what is known without the clip (rest pose, format).
        why: where ``usual`` is from, for the message.
    """
    postures = {axis: _posture(joints, AXES[axis]) for axis in UPS}
    best = max(postures, key=lambda axis: postures[axis].cosine)
    if postures[best].cosine < _UPRIGHT:
        doubt = f'the person lies or bends over: {usual} up is from {why}, the motion does not show it'
        return Gravity(usual, why, '' if postures[usual].cosine > 0.3 else doubt)
    if best == usual:
        return Gravity(best, 'feet and head', _lean(postures[best].cosine) or _lies_along(postures, usual, why))
    here, there = postures[usual], postures[best]
    if here.lies and not there.on_floor:
        return Gravity(usual, why, f'a person who lies, if {usual} points up ({why}), or who stands, if {best} does')
    against = f'feet and head say {best}, {why} says {usual}' if here.lies or here.cosine < -_UPRIGHT else ''
    return Gravity(best, 'feet and head', against or _lean(there.cosine))


def _lies_along(postures: Mapping[str, _Posture], usual: str, why: str) -> str:
    """What speaks against a person who stands in the air of a world in which ``usual`` points up: who lies on the floor of another one."""
    if postures[usual].on_floor:
        return ''
    others = [axis for axis, posture in postures.items() if axis[-1] != usual[-1] and posture.lies
              and posture.lowest > -_ON_FLOOR and posture.pelvis > _ON_FLOOR]
    return f'a person who stands, if {usual} points up ({why}), or who lies on the floor, if {others[0]} does' if others else ''


def _lean(cosine: float) -> str:
    angle = float(torch.rad2deg(torch.arccos(torch.tensor(min(1., cosine)))))
    return f'the person leans by {angle:.0f} degrees on the mean: was the camera tilted?' if angle > _LEAN else ''


def _posture(joints: Tensor, axis: Tuple[float, float, float]) -> _Posture:
    axis = torch.tensor(axis, dtype=joints.dtype)
    lines = _lines(joints)
    whole = _unit(lines['shoulder_middle'] - lines['ankle_middle'])
    trunk = _unit(lines['trunk'])
    cosine = max(float((line @ axis).mean()) for line in (whole, trunk))
    heights = joints[..., ~joints.isnan().any(dim=-1).any(dim=0), :] @ axis
    lowest = heights.amin(dim=-1)
    pelvis = float((joints[..., JOINT['pelvis'], :] @ axis).median())
    return _Posture(cosine, float(lowest.median()), float(lowest.amax() - lowest.amin()), pelvis)


def _lines(joints: Tensor) -> Dict[str, Tensor]:
    """Bones and middles ``(…, 3)`` of ``(…, 24, 3)`` that every rig has."""
    place: Mapping[str, Tensor] = {name: joints[..., index, :] for name, index in JOINT.items()}
    middles = {part: (place[f'left_{part}'] + place[f'right_{part}']) / 2 for part in ('hip', 'shoulder', 'ankle')}
    lines = {f'{part}_middle': middle for part, middle in middles.items()}
    lines.update(hips=place['left_hip'] - place['right_hip'], shoulders=place['left_shoulder'] - place['right_shoulder'],
                 trunk=middles['shoulder'] - middles['hip'])
    for side in ('left_', 'right_'):
        for bone, start, stop in (('thigh', 'hip', 'knee'), ('shin', 'knee', 'ankle'), ('upper_arm', 'shoulder', 'elbow'),
                                  ('forearm', 'elbow', 'wrist')):
            lines[side + bone] = place[side + stop] - place[side + start]
    return lines


def _snap(frame: Tensor) -> Tensor:
    """The axes of the file where they are within 20 degrees of ``frame``: a trunk or a foot may slant in a rest pose, axes do not."""
    nearest = torch.zeros_like(frame)
    places = frame.abs().argmax(dim=1)
    nearest[range(3), places] = frame[range(3), places].sign()
    if len(set(places.tolist())) < 3:
        return frame
    angle = torch.rad2deg(roma.rotmat_geodesic_distance(nearest, frame))
    return nearest if angle < _SNAP else frame


def _unit(vector: Tensor) -> Tensor:
    return torch.nn.functional.normalize(vector, dim=-1, eps=1e-12)


def _degrees(first: Tensor, second: Tensor) -> float:
    return float(torch.rad2deg(torch.arccos((_unit(first) * _unit(second)).sum(-1).clamp(-1, 1))))
