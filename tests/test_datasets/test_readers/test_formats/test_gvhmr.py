"""GVHMR's results."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from mmagenc.datasets.readers.registry import all_readers, recognize
from mmagenc.datasets.readers.source import Source

from .reading import recordings


def content(frames=5):
    """Somebody who stands upright in a world whose y points up, walks along z, and bends the left knee in the last frame."""
    body = np.zeros((frames, 21, 3))
    body[-1, 3] = [np.pi / 3, 0, 0]
    path = np.stack([np.zeros(frames), np.full(frames, .9), np.arange(frames) / 10], axis=1)
    world = dict(body_pose=body.reshape(frames, 63), betas=np.zeros((frames, 10)), global_orient=np.zeros((frames, 3)), transl=path)
    camera = dict(world, global_orient=np.tile(Rotation.from_euler('x', 180, degrees=True).as_rotvec(), (frames, 1)))
    tensors = [{key: torch.from_numpy(value).float() for key, value in one.items()} for one in (world, camera)]
    return dict(smpl_params_global=tensors[0], smpl_params_incam=tensors[1], K_fullimg=torch.eye(3).repeat(frames, 1, 1),
                net_outputs=dict(pred_smpl_params_global=tensors[0], static_conf_logits=torch.zeros(1, frames, 6)))


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(value, path)
    return path


@pytest.mark.parametrize('name, called, label', [('walking/baby1/hmr4d_results.pt', 'walking/baby1', 'walking'),
                                                 ('baby1/hmr4d_results.pt', 'baby1', None), ('walking/mine.pt', 'walking/mine', None)])
def test_poses_in_the_world(tmp_path, name, called, label):
    found, = recordings(write(tmp_path / name, content()), 'gvhmr', root=tmp_path)
    assert (found.name, found.label, found.up, found.fps, found.pose.shape) == (called, label, 'y', None, (1, 5, 24, 3))
    assert np.allclose(found.pose[0, -1, 4], [np.pi / 3, 0, 0]) and not found.pose[0, :, 22:].any() and not found.pose[0, :, 0].any()
    np.testing.assert_allclose(found.transl[0], [[0, .9, index / 10] for index in range(5)], atol=1e-6)


def test_a_file_alone_has_its_folders_name(tmp_path):
    path = write(tmp_path / 'tennis/hmr4d_results.pt', content())
    assert recordings(path, 'gvhmr')[0].name == 'tennis'


def world(**changes):
    made = content()
    made['smpl_params_global'].update(changes)
    return made


@pytest.mark.parametrize('made, words', [
    (world(body_pose=torch.zeros(5, 69)), r'smpl_params_global: body_pose must be numbers \(T, 63\)'),
    (world(body_pose=torch.zeros(4, 63)), 'global_orient of 5 frames and body_pose of 4'),
    (world(transl=torch.zeros(4, 3)), r'transl must be numbers \(5, 3\)'),
    (world(global_orient=torch.full((5, 3), float('nan'))), r'global_orient holds NaN or infinity \(first at frame 0\)'),
    (dict(smpl_params_global=torch.zeros(3)), 'smpl_params_global must be a dict, got Tensor'),
    ([content()], 'expected a dict, as GVHMR writes it, got list'),
    (dict(world(), made_by=Path('a')), r'cannot be read as tensors in plain containers \(UnpicklingError\)'),
    (dict(smpl_params_global=dict(body_pose=torch.zeros(5, 63))), 'smpl_params_global has no global_orient, transl; it has body_pose'),
])
def test_what_is_wrong_is_named(tmp_path, made, words):
    with pytest.raises(ValueError, match=words):
        recordings(write(tmp_path / 'a.pt', made), 'gvhmr')


def test_damage_and_other_files_of_pytorch(tmp_path):
    path = write(tmp_path / 'weights.pt', dict(state_dict=dict(weight=torch.zeros(3))))
    assert recognize(Source(path), all_readers()) is None
    path = write(tmp_path / 'a.pt', content())
    whole = bytearray(path.read_bytes())
    place = whole.find(np.float32(.9).tobytes())
    whole[place] ^= 1
    path.write_bytes(whole)
    with pytest.raises(ValueError, match='the checksum of .* differs'):
        recordings(path, 'gvhmr')
    path.write_bytes(whole[:-200])
    assert recognize(Source(path), all_readers()) is None
