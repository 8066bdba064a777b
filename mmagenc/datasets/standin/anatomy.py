"""A body that moves by anatomical angles: ranges of motion, a subject's proportions, and joints out of angles, laid on the floor.

N clips, T frames, J = 24 joints of SMPL, A anatomical angles. World and body: metres, y up, x the body's left, z forward in the rest pose.
"""

from dataclasses import dataclass

import numpy as np
import torch

from mmagenc.body_models.kinematics import forward_kinematics
from mmagenc.body_models.rotations import axis_angle_to_matrix
from mmagenc.skeletons import get_skeleton

FPS = 30.
SMPL = get_skeleton('smpl24')

TRUNK_LIMITS = dict(
    spine_flex=(-50, 90), spine_side=(-40, 40), spine_twist=(-50, 50), neck_flex=(-70, 60), neck_side=(-35, 35), neck_turn=(-80, 80))
LIMB_LIMITS = dict(
    hip_flex=(-20, 135), hip_abduct=(-20, 75), hip_rotate=(-40, 75), knee=(0, 150), ankle=(-35, 55), shoulder_forward=(-30, 130),
    shoulder_raise=(-95, 100), shoulder_twist=(-100, 90), elbow=(0, 150), wrist=(-60, 70))
"""Ranges of motion in degrees; ``hip_rotate`` outwards, ``ankle`` plantar, ``shoulder_forward`` and ``shoulder_raise`` from the T-pose."""
ROOT = ('pitch', 'roll', 'lean')
"""The root's angles: pitch about x (90 is face down, −90 face up), then roll about the body's long axis, then lean about z."""
ANGLES = ROOT + tuple(TRUNK_LIMITS) + tuple(f'{side}_{name}' for name in LIMB_LIMITS for side in ('left', 'right'))
LEFT = [index for index, name in enumerate(ANGLES) if name.startswith('left')]
RIGHT = [index for index, name in enumerate(ANGLES) if name.startswith('right')]
LOWER = np.array([-np.inf] * 3 + [low for low, _ in TRUNK_LIMITS.values()] + [low for low, _ in LIMB_LIMITS.values() for _ in range(2)])
UPPER = np.array([np.inf] * 3 + [high for _, high in TRUNK_LIMITS.values()] + [high for _, high in LIMB_LIMITS.values() for _ in range(2)])

FLESH = np.array([.055, .045, .045, .055, .028, .028, .055, .02, .02, .055, .015, .015, .04, .045, .045, .075, .028, .028, .02, .02,
                  .015, .015, .012, .012])
"""Distance from each joint to the skin in metres, in the order of SMPL's joints: where the body touches the floor."""
_BACK = [joint for joint, name in enumerate(SMPL.joint_names) if name.endswith(('pelvis', 'hip', 'knee', 'ankle', 'foot'))]
_FRONT = [joint for joint in range(SMPL.num_joints) if joint not in _BACK and 'spine' not in SMPL.joint_names[joint]]




@dataclass(frozen=True)
class Subject:
    """One infant: who it is, how it is built, how it moves and how it is filmed.

    Args:
        name: ``subject_id`` of its clips.
        bone_scale: (24,) length of the bone that ends at each joint, relative to the average infant.
        tempo, amplitude: factors on the speed and the size of movements.
        asymmetry: (2,) factors on the movements of left and right limbs.
        habit: (A,) lasting offset of each angle, degrees.
        variety: share of its clips in one of a posture's less usual forms.
        heading, tilt: of its camera, degrees: yaw of the infant, and how far the camera looks down.
    """

    name: str
    bone_scale: np.ndarray
    tempo: float
    amplitude: float
    asymmetry: np.ndarray
    habit: np.ndarray
    variety: float
    heading: float
    tilt: float


def make_subject(name: str, rng: np.random.Generator, *, shift: float = 0.) -> Subject:
    """A random subject; ``shift`` > 0 draws test subjects: other build, tempo, habits and camera than training subjects have."""
    scale = np.exp(rng.normal(.02 * shift, .05) + rng.normal(0, .05, SMPL.num_joints))
    scale[SMPL.index('head')] *= 1 - .05 * shift
    permutation = np.array(SMPL.flip_indices)
    shared = rng.normal(size=len(ANGLES))
    shared[RIGHT] = shared[LEFT]
    habit = (6 + 4 * shift) * (shared + .3 * rng.normal(size=len(ANGLES)))
    habit[:len(ROOT)] = 0
    return Subject(
        name=name,
        bone_scale=(scale + scale[permutation]) / 2,
        tempo=float(np.exp(rng.normal(.15 * shift, .2))),
        amplitude=float(np.exp(rng.normal(-.15 * shift, .2))),
        asymmetry=np.array([1, 1]) + np.array([1, -1]) * rng.uniform(-.4, .4),
        habit=habit,
        variety=.2 + .3 * shift,
        heading=float(rng.uniform(-60, 60) + 70 * shift * rng.choice([-1, 1])),
        tilt=float(rng.uniform(0, 20) + 10 * shift))


def turn_matrix(axis: int, degrees: torch.Tensor) -> torch.Tensor:
    """(…, 3, 3) rotation about a coordinate axis."""
    return axis_angle_to_matrix(torch.deg2rad(degrees)[..., None] * torch.eye(3, dtype=degrees.dtype)[axis])


def body_rotations(angles: torch.Tensor) -> torch.Tensor:
    """Anatomical angles (…, A) in degrees as SMPL's local rotations (…, 24, 3, 3); the root's without heading."""
    column = {name: angles[..., index] for index, name in enumerate(ANGLES)}
    x, y, z = (lambda degrees, axis=axis: turn_matrix(axis, degrees) for axis in range(3))
    rotations = torch.eye(3, dtype=angles.dtype).expand(*angles.shape[:-1], SMPL.num_joints, 3, 3).clone()
    rotations[..., 0, :, :] = x(column['pitch']) @ y(column['roll']) @ z(column['lean'])
    for part, joints in (('spine', {'spine1': .3, 'spine2': .35, 'spine3': .35}), ('neck', {'neck': .5, 'head': .5})):
        turn = column['spine_twist' if part == 'spine' else 'neck_turn']
        for joint, share in joints.items():
            rotations[..., SMPL.index(joint), :, :] = (
                y(share * turn) @ x(share * column[f'{part}_flex']) @ z(share * column[f'{part}_side']))
    for side, sign in (('left', 1), ('right', -1)):
        limb = {name: column[f'{side}_{name}'] for name in LIMB_LIMITS}
        rotations[..., SMPL.index(f'{side}_hip'), :, :] = (
            x(-limb['hip_flex']) @ z(sign * limb['hip_abduct']) @ y(sign * limb['hip_rotate']))
        rotations[..., SMPL.index(f'{side}_knee'), :, :] = x(limb['knee'])
        rotations[..., SMPL.index(f'{side}_ankle'), :, :] = x(limb['ankle'])
        for joint, share in (('collar', .2), ('shoulder', .8)):
            arm = y(-sign * share * limb['shoulder_forward']) @ z(sign * share * limb['shoulder_raise'])
            rotations[..., SMPL.index(f'{side}_{joint}'), :, :] = arm if joint == 'collar' else arm @ x(limb['shoulder_twist'])
        rotations[..., SMPL.index(f'{side}_elbow'), :, :] = y(-sign * limb['elbow'])
        rotations[..., SMPL.index(f'{side}_wrist'), :, :] = z(sign * limb['wrist'])
    return rotations


def subject_bones(rest: torch.Tensor, bone_scale: torch.Tensor) -> torch.Tensor:
    """Rest joints (…, 24, 3) of bodies whose bones are ``bone_scale`` (…, 24) times those of ``rest`` (24, 3); the pelvis is the origin."""
    parents = list(SMPL.parents)
    offsets = (rest - rest[[max(parent, 0) for parent in parents]]) * bone_scale[..., None]
    joints = torch.zeros_like(offsets)
    for joint in SMPL.topological_order[1:]:
        joints[..., joint, :] = joints[..., parents[joint], :] + offsets[..., joint, :]
    return joints


def pose_joints(rotations: torch.Tensor, bones: torch.Tensor) -> torch.Tensor:
    """Joints (N, T, 24, 3) of poses (N, T, 24, 3, 3) on bodies (N, 24, 3), pelvis at the origin."""
    return forward_kinematics(rotations, bones[:, None].expand(*rotations.shape[:-3], *bones.shape[-2:]), SMPL.parents)


def lie_down(rotations: torch.Tensor, bones: torch.Tensor, lying: torch.Tensor) -> torch.Tensor:
    """Tilt the root of each frame until the front (head, arms) and the back (pelvis, legs) of a lying body are equally low.

    Args:
        rotations: (N, T, 24, 3, 3) local rotations.
        bones: (N, 24, 3) rest joints.
        lying: (N, T) from 0, leave the root as it is, to 1.
    """
    rotations, flesh = rotations.clone(), torch.as_tensor(FLESH, dtype=rotations.dtype)
    for _ in range(5):
        joints = pose_joints(rotations, bones)
        height = joints[..., 1] - flesh
        ends = []
        for part in (_FRONT, _BACK):
            weight = torch.softmax(-150 * height[..., part], -1)
            ends.append(((weight * height[..., part]).sum(-1), (weight[..., None] * joints[..., part, :]).sum(-2)))
        (front_height, front), (back_height, back) = ends
        along = rotations[..., 0, :, 1] * torch.tensor([1, 0, 1], dtype=rotations.dtype)
        flat = along.norm(dim=-1)
        along = along / flat.clamp(min=1e-6)[..., None]
        reach = ((front - back) * along).sum(-1).clamp(min=.15)
        angle = lying * flat**2 * torch.atan2(front_height - back_height, reach)
        axis = torch.stack([along[..., 2], torch.zeros_like(flat), -along[..., 0]], -1)
        rotations[..., 0, :, :] = axis_angle_to_matrix(angle[..., None] * axis) @ rotations[..., 0, :, :]
    return rotations


def travel(joints: torch.Tensor) -> torch.Tensor:
    """Root path (N, T, 3) that keeps the lowest joints from sliding and the skin of the lowest joint at height 0.

    Args:
        joints: (N, T, 24, 3) with the pelvis at the origin.
    """
    height = joints[..., 1] - torch.as_tensor(FLESH, dtype=joints.dtype)
    weight = torch.softmax(-300 * height, -1)
    weight = ((weight[:, 1:] + weight[:, :-1]) / 2)[..., None]
    path = torch.zeros_like(joints[..., 0, :])
    path[:, 1:] = -(weight * (joints[:, 1:] - joints[:, :-1])).sum(-2).cumsum(1)
    path[..., 1] = -height.amin(-1)
    return path
