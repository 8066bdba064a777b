"""Axes of recorded joints: a body moves, each of its joints is recorded in axes of its own, and those are found again."""

import pytest
import roma
import torch

from mmagenc.body_models import rest_joints_of
from mmagenc.body_models.bone_rotations import PARENTS
from mmagenc.body_models.joint_axes import axes_from_motion, axes_from_rest
from mmagenc.body_models.kinematics import forward_kinematics
from mmagenc.skeletons import get_skeleton

JOINT = {name: index for index, name in enumerate(get_skeleton('smpl24').joint_names)}
HINGES = {'left_knee': (1., 0., 0.), 'right_knee': (1., 0., 0.), 'left_elbow': (0., -1., 0.), 'right_elbow': (0., 1., 0.)}


@pytest.fixture(scope='module')
def rest():
    return torch.as_tensor(rest_joints_of('InfantBody'), dtype=torch.float64)


def moving(rest, bends=HINGES, frames=60):
    """Joints ``(T, 24, 3)`` and world rotations ``(T, 24, 3, 3)`` of a body that sways, bending what is named by up to 90 degrees."""
    time = torch.linspace(0, 6, frames, dtype=torch.float64)
    pose = .15 * torch.sin(time[:, None, None] + torch.arange(72, dtype=torch.float64).reshape(24, 3))
    for name in HINGES:
        pose[:, JOINT[name]] = 0
    for number, (name, axis) in enumerate(bends.items()):
        pose[:, JOINT[name]] = (.8 + .7 * torch.sin(time + number))[:, None] * torch.tensor(axis, dtype=torch.float64)
    return forward_kinematics(roma.rotvec_to_rotmat(pose), rest, PARENTS, return_rotations=True)


def degrees(found, expected):
    return float(torch.rad2deg(roma.rotmat_geodesic_distance(found, expected)))


def own_axes():
    return roma.random_rotmat(24, dtype=torch.float64)


def test_a_rest_pose_shows_the_axes(rest):
    """With every channel at zero joints have the axes of the file's world, in which the person lies, looking up."""
    torch.manual_seed(0)
    frame = roma.random_rotmat(dtype=torch.float64)
    found, rigid = axes_from_rest(rest @ frame, frame, rest)
    assert rigid == [] and set(found) >= {JOINT[name] for name in ('pelvis', 'left_hip', 'left_knee', 'right_elbow')}
    assert max(degrees(axes, frame.T) for axes in found.values()) < 1e-3


def test_joints_that_the_rig_has_not_have_no_axes(rest):
    partial = rest.clone()
    partial[JOINT['spine2']] = float('nan')
    found, _ = axes_from_rest(partial, torch.eye(3, dtype=torch.float64), rest)
    assert JOINT['spine2'] not in found and JOINT['spine3'] in found


def test_the_motion_shows_the_axes(rest):
    torch.manual_seed(1)
    joints, world = moving(rest)
    axes = own_axes()
    recorded = {joint: world[:, joint] @ axes[joint].T for joint in range(24)}
    found, straight = axes_from_motion(joints, recorded, rest)
    assert straight == []
    for name in ('left_hip', 'right_hip', 'left_knee', 'right_knee', 'left_shoulder', 'right_shoulder', 'left_elbow', 'right_elbow'):
        assert degrees(found[JOINT[name]], axes[JOINT[name]]) < 12, name


def test_limbs_that_are_never_bent_are_named(rest):
    torch.manual_seed(2)
    joints, world = moving(rest, {name: axis for name, axis in HINGES.items() if name != 'left_knee'})
    axes = own_axes()
    _, straight = axes_from_motion(joints, {joint: world[:, joint] @ axes[joint].T for joint in range(24)}, rest)
    assert straight == ['left_knee']


def test_a_knee_that_bends_as_nobodys_does_is_no_hinge(rest):
    """What is seen to bend backward (left and right exchanged, noise) does not turn the leg's axes round."""
    torch.manual_seed(3)
    joints, world = moving(rest, {**HINGES, 'left_knee': (-1., 0., 0.)})
    axes = own_axes()
    found, straight = axes_from_motion(joints, {joint: world[:, joint] @ axes[joint].T for joint in range(24)}, rest)
    assert straight == ['left_knee'] and degrees(found[JOINT['left_hip']], axes[JOINT['left_hip']]) < 90
