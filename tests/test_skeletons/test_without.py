"""Layouts without some keypoints, by name."""

import pytest

from mmagenc.skeletons import Skeleton, get_skeleton
from mmagenc.skeletons.definition import skeleton_from_dict, skeleton_to_dict
from mmagenc.skeletons.without import name_of_seen, skeleton_without

TREE = Skeleton(name='tree', joint_names=('head', 'neck', 'left_hand', 'right_hand', 'hip', 'left_foot', 'right_foot'),
                parents=(1, 4, 1, 1, -1, 4, 4), pairs=(('left_hand', 'right_hand'), ('left_foot', 'right_foot')), center=1)


def test_what_hung_from_a_keypoint_hangs_from_what_that_hung_from():
    bare = skeleton_without(TREE, ['neck'])
    assert bare.name == 'tree without neck' and bare.joint_names == ('head', 'left_hand', 'right_hand', 'hip', 'left_foot', 'right_foot')
    assert bare.parents == (3, 3, 3, -1, 3, 3) and bare.pairs == TREE.pairs
    assert bare.center == 3  # the centre is gone: the root


def test_without_the_root_the_first_that_hung_from_it_is_one():
    bare = skeleton_without(TREE, ['hip', 'right_foot', 'left_foot'])
    assert bare.name == 'tree without hip, left_foot, right_foot'  # in the order of the layout, however it is asked for
    assert bare.joint_names == ('head', 'neck', 'left_hand', 'right_hand') and bare.parents == (1, -1, 1, 1)
    assert bare.pairs == (('left_hand', 'right_hand'), ) and bare.center == 1
    assert skeleton_without(TREE, ['hip', 'neck']).parents == (-1, 0, 0, 0, 0)


def test_by_name_with_and_without_commas_and_through_a_file():
    bare = get_skeleton('coco17 without right_ankle, left_ankle')
    assert bare is get_skeleton('coco17 without left_ankle right_ankle') and bare.name == 'coco17 without left_ankle, right_ankle'
    assert bare.num_joints == 15 and skeleton_from_dict(skeleton_to_dict(bare)) == bare


@pytest.mark.parametrize('name, says', [
    ('coco17 without left_ankl, right_ankle', 'coco17 has no keypoint left_ankl; it has nose, left_eye'),
    ('coco17 without left_ankle', 'left_ankle and right_ankle of coco17 are a pair, of which one could not be mirrored: leave out both'),
    ('coco18 without nose', "unknown skeleton 'coco18'"),
    ('sbu15 without ' + ' '.join(get_skeleton('sbu15').joint_names[:1] + get_skeleton('sbu15').joint_names[1:]), '0 keypoints are left')])
def test_what_is_refused(name, says):
    with pytest.raises(ValueError, match=says):
        get_skeleton(name)


def test_the_name_to_take_for_keypoints_that_are_never_seen():
    """One that is accepted: of a pair both go. None where little would be left."""
    coco = get_skeleton('coco17')
    assert name_of_seen(coco, [15]) == name_of_seen(coco, [16, 15]) == 'coco17 without left_ankle, right_ankle'
    assert get_skeleton(name_of_seen(coco, [0, 13])).joint_names[0] == 'left_eye'
    assert name_of_seen(coco, range(9, 17)) is not None and name_of_seen(coco, range(7, 17)) is None
