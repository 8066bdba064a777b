"""AMASS-style files: which joints are taken, the change of axes against scipy, and what is refused."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp

from mmagenc.datasets.readers.amass import AmassError, read_amass


def write(tmp_path, frames=13, width=156, rate=120., name='clip.npz', **changes):
    rng = np.random.default_rng(0)
    content = dict(poses=rng.normal(scale=.5, size=(frames, width)), trans=rng.normal(size=(frames, 3)), mocap_framerate=np.array(rate),
                   gender=np.array('neutral'), betas=np.zeros(16))
    content.update(changes)
    path = tmp_path / name
    np.savez(path, **{key: value for key, value in content.items() if value is not None})
    return path, content


@pytest.mark.parametrize('width, joints', [(72, 24), (66, 22), (156, 22), (165, 22)])
def test_joints_of_each_model(tmp_path, width, joints):
    path, content = write(tmp_path, width=width)
    clip = read_amass(path)
    expected = np.zeros((13, 24, 3))
    expected[:, :joints] = content['poses'][:, :3 * joints].reshape(13, joints, 3)
    np.testing.assert_allclose(clip.pose[:, 1:], expected[:, 1:])
    assert clip.fps == 120 and len(clip) == 13


def test_z_up_becomes_y_up(tmp_path):
    """A point fixed to the pelvis, in the file's world, lies where the new pose puts it, with z turned to y and y to -z."""
    path, content = write(tmp_path)
    clip, point = read_amass(path), np.array([.1, .2, .3])
    before = Rotation.from_rotvec(content['poses'][:, :3]).apply(point) + content['trans']
    after = Rotation.from_rotvec(clip.pose[:, 0]).apply(point) + clip.transl
    np.testing.assert_allclose(after, np.stack([before[:, 0], before[:, 2], -before[:, 1]], axis=1), atol=1e-12)


def test_y_up_stays(tmp_path):
    path, content = write(tmp_path)
    clip = read_amass(path, up='y')
    np.testing.assert_allclose(clip.pose[:, 0], content['poses'][:, :3])
    np.testing.assert_allclose(clip.transl, content['trans'])
    with pytest.raises(ValueError, match='up must be y, z, -y or -z'):
        read_amass(path, up='x')


def test_resample_equals_scipy(tmp_path):
    clip = read_amass(write(tmp_path)[0])
    resampled = clip.resample(50)
    time, old = np.arange(6) / 50, np.arange(13) / 120
    assert len(resampled) == 6 and resampled.fps == 50
    for joint in (0, 5, 21):
        expected = Slerp(old, Rotation.from_rotvec(clip.pose[:, joint]))(time)
        assert (expected.inv() * Rotation.from_rotvec(resampled.pose[:, joint])).magnitude().max() < 1e-9
    np.testing.assert_allclose(resampled.transl[:, 1], np.interp(time, old, clip.transl[:, 1]))
    assert clip.resample(120).pose is clip.pose


def test_other_name_of_the_rate(tmp_path):
    path, _ = write(tmp_path, mocap_framerate=None, mocap_frame_rate=np.array(60))
    assert read_amass(path).fps == 60


@pytest.mark.parametrize('changes, message', [
    (dict(poses=None), 'lacks poses'),
    (dict(mocap_framerate=None), 'lacks mocap_framerate or'),
    (dict(poses=np.zeros((13, 60))), r'poses is \(13, 60\)'),
    (dict(poses=np.zeros((0, 72))), r'poses is \(0, 72\)'),
    (dict(trans=np.zeros((12, 3))), r'trans is \(12, 3\)'),
    (dict(trans=np.full((13, 3), np.nan)), 'trans holds values that are not finite'),
    (dict(mocap_framerate=np.array(0)), 'one positive number'),
    (dict(poses=np.array([{}], dtype=object)), 'no readable .npz'),
])
def test_refuses_with_file_and_array(tmp_path, changes, message):
    path, _ = write(tmp_path, **changes)
    with pytest.raises(AmassError, match=message) as error:
        read_amass(path)
    assert str(path) in str(error.value)


def test_refuses_what_is_no_npz(tmp_path):
    path = tmp_path / 'clip.npz'
    path.write_bytes(b'PK\x03\x04 cut')
    with pytest.raises(AmassError, match='no readable .npz'):
        read_amass(path)
