import numpy as np
import pytest

from tests.smpl_motion import FRAMES, path, pose, same_pose

from .reading import pickled, recordings

NAME = 'gWA_sFM_cAll_d27_mWA5_ch20.pkl'


def dance(**changes):
    return {'smpl_poses': pose().reshape(FRAMES, 72), 'smpl_trans': path() * 93.5, 'smpl_scaling': np.array([93.5]), 'smpl_loss': 1.,
            **changes}


def test_the_path_is_divided_by_the_scaling(tmp_path):
    found, = recordings(pickled(tmp_path / NAME, dance()), 'aistpp')
    assert same_pose(found.pose[0], pose()) and np.allclose(found.transl[0], path())
    assert (found.fps, found.up, found.label, found.subject) == (60, 'y', 'waack', 'd27')


def test_another_name_says_no_genre(tmp_path):
    found, = recordings(pickled(tmp_path / 'mine.pkl', dance()), 'aistpp')
    assert found.label is None and found.subject is None


def test_keypoints_are_in_centimetres(tmp_path):
    points = np.full((FRAMES, 17, 3), 150.)
    points[2, 3] = np.nan
    found, = recordings(pickled(tmp_path / NAME, {'keypoints3d': points * 2, 'keypoints3d_optim': points}), 'aistpp')
    assert found.skeleton == 'coco17' and found.keypoint.shape == (1, FRAMES, 17, 3) and found.keypoint[0, 0, 0, 0] == 1.5
    assert np.isnan(found.keypoint[0, 2, 3]).all()
    turned, = recordings(tmp_path / NAME, 'aistpp', unit=1., up='-y')
    assert turned.keypoint[0, 0, 0].tolist() == [150, -150, -150] and turned.notes == ('turned from -y up to y up', )


@pytest.mark.parametrize('changes, words', [
    (dict(smpl_scaling=np.zeros(1)), 'smpl_scaling must be above 0'), (dict(smpl_trans=np.zeros((3, 3))), 'smpl_trans must be numbers'),
    (dict(smpl_poses=np.full((FRAMES, 72), 90.)), 'degrees'),
])
def test_what_is_wrong_is_named(tmp_path, changes, words):
    with pytest.raises(ValueError, match=words):
        recordings(pickled(tmp_path / NAME, dance(**changes)), 'aistpp')
