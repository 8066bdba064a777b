import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tests.smpl_motion import path, pose, same_pose

from .reading import outcomes, pickled, recordings

TO_Z_UP = Rotation.from_matrix([[1., 0, 0], [0, 0, -1], [0, 1, 0]])


def content(frames=7, good=None, **changes):
    turns = pose(frames)
    root = (TO_Z_UP * Rotation.from_rotvec(turns[:, 0])).as_rotvec()
    smpl = {'poses_root': root, 'poses_body': turns[:, 1:].reshape(frames, 69), 'trans': TO_Z_UP.apply(path(frames)), 'betas': np.zeros(10)}
    return {'name': 'P0_09_outdoor_walk', 'n_frames': frames, 'good_frames_mask': np.ones(frames, bool) if good is None else good,
            'camera': {'intrinsics': np.eye(3)}, 'smpl': {**smpl, **changes}}


def test_the_person_in_the_world(tmp_path):
    found, = recordings(pickled(tmp_path / 'P0_09_data.pkl', content()), 'emdb')
    assert same_pose(found.pose[0], pose()) and np.allclose(found.transl[0], path()) and found.fps == 30 and found.subject == 'P0'


def test_frames_that_are_not_good_are_gaps(tmp_path):
    good = np.array([1, 1, 0, 1, 1, 1, 1], bool)
    found, = recordings(pickled(tmp_path / 'P0_09_data.pkl', content(good=good)), 'emdb')
    assert found.frame_ids.tolist() == [0, 1, 3, 4, 5, 6] and same_pose(found.pose[0], pose()[good])


@pytest.mark.parametrize('changes, words', [(dict(trans=np.zeros((3, 3))), 'trans must be'),
                                            (dict(poses_body=np.zeros((7, 63))), 'poses_body'),
                                            (dict(good=np.zeros(7, bool)), 'good_frames_mask')])
def test_what_is_refused(tmp_path, changes, words):
    with pytest.raises(ValueError, match=words):
        outcomes(pickled(tmp_path / 'a.pkl', content(**changes)), 'emdb')
