"""Files of motion are known by what is in them."""

import pickle

import numpy as np
import pytest
import torch

from mmagenc.body_models import InfantBody
from mmagenc.datasets import AnnotationError, save_annotation
from mmagenc.datasets.readers.amass import AmassError
from mmagenc.datasets.readers.any_file import read_any_annotation, read_any_motion


@pytest.fixture(scope='module')
def body():
    return InfantBody()


def test_an_amass_file_is_one_clip_of_one_class(body, tmp_path):
    (tmp_path / 'subject7').mkdir()
    path = tmp_path / 'subject7/walk.npz'
    poses = np.random.default_rng(0).normal(scale=0.2, size=(6, 72))
    np.savez(path, poses=poses, trans=np.arange(18.).reshape(6, 3), mocap_framerate=60.)
    annotation = read_any_motion(path, body)
    clip = annotation['annotations'][0]
    assert (clip['frame_dir'], clip['subject'], clip['total_frames']) == ('subject7_walk', 'subject7', 6)
    assert annotation['metainfo'] == dict(classes=['motion'], skeleton='smpl24', fps=60., up='y')
    joints = body.joints(torch.from_numpy(clip['pose']), transl=torch.from_numpy(clip['transl']))
    np.testing.assert_allclose(clip['keypoint'], joints.numpy(), atol=1e-6)
    np.testing.assert_allclose(np.diff(clip['transl'][0, :, 1]), 3, atol=1e-5)  # z of the file is up
    save_annotation(annotation, tmp_path / 'whole.npz')


def test_annotations_and_published_files_are_read_as_such(body, tmp_path):
    clip = dict(frame_dir='a', label=1, total_frames=4, keypoint=np.ones((1, 4, 17, 3), np.float32))
    save_annotation(dict(split={}, metainfo=dict(skeleton='infact17'), annotations=[clip]), tmp_path / 'a.npz')
    assert read_any_motion(tmp_path / 'a.npz', body)['annotations'][0]['frame_dir'] == 'a'
    published = [dict(frame_dir='b', pos_label=2, pose=np.zeros((1, 4, 24, 3)), keypoint=np.ones((1, 4, 17, 3)))]
    (tmp_path / 'primitive_train.pkl').write_bytes(pickle.dumps(published))
    found = read_any_annotation(tmp_path / 'primitive_train.pkl')
    assert found['annotations'][0]['label'] == 2 and found['split'] == {'train': ['b']}


def test_damaged_files_are_named(body, tmp_path):
    (tmp_path / 'a.npz').write_bytes(b'no archive')
    with pytest.raises(AnnotationError, match='a.npz'):
        read_any_motion(tmp_path / 'a.npz', body)
    np.savez(tmp_path / 'b.npz', poses=np.zeros((3, 72)))
    with pytest.raises(AmassError, match='b.npz: lacks trans'):
        read_any_motion(tmp_path / 'b.npz', body)
    with pytest.raises(FileNotFoundError, match='gone.npz'):
        read_any_motion(tmp_path / 'gone.npz', body)
