import pickle

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from .reading import recordings


def content(frames=5):
    """Somebody who stands upright in a world whose z points up, walks along x, and bends the left knee in the last frame."""
    root = Rotation.from_euler('x', 90, degrees=True).as_matrix()
    body = np.tile(np.eye(3), (frames, 21, 1, 1))
    body[-1, 3] = Rotation.from_rotvec([np.pi / 3, 0, 0]).as_matrix()
    path = np.stack([np.arange(frames) / 10, np.zeros(frames), np.full(frames, .9)], axis=1)
    made = dict(global_orient=np.tile(root, (frames, 1, 1)), body_pose=body, transl=path, joints=np.zeros((frames, 22, 3)),
                betas=np.zeros((frames, 10)))
    return {**{key: torch.from_numpy(value).float() for key, value in made.items()}, 'texts': ['walk'], 'gender': 'male'}


def write(path, value):
    path.write_bytes(pickle.dumps(value))
    return path


@pytest.mark.parametrize('batch', [False, True])
def test_tensors_of_matrices_in_a_world_with_z_up(tmp_path, batch):
    made = {key: value[None] if batch and isinstance(value, torch.Tensor) else value for key, value in content().items()}
    found, = recordings(write(tmp_path / 'sample_0.pkl', made), 'dart')
    assert found.pose.shape == (1, 5, 24, 3) and (found.fps, found.up, found.label) == (30, 'y', None)
    assert np.allclose(found.pose[0, :, 0], 0, atol=1e-6) and np.allclose(found.pose[0, -1, 4], [np.pi / 3, 0, 0], atol=1e-6)
    assert np.allclose(found.transl[0, :, 1], .9) and np.allclose(found.transl[0, -1] - found.transl[0, 0], [.4, 0, 0], atol=1e-6)


@pytest.mark.parametrize('change, words', [
    (dict(body_pose=torch.zeros(5, 21, 3, 3)), 'body_pose'), (dict(transl=torch.zeros(4, 3)), 'transl must be numbers'),
    (dict(global_orient=torch.full((5, 3, 3), float('nan'))), 'global_orient holds NaN'),
])
def test_what_is_wrong_is_named(tmp_path, change, words):
    with pytest.raises(ValueError, match=words):
        recordings(write(tmp_path / 'a.pkl', {**content(), **change}), 'dart')
