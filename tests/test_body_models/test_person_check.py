"""Findings about clips: none about a person, and by its name each thing that no person does."""

from dataclasses import replace

import pytest
import torch

from mmagenc.body_models import rest_joints_of
from mmagenc.body_models.fitting import fit_of_pose
from mmagenc.body_models.person_check import person_findings
from mmagenc.skeletons import get_skeleton

JOINT = {name: index for index, name in enumerate(get_skeleton('smpl24').joint_names)}
FRAMES = 12


@pytest.fixture(scope='module')
def rest():
    return torch.as_tensor(rest_joints_of('InfantBody'), dtype=torch.float64)


def poses(**turns):
    """Knees and elbows bent as a person's, and joints turned to angles (radians) by the last frame."""
    pose = torch.zeros(FRAMES, 24, 3, dtype=torch.float64)
    bends = dict(left_knee=(1., 0, 0), right_knee=(1., 0, 0), left_elbow=(0, -1., 0), right_elbow=(0, 1., 0))
    for name, angles in {**bends, **turns}.items():
        pose[:, JOINT[name]] = torch.tensor(angles, dtype=torch.float64)
    return pose


def fitted(rest, pose=None, speed=1.):
    path = torch.linspace(0, speed * (FRAMES - 1) / 30, FRAMES, dtype=torch.float64)[:, None] * torch.tensor([0., 0., 1.]) + \
        torch.tensor([0., .9, 0.])
    return fit_of_pose(poses() if pose is None else pose, path.double(), rest_joints=rest, up='y')


def test_nothing_is_found_about_a_person(rest):
    assert person_findings(fitted(rest), 30) == {}


@pytest.mark.parametrize('turns, name, words', [
    (dict(left_knee=(-1., 0, 0)), 'knees', 'the left knee bends backward'),
    (dict(right_knee=(0, 0, 1.)), 'knees', 'the right knee bends sideways'),
    (dict(left_elbow=(0, 1., 0)), 'elbows', 'the left elbow bends backward'), (dict(head=(0, 2., 0)), 'head', 'turned by 115 degrees'),
    (dict(right_ankle=(0, 2., 0)), 'feet', 'the right foot is turned by 115'),
    (dict(pelvis=(3.14, 0, 0)), 'upside down', 'the head is below the feet'),
])
def test_poses_that_nobody_takes(rest, turns, name, words):
    found = person_findings(fitted(rest, poses(**turns)), 30)
    assert words in found[name], found
    assert set(found) <= {name, 'floor'}


def test_jumps(rest):
    pose = poses()
    pose[6:, JOINT['left_shoulder']] = torch.tensor([0., 0., 2.])
    found = person_findings(fitted(rest, pose), 30)
    assert 'turns by up to 115 degrees from one frame to the next, 1 times (first after frame 5)' in found['jumps']
    assert 'the root moves at up to 20 m/s' in person_findings(fitted(rest, speed=20.), 30)['jumps']
    assert 'jumps' not in person_findings(fitted(rest, speed=10.), 30)


def test_lengths_and_places(rest):
    fit = fitted(rest)
    assert '5 m long' in person_findings(replace(fit, assumed=replace(fit.assumed, legs=5.)), 30)['legs']
    lifted = replace(fit, keypoint=fit.keypoint + torch.tensor([0., 2., 0.]))
    assert 'the lowest joint is at a height of' in person_findings(lifted, 30)['floor']
    recorded = fit.recorded.clone()
    recorded[3, JOINT['left_ankle']] += .3 * (recorded[3, JOINT['left_ankle']] - recorded[3, JOINT['left_knee']])
    assert 'from left_knee to left_ankle' in person_findings(replace(fit, recorded=recorded), 30)['bones']


def test_a_pelvis_that_stands_otherwise_than_hips_and_shoulders_lie(rest):
    fit = fitted(rest)
    pose = fit.pose.clone()
    pose[:, 0] = torch.tensor([0., 1.6, 0.])
    assert 'the pelvis is turned by 92 degrees' in person_findings(replace(fit, pose=pose), 30)['trunk']
