"""Which way a rest pose stands and which axis points up, on a person turned in all ways."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from mmagenc.body_models.orientation import AXES, find_up, rest_frame, upright
from mmagenc.skeletons import get_skeleton
from tests.bvh_writer import PERSON

SMPL = get_skeleton('smpl24')
STANDING = np.zeros((24, 3))
for joint, parent in enumerate(SMPL.parents):
    STANDING[joint] = PERSON[joint] / 100 + (STANDING[parent] if parent >= 0 else 0)
LYING = STANDING @ Rotation.from_euler('x', -90, degrees=True).as_matrix().T + [0, .1, .6]  # on the back, head towards -z


@pytest.mark.parametrize('up', AXES)
def test_upright_takes_the_axis_to_y_and_keeps_hands(up):
    turn = upright(up)
    assert (turn @ torch.tensor(AXES[up], dtype=torch.float64)).tolist() == [0, 1, 0]
    assert float(torch.linalg.det(turn)) == pytest.approx(1)
    with pytest.raises(ValueError, match='two different axes'):
        upright(up, up)


@pytest.mark.parametrize('seed', range(3))
def test_rest_frame_undoes_any_turn(seed):
    turn = Rotation.random(random_state=seed).as_matrix()
    frame, why = rest_frame(torch.tensor(STANDING @ turn.T))
    np.testing.assert_allclose(frame @ turn, np.eye(3), atol=1e-6)
    assert why == ''


def test_rest_frame_keeps_the_axes_of_a_file_where_the_person_leans_a_little():
    lean = Rotation.from_euler('x', 8, degrees=True).as_matrix()
    np.testing.assert_array_equal(rest_frame(torch.tensor(STANDING @ lean.T))[0], np.eye(3))


def test_what_is_no_rest_pose_is_said():
    sitting, along, behind = STANDING.copy(), np.cumsum(np.full((24, 3), [1., 0, 0]), axis=0), STANDING.copy()
    sitting[[4, 5]] = sitting[[1, 2]] + [0, 0, .4]
    behind[[10, 11]] = behind[[7, 8]] - [0, 0, .1]
    for pose, message in ((sitting, 'left thigh: 90 degrees'), (along, 'not left and right'), (behind, 'toes point backward')):
        frame, why = rest_frame(torch.tensor(pose))
        assert frame is None and message in why


@pytest.mark.parametrize('up', ['y', 'z', '-y', '-z'])
def test_who_stands_shows_what_points_up(up):
    walking = STANDING + np.linspace(0, 2, 10)[:, None, None] * [0, 0, 1]
    assert find_up(torch.tensor(walking) @ upright(up), 'y', 'guessed')[:2] == (up, 'feet and head')
    assert find_up(torch.tensor(walking) @ upright(up), up, 'guessed').doubt == ''


def test_who_lies_does_not_and_the_usual_axis_stays():
    for heading in (0, 1.5, 3):
        clip = torch.tensor(np.tile(LYING @ Rotation.from_rotvec([0, heading, 0]).as_matrix().T, (5, 1, 1)))
        found = find_up(clip, 'y', 'the rest pose')
        assert found.up == 'y' and found.doubt


def test_who_lies_on_the_floor_of_another_axis_is_not_taken_for_one_who_stands_in_the_air_without_a_word():
    """On the back in a world with y up, the head towards the axis that is thought to point up."""
    lying = torch.tensor(np.tile(LYING, (5, 1, 1)))
    found = find_up(lying, '-z', 'guessed')
    assert found.up == '-z' and found.doubt == 'a person who stands, if -z points up (guessed), or who lies on the floor, if y does'
    assert find_up(lying + torch.tensor([0., 3., 0.]), '-z', 'guessed').doubt == ''  # high above any floor
    assert find_up(lying - torch.tensor([0., 0., .6]), '-z', 'guessed').doubt == ''  # with the feet on one
    assert find_up(lying - lying[:, :1], '-z', 'guessed').doubt == ''  # the pelvis at the origin, which says nothing of a floor


def test_a_tilted_camera_is_said():
    tilt = Rotation.from_euler('x', 40, degrees=True).as_matrix()
    assert 'leans by 40 degrees' in find_up(torch.tensor((STANDING @ tilt.T)[None]), 'y', 'guessed').doubt
