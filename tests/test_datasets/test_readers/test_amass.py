"""AMASS-style files: which joints are taken, the change of axes against scipy, and what is refused."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp

from mmagenc.body_models.orientation import upright
from mmagenc.datasets.readers.amass import AmassError, convert_amass, read_amass
from tests.test_body_models.test_orientation import STANDING


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


def upright_person(frames=31, **changes):
    """Who stands in AMASS's world (z up) and walks a metre."""
    poses = np.zeros((frames, 24, 3))
    poses[:, 0, 0] = np.pi / 2
    poses[:, 4, 0] = np.linspace(0, 1, frames)
    trans = np.stack([np.zeros(frames), -np.linspace(0, 1, frames), np.full(frames, .9)], axis=1)
    return {**dict(poses=poses, trans=trans, fps=30.), **changes}


def parts(person, root, body, path):
    poses = person.pop('poses')
    return {root: poses[:, 0], body: poses[:, 1:22].reshape(len(poses), -1), path: person.pop('trans'), **person}


@pytest.mark.parametrize('content', [
    upright_person(), parts(upright_person(), 'root_orient', 'pose_body', 'trans'),
    parts(upright_person(), 'global_orient', 'body_pose', 'transl'), upright_person(fps=np.full(31, 30)),
    upright_person(fps=np.array(30., dtype=object)), upright_person(fps=np.array([30], dtype=object)),
    upright_person(poses=Rotation.from_rotvec(upright_person()['poses'].reshape(-1, 3)).as_matrix().reshape(31, 24, 3, 3)),
], ids=['three axes', 'root_orient', 'global_orient', 'rate a frame', 'rate object', 'rate list', 'matrices'])
def test_forms_of_the_arrays(tmp_path, content):
    np.savez(tmp_path / 'a.npz', **content)
    clip = read_amass(tmp_path / 'a.npz')
    np.testing.assert_allclose(clip.pose[:, 4], upright_person()['poses'][:, 4], atol=1e-6)
    np.testing.assert_allclose(clip.transl[-1], [0, .9, 1], atol=1e-9)
    assert clip.fps == 30 and np.abs(clip.pose[:, 0]).max() < 1e-6


@pytest.mark.parametrize('changes, message', [
    (dict(poses=np.degrees(upright_person()['poses'])), 'are they degrees'), (dict(fps=np.array([{}], dtype=object)), 'fps is stored as'),
    (dict(fps=np.linspace(20, 30, 31)), 'one positive number'), (dict(poses=np.ones((31, 24, 3, 3))), 'no rotations'),
])
def test_other_forms_are_refused(tmp_path, changes, message):
    np.savez(tmp_path / 'a.npz', **upright_person(**changes))
    with pytest.raises(AmassError, match=message):
        read_amass(tmp_path / 'a.npz')


@pytest.mark.parametrize('up', ['y', 'z', '-y', '-z'])
def test_the_axis_that_points_up_is_found_and_a_path_in_mm_refused(tmp_path, up):
    person = upright_person()
    turn = upright(up).numpy().T @ upright('z').numpy()
    person['poses'][:, 0] = (Rotation.from_matrix(turn) * Rotation.from_rotvec(person['poses'][:, 0])).as_rotvec()
    person['trans'] = person['trans'] @ turn.T
    np.savez(tmp_path / 'a.npz', **person)
    clip = convert_amass(tmp_path / 'a.npz', rest_joints=STANDING, fps=30.)
    assert f'up {up} ' in clip['assumed'].what and np.abs(clip['pose'][:, 0]).max() < 1e-6
    np.savez(tmp_path / 'b.npz', **dict(person, trans=person['trans'] * 1000))
    with pytest.raises(AmassError, match='1000 m/s.* not in metres'):
        convert_amass(tmp_path / 'b.npz', rest_joints=STANDING, fps=30.)
    named = convert_amass(tmp_path / 'b.npz', rest_joints=STANDING, fps=30., unit=.001)
    np.testing.assert_allclose(named['transl'], clip['transl'], atol=1e-6)


def test_rotations_one_behind_the_other_are_matrices(tmp_path):
    """``(T, 216)`` is 24 matrices, and not 72 joints of three numbers."""
    turns = np.random.default_rng(0).normal(scale=.5, size=(13, 24, 3))
    matrices = Rotation.from_rotvec(turns.reshape(-1, 3)).as_matrix()
    clip = read_amass(write(tmp_path, poses=matrices.reshape(13, -1))[0], up='y')
    np.testing.assert_allclose(clip.pose, turns, atol=1e-9)


@pytest.mark.parametrize('halves', [lambda matrices: matrices[:, :, :2], lambda matrices: matrices[:, :2]])
def test_six_numbers_a_rotation_are_refused(tmp_path, halves):
    matrices = Rotation.random(13 * 24, random_state=0).as_matrix()
    with pytest.raises(AmassError, match=r'poses is \(13, 144\) of six numbers a rotation; expected axis-angle'):
        read_amass(write(tmp_path, poses=halves(matrices).reshape(13, -1))[0])


@pytest.mark.parametrize('trans, doubtful', [
    (upright_person()['trans'], False), (upright_person()['trans'] * [0, 5, 100], True), (upright_person()['trans'] * 9, True),
], ids=['metres', 'slow centimetres', 'a fast path'])
def test_a_path_that_may_be_in_centimetres_is_doubtful(tmp_path, trans, doubtful):
    np.savez(tmp_path / 'a.npz', **upright_person(trans=trans))
    doubts = convert_amass(tmp_path / 'a.npz', rest_joints=STANDING, fps=30.)['doubts']
    assert ('is its path in metres?' in doubts.get('unit', '')) == doubtful


def without_root(person, joints):
    """Poses of ``joints`` joints behind the root."""
    return {**person, 'poses': np.concatenate([person['poses'][:, 1:], np.zeros((31, 54 - 23, 3))], axis=1)[:, :joints].reshape(31, -1)}


TURNS = Rotation.from_rotvec(upright_person()['poses'].reshape(-1, 3))


@pytest.mark.parametrize('content, message', [
    *((without_root(upright_person(), joints), r'poses is \(31, \d+\), which are the joints .* without the root')
      for joints in (23, 51, 54)),
    (dict(parts(upright_person(), 'global_orient', 'body_pose', 'transl'), body_pose=upright_person()['poses'].reshape(31, 72)),
     r'body_pose is \(31, 72\), which may hold the root that global_orient says'),
    (upright_person(global_orient=np.zeros((31, 3))), 'poses and global_orient say turns of the root that differ by up to 90 degrees'),
    (upright_person(root_orient=np.zeros((30, 3))), r'root_orient is \(30, 3\), expected \(31, 3\)'),
    (upright_person(poses=TURNS.as_quat().reshape(31, -1)), r'poses is \(31, 96\) of quaternions'),
    (upright_person(poses=-TURNS.as_matrix().reshape(31, 24, 3, 3)), 'no rotations'),
], ids=['SMPL', 'SMPL-H', 'SMPL-X', 'the root twice', 'two roots', 'two lengths', 'quaternions', 'mirrored'])
def test_arrays_that_would_be_taken_for_other_joints_are_refused(tmp_path, content, message):
    np.savez(tmp_path / 'a.npz', **content)
    with pytest.raises(AmassError, match=message) as error:
        read_amass(tmp_path / 'a.npz')
    assert 'a.npz' in str(error.value)


def test_poses_whose_parts_stand_beside_them_are_read(tmp_path):
    """As AMASS's stageii files have them."""
    person = upright_person()
    np.savez(tmp_path / 'a.npz', root_orient=person['poses'][:, 0], pose_body=person['poses'][:, 1:22].reshape(31, 63), **person)
    np.testing.assert_allclose(read_amass(tmp_path / 'a.npz').pose[:, 4], person['poses'][:, 4])


@pytest.mark.parametrize('rate, words', [(1 / 30, r'says 0.03333 .*seconds a frame \(30 frames a second\)\?; --source-fps'),
                                         (1e5, r'1e\+05 frames a second, which is no recording of motion; --source-fps')])
def test_a_rate_of_no_recording_is_refused(tmp_path, rate, words):
    np.savez(tmp_path / 'a.npz', **upright_person(fps=rate))
    with pytest.raises(AmassError, match=words):
        read_amass(tmp_path / 'a.npz')
    assert read_amass(tmp_path / 'a.npz', fps=30).fps == 30


def test_a_file_without_a_rate_names_the_option(tmp_path):
    with pytest.raises(AmassError, match='lacks mocap_framerate .*; --source-fps says the frames per second'):
        read_amass(write(tmp_path, mocap_framerate=None)[0])
