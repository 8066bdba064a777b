import numpy as np
import pytest

from tests.joblib_writer import joblib_bytes
from tests.smpl_motion import FRAMES, in_camera, matrices, pose, same_pose

from .reading import outcomes, recordings


def person(**changes):
    return {'pred_cam': np.zeros((FRAMES, 3)), 'orig_cam': np.ones((FRAMES, 4)), 'pose': in_camera(pose()).reshape(FRAMES, 72),
            'betas': np.zeros((FRAMES, 10)), 'bboxes': np.ones((FRAMES, 4)), 'frame_ids': np.arange(FRAMES), **changes}


def write(tmp_path, content):
    (tmp_path / 'vibe_output.pkl').write_bytes(joblib_bytes(content))
    return tmp_path / 'vibe_output.pkl'


@pytest.mark.parametrize('form', ['axis-angle', 'matrices'])
def test_the_cameras_axes_are_turned_upright_and_that_is_said(tmp_path, form):
    turns = in_camera(pose()) if form == 'axis-angle' else matrices(in_camera(pose()))
    found, = recordings(write(tmp_path, {1: person(pose=turns)}), 'vibe')
    assert same_pose(found.pose[0], pose()) and found.transl is None and found.up == 'y'
    assert 'y down' in found.notes[0] and 'stays in place' in found.notes[1]


def test_matrices_that_are_no_rotations_are_refused(tmp_path):
    turns = matrices(in_camera(pose()))
    turns[2, 4] *= 1.5
    said, = outcomes(write(tmp_path, {1: person(pose=turns)}), 'vibe')
    assert said == 'pose of person 1 holds a matrix that is no rotation (frame 2, joint 4)'
