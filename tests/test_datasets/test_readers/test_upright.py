import numpy as np
import pytest

from mmagenc.datasets.readers.upright import AXES, head_down, to_y_up, up_of_person, upright_by_stance
from mmagenc.skeletons import get_skeleton


@pytest.mark.parametrize('up', AXES)
def test_the_axis_is_found_and_turned_to_y(up):
    skeleton = get_skeleton('smpl24')
    points = np.zeros((4, 24, 3))
    points[:, skeleton.index('head')] = AXES[up]
    points[2, skeleton.index('head')] = np.nan
    assert up_of_person(points, skeleton) == up
    matrix = to_y_up(up)
    assert np.allclose(matrix @ AXES[up], [0, 1, 0]) and np.allclose(matrix @ matrix.T, np.eye(3))
    assert np.linalg.det(matrix) == pytest.approx(1)


def test_what_cannot_be_told_is_refused():
    with pytest.raises(ValueError, match='nowhere seen together'):
        up_of_person(np.full((2, 24, 3), np.nan), get_skeleton('smpl24'))
    with pytest.raises(ValueError, match='no head or no feet'):
        up_of_person(np.zeros((2, 3, 3)), get_skeleton(dict(name='three_points', joint_names=['a', 'b', 'c'], parents=[-1, 0, 1])))
    with pytest.raises(ValueError, match='up must be one of x, y, z'):
        to_y_up('w')


@pytest.mark.parametrize('toward, wanted', [((0, -1), False), ((.5, 1), True), ((1, .5), False), ((1, 0), False)])
def test_head_down_in_an_image(toward, wanted):
    """Not of somebody who lies, nor where it is so in some frames only."""
    skeleton = get_skeleton('coco17')
    points = np.full((10, 17, 2), 50.)
    points[:, skeleton.index('nose')] += toward
    points[:2, skeleton.index('nose')] = np.nan
    assert head_down(points, skeleton) == wanted
    points[2:5, skeleton.index('nose')] = [50, 49]
    assert not head_down(points, skeleton) and not head_down(points[:, :3], get_skeleton(
        dict(name='three_points', joint_names=['a', 'b', 'c'], parents=[-1, 0, 1])))


def test_upright_by_the_frames_in_which_the_person_stands():
    skeleton = get_skeleton('smpl24')
    points, stance = np.zeros((20, 24, 3)), np.array([0.1, 1.7, 0.5])
    points[:, skeleton.index('head')] = [0.3, 0.2, 1.]  # sits
    points[:5, skeleton.index('head')] = stance
    assert np.allclose(upright_by_stance(points, skeleton) @ stance, [0, np.linalg.norm(stance), 0])
