import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mmagenc.datasets.transforms import MapJoints, PoseToRot6d, RootCenter
from tests.test_datasets.clips import make_clip

PUBLISHED = [0, 1, 4, 7, 2, 5, 8, 6, 9, 12, 15, 16, 18, 20, 17, 19, 21]


@pytest.mark.parametrize('dtype', [np.float32, np.float64])
def test_rot6d_is_the_first_two_rows(dtype):
    clip = make_clip(frames=5)
    pose = clip['pose'] = clip['pose'].astype(dtype)
    pose[0, 0, 0] = 0
    expected = Rotation.from_rotvec(pose.reshape(-1, 3)).as_matrix()[:, :2].reshape(1, 5, 24, 6)
    results = PoseToRot6d()(dict(clip, keypoint_score=np.ones((1, 5, 17))))
    assert results['keypoint'].dtype == np.float32 and results['skeleton'] == 'smpl24' and 'keypoint_score' not in results
    assert np.allclose(results['keypoint'], expected, atol=1e-5)
    assert results['pose'] is pose


def test_rot6d_without_the_bodys_orientation():
    """InfAGenC's smpl_noglobal: the other joints as they are, in a form that no layout's transforms take for their own."""
    clip = make_clip(frames=5)
    whole, rest = PoseToRot6d()(dict(clip)), PoseToRot6d(root=False)(dict(clip))
    assert rest['keypoint'].shape == (1, 5, 23, 6) and np.array_equal(rest['keypoint'], whole['keypoint'][:, :, 1:])
    assert rest['skeleton'] is None


def test_rot6d_of_a_clip_without_rotations():
    clip = make_clip('only_points')
    del clip['pose']
    with pytest.raises(ValueError, match='only_points: PoseToRot6d needs `pose`'):
        PoseToRot6d()(clip)


def test_root_centering_by_hand():
    keypoint = np.array([[[[1., 2, 3], [2, 4, 6]], [[5, 5, 5], [6, 6, 6]]]])
    assert RootCenter()(dict(keypoint=keypoint))['keypoint'].tolist() == [[[[0, 0, 0], [1, 2, 3]], [[0, 0, 0], [1, 1, 1]]]]
    assert RootCenter(joint=1)(dict(keypoint=keypoint))['keypoint'].tolist() == [[[[-1, -2, -3], [0, 0, 0]], [[-1, -1, -1], [0, 0, 0]]]]
    centered = RootCenter(per_frame=False)(dict(keypoint=keypoint))['keypoint']
    assert centered.tolist() == [[[[0, 0, 0], [1, 2, 3]], [[4, 3, 2], [5, 4, 3]]]]
    assert keypoint[0, 0, 0].tolist() == [1, 2, 3]


@pytest.mark.parametrize('joint', [17, -1])
def test_root_centering_on_a_joint_that_is_not_there(joint):
    with pytest.raises(ValueError, match=f'clip a: RootCenter\\(joint={joint}\\), but it has 17 keypoints'):
        RootCenter(joint=joint)(make_clip('a'))


def test_mapping_takes_the_published_joints_and_their_scores():
    clip = make_clip(joints=24, skeleton='smpl24', keypoint_score=np.arange(6 * 24.).reshape(1, 6, 24))
    results = MapJoints('infact17')(dict(clip))
    assert results['skeleton'] == 'infact17'
    for place, joint in enumerate(PUBLISHED):
        assert np.array_equal(results['keypoint'][:, :, place], clip['keypoint'][:, :, joint])
        assert np.array_equal(results['keypoint_score'][:, :, place], clip['keypoint_score'][:, :, joint])
    assert MapJoints('infact17')(dict(results))['keypoint'].shape == (1, 6, 17, 3)


def test_mappings_that_are_not_known():
    with pytest.raises(ValueError, match='no joint map from infact17 to smpl24'):
        MapJoints('smpl24')(make_clip(skeleton='infact17'))
    with pytest.raises(ValueError, match='clip a: MapJoints needs to know its skeleton'):
        MapJoints('infact17')(make_clip('a'))
