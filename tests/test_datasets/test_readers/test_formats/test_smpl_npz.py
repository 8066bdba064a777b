import numpy as np
import pytest

from tests.smpl_motion import FRAMES, path, pose, same_pose

from .reading import recordings


@pytest.mark.parametrize('up', ['y', None])
def test_poses_and_path(tmp_path, up):
    np.savez(tmp_path / 'a.npz', poses=pose().reshape(FRAMES, 72), trans=path(), mocap_framerate=np.array(60.))
    found, = recordings(tmp_path / 'a.npz', 'smpl_npz', up=up)
    assert same_pose(found.pose[0], pose()) == (up == 'y') and found.fps == 60 and found.up == 'y'
    assert np.allclose(found.transl[0, -1], [0, 0, 1] if up == 'y' else [0, 1, 0])
