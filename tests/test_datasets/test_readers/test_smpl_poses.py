import numpy as np
import pytest

from mmagenc.datasets.readers.smpl_poses import JOINTS, UPRIGHT, frame_numbers, rotations, turned, with_root
from tests.smpl_motion import FRAMES, in_camera, matrices, pose, same_pose


@pytest.mark.parametrize('form', [lambda turns: turns, lambda turns: turns.reshape(len(turns), 72), matrices])
def test_rotations_of_every_form(form):
    assert same_pose(rotations(form(pose()), JOINTS, 'p'), pose())


def test_a_camera_turned_upright_is_a_proper_rotation():
    assert np.linalg.det(UPRIGHT) == 1 and same_pose(turned(in_camera(pose()), UPRIGHT), pose())


def test_hands_that_are_not_there_are_at_rest():
    found = with_root(pose()[:, :1], pose()[:, 1:22])
    assert not found[:, 22:].any() and same_pose(found[:, :22], pose()[:, :22])


@pytest.mark.parametrize('value, words', [
    (np.full((2, 72), 13.), 'radians'), (np.zeros((2, 71)), r'p must be numbers \(T, 72\), got \(2, 71\)'),
    ([['a'] * 72], 'p must be numbers'),
    (np.full((2, 24, 3, 3), 1.), r'no rotation \(frame 0, joint 0\)'), (-matrices(pose()), 'no rotation'), (None, 'p must be numbers'),
    (np.zeros((0, 72)), 'p must be numbers'),
])
def test_what_are_no_rotations_is_refused(value, words):
    with pytest.raises(ValueError, match=words):
        rotations(value, JOINTS, 'p')


def test_numbers_of_frames_ascend():
    assert frame_numbers(np.array([0., 2., 5.]), 3, 'f').dtype == np.int64
    for value in ([0, 1.5, 2], [0, 2, 1], np.arange(FRAMES)):
        with pytest.raises(ValueError, match='^f '):
            frame_numbers(value, 3, 'f')
