import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tests.smpl_motion import FRAMES, path, pose, same_pose

from .reading import recordings


@pytest.mark.parametrize('up', ['y', 'z', '-y'])
def test_poses_and_path_are_turned_to_y_up(tmp_path, up):
    turn = {'y': np.eye(3), 'z': np.array([[1., 0, 0], [0, 0, -1], [0, 1, 0]]), '-y': np.diag([1., -1, -1])}[up]
    turns = pose()
    turns[:, 0] = (Rotation.from_matrix(turn) * Rotation.from_rotvec(turns[:, 0])).as_rotvec()
    np.savez(tmp_path / 'a.npz', poses=turns.reshape(FRAMES, 72), trans=path() @ turn.T, mocap_framerate=np.array(30.))
    for told in (up, None):
        found, = recordings(tmp_path / 'a.npz', 'smpl_npz', up=told, path_scale=1.)
        assert same_pose(found.pose[0], pose()) and abs(found.fps - 30) < 1e-6 and found.up == 'y' and found.conversion
        assert np.allclose(found.transl[0, -1] - found.transl[0, 0], [0, 0, 1], atol=1e-4)
