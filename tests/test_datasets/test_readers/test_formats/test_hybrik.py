import numpy as np
import pytest

from tests.smpl_motion import in_camera, matrices, pose, same_pose

from .reading import outcomes, pickled, recordings


def results(frames=7, joints=24, images=None, **changes):
    turns = np.zeros((frames, max(joints, 24), 3))
    turns[:, :24] = in_camera(pose(frames))
    if joints > 24:
        turns[:, 22:] = 0.3  # jaw, eyes and fingers
    return {'pred_thetas': [frame.reshape(-1).astype(np.float32) for frame in matrices(turns)], 'pred_uvd': [np.zeros((29, 3))] * frames,
            'transl': [np.ones(3)] * frames, 'img_path': images or [f'res/res_images/image-{frame + 1:06d}.jpg' for frame in range(frames)],
            **changes}


def test_matrices_in_the_cameras_axes(tmp_path):
    images = [f'image-{frame:06d}.jpg' for frame in (1, 2, 3, 5, 6, 7, 8)]
    found, = recordings(pickled(tmp_path / 'crawl/v1/res.pk', results(images=images)), 'hybrik', root=tmp_path)
    assert same_pose(found.pose[0], pose()) and found.transl is None and found.frame_ids.tolist() == [1, 2, 3, 5, 6, 7, 8]
    assert (found.name, found.label) == ('crawl/v1', 'crawl')


def test_of_smplx_the_body(tmp_path):
    found, = recordings(pickled(tmp_path / 'a.pkl', results(joints=55)), 'hybrik')
    wanted = pose()
    wanted[:, 22:] = 0
    assert found.name == 'a' and same_pose(found.pose[0], wanted)


def test_angles_are_refused(tmp_path):
    with pytest.raises(ValueError, match='a rotation matrix of each of 24 joints'):
        outcomes(pickled(tmp_path / 'a.pk', results(pred_thetas=[np.zeros(72)] * 7)), 'hybrik')
