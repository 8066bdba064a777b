import numpy as np
import pytest

from mmagenc.datasets.transforms import KthMode, MotionStream
from mmagenc.skeletons import SKELETONS, get_skeleton


def clip(num_joints=20, persons=2, frames=7, **fields):
    rng = np.random.default_rng(0)
    return dict(frame_dir='a', total_frames=frames, keypoint=rng.normal(size=(persons, frames, num_joints, 3)).astype(np.float32), **fields)


@pytest.mark.parametrize('name', SKELETONS)
def test_bones_of_every_skeleton(name):
    skeleton = get_skeleton(name)
    sample = clip(skeleton.num_joints, skeleton=name)
    position = sample['keypoint'].copy()
    bone = KthMode(1).transform(sample)['keypoint']
    assert bone.dtype == np.float32 and bone.shape == position.shape
    np.testing.assert_array_equal(bone[:, :, skeleton.root], position[:, :, skeleton.root])
    for joint, parent in skeleton.edges:
        np.testing.assert_allclose(bone[:, :, joint], position[:, :, joint] - position[:, :, parent], atol=1e-6)


def test_beyond_the_depth_positions_stay():
    sample = clip(skeleton='ucla20')
    position = sample['keypoint'].copy()
    np.testing.assert_array_equal(KthMode(8).transform(sample)['keypoint'], position)


def test_where_the_tree_comes_from():
    """The transform's parents before its skeleton before the clip's."""
    position = clip()['keypoint']
    expected = position - position[:, :, [19]]
    expected[:, :, 19] = position[:, :, 19]
    star = [19] * 19 + [-1]
    np.testing.assert_allclose(KthMode(1, parents=star).transform(clip(skeleton='ucla20'))['keypoint'], expected, atol=1e-6)
    own = KthMode(2).transform(clip(skeleton='ucla20'))['keypoint']
    np.testing.assert_array_equal(KthMode(2, skeleton='ucla20').transform(clip())['keypoint'], own)


@pytest.mark.parametrize('k', [1, 2, 3, 6, 7, 8])
def test_published_modes_of_nw_ucla_by_hand(k):
    """From each keypoint the sum of those k bones beyond it, seen from the shoulder centre, is taken; from k = 7 on there are none."""
    skeleton, sample = get_skeleton('ucla20'), clip(skeleton='ucla20')
    hops, centre = skeleton.distances(), skeleton.index('shoulder_center')
    position = sample['keypoint'].copy()
    mode = KthMode(k, skeleton='ucla20_infogcn').transform(sample)['keypoint']
    for joint in range(20):
        beyond = [other for other in range(20) if hops[other, joint] == k and hops[other, centre] == hops[joint, centre] + k]
        np.testing.assert_allclose(mode[:, :, joint], position[:, :, joint] - position[:, :, beyond].sum(axis=2), atol=1e-5)
        if k == 1 and joint == centre:
            assert [skeleton.joint_names[i] for i in beyond] == ['spine', 'head', 'left_shoulder', 'right_shoulder']
    assert np.array_equal(mode, position) == (k >= 7)


def test_refusals():
    with pytest.raises(ValueError, match='k of at least 1, got 0: I − P⁰ is zero, and so would be every clip'):
        KthMode(0)
    with pytest.raises(ValueError, match='got 0'):
        KthMode(0, skeleton='ucla20_infogcn')
    with pytest.raises(ValueError, match='unknown skeleton'):
        KthMode(1, skeleton='ucla')
    with pytest.raises(ValueError, match='needs to know the skeleton'):
        KthMode(1).transform(clip())
    with pytest.raises(ValueError, match='clip a: KthMode of 25 keypoints, but it has 20'):
        KthMode(1, skeleton='ntu25').transform(clip())


def test_motion_is_the_step_to_the_next_frame():
    sample = clip()
    position = sample['keypoint'].copy()
    motion = MotionStream().transform(sample)['keypoint']
    for frame in range(6):
        np.testing.assert_array_equal(motion[:, frame], position[:, frame + 1] - position[:, frame])
    assert not motion[:, 6].any()
    assert sample['total_frames'] == 7


def test_motion_and_modes_commute():
    one = MotionStream().transform(KthMode(2, skeleton='ucla20').transform(clip()))['keypoint']
    other = KthMode(2, skeleton='ucla20').transform(MotionStream().transform(clip()))['keypoint']
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_motion_of_one_frame():
    assert not MotionStream().transform(clip(frames=1))['keypoint'].any()
