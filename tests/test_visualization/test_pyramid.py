import numpy as np
import pytest

from mmagenc.skeletons import SKELETONS, Skeleton
from mmagenc.skeletons.pyramid import automatic_pyramid
from mmagenc.visualization.pyramid import draw_pyramid, joint_places

SNAKE = Skeleton('snake', tuple('abcde'), (-1, 0, 1, 1, 0))


@pytest.mark.parametrize('name', SKELETONS)
def test_joints_stand_apart_and_mirrored(name):
    skeleton, places = SKELETONS[name], joint_places(SKELETONS[name])
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1) + 9 * np.eye(len(places))
    assert apart.min() > 0.4
    np.testing.assert_allclose(places[skeleton.flip_indices], places * (-1, 1))
    height = dict(zip(skeleton.joint_names, places[:, 1]))
    assert max(height, key=height.get).endswith(('head', 'eye'))
    assert min(height, key=height.get).endswith(('foot', 'ankle', 'toe', 'foot_index'))


def test_unknown_names_stand_as_a_tree():
    """a over b and e; b over its tips c and d."""
    assert joint_places(SNAKE).tolist() == [[1.25, 0], [0.5, -1.5], [0, -3], [1, -3], [2, -1.5]]


def test_side_by_side_and_coloured_by_side():
    picture = draw_pyramid('ucla20', height=300)
    assert picture.dtype == np.uint8 and picture.shape == (300, 744, 3)
    quarters = np.split(picture[60:], 4, axis=1)
    left = [(np.abs(quarter.astype(int) - (0, 114, 178)).sum(-1) < 30).sum() for quarter in quarters]
    assert left[0] > left[1] > left[2] > 0 and left[3] == 0


def test_kept_nodes_are_full_and_arrows_lead_to_the_others():
    picture = draw_pyramid(SNAKE, pyramid=automatic_pyramid(SNAKE, num_levels=2), height=300)
    left, right = np.split(picture[60:], 2, axis=1)
    full = [(np.abs(half.astype(int) - 80).sum(-1) < 30).sum() for half in (left, right)]
    arrows = [(np.abs(half.astype(int) - (0xcc, 0x8a, 0)).sum(-1) < 60).sum() for half in (left, right)]
    assert min(full) > 50 and arrows[0] > 20 and arrows[1] == 0


def test_a_pyramid_of_another_skeleton_is_refused():
    with pytest.raises(ValueError, match='the pyramid begins with 5 nodes, ucla20 has 20'):
        draw_pyramid('ucla20', pyramid=automatic_pyramid(SNAKE))
